"""Shadow runs: what a version would have decided, and how far the replay is."""

from alembic import op

from services.kernel.migrations import grant_tables

revision, down_revision, branch_labels, depends_on = "0004", "0003", None, None

TABLES = (
    """
    CREATE TABLE shadow_runs (
        run_id uuid PRIMARY KEY, number integer NOT NULL, asked_at timestamptz NOT NULL, document json NOT NULL
    ) WITH (fillfactor = 50)
    """,
    "CREATE INDEX shadow_runs_of ON shadow_runs (number, asked_at DESC)",
    "CREATE INDEX decisions_received ON decisions (received_at, report_id)",
)


def upgrade() -> None:
    """Make it."""
    for statement in TABLES:
        op.execute(statement)
    grant_tables("triage", ("shadow_runs",))
