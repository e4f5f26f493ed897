"""Notify's first tables: notifications, the reports that a case holds, and where partners' systems listen."""

from alembic import op

from services.kernel.migrations import create_kernel, grant_tables

revision, down_revision, branch_labels, depends_on = "0001", None, None, None

TABLES = (
    """
    CREATE TABLE notifications (
        id uuid PRIMARY KEY, about text NOT NULL, recipient text NOT NULL, channel text NOT NULL, status text NOT NULL,
        attempts integer NOT NULL, created_at timestamptz NOT NULL, document json NOT NULL
    ) WITH (fillfactor = 80)
    """,
    "CREATE INDEX notifications_newest ON notifications (created_at DESC, id DESC)",
    "CREATE INDEX notifications_about ON notifications (about, created_at DESC)",
    "CREATE TABLE case_links (case_id uuid PRIMARY KEY, document json NOT NULL)",
    "CREATE TABLE webhooks (partner text PRIMARY KEY, url text NOT NULL, secret text NOT NULL)",
)


def upgrade() -> None:
    """Make them."""
    create_kernel("notify")
    for statement in TABLES:
        op.execute(statement)
    grant_tables("notify", ("notifications", "case_links", "webhooks"), readable=("notifications",))
