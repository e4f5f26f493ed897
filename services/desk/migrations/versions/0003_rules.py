"""Desk's record of which rules came into force when: no personal data, readable by every reading session."""

from alembic import op

from services.kernel.migrations import grant_tables

revision, down_revision, branch_labels, depends_on = "0003", "0002", None, None


def upgrade() -> None:
    """Make it."""
    op.execute("""
        CREATE TABLE model_rules (
            event_id uuid PRIMARY KEY, number integer NOT NULL, published_at timestamptz NOT NULL,
            document json NOT NULL
        )
    """)
    grant_tables("desk", ("model_rules",), readable=("model_rules",))
