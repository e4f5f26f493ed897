"""Reports that wait a few seconds for their second reading: a row comes and goes."""

from alembic import op

from services.kernel.migrations import grant_tables

revision, down_revision, branch_labels, depends_on = "0005", "0004", None, None

TABLES = (
    """
    CREATE TABLE unread_reports (report_id uuid PRIMARY KEY, document json NOT NULL)
    WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000)
    """,
)


def upgrade() -> None:
    """Make it."""
    for statement in TABLES:
        op.execute(statement)
    grant_tables("triage", ("unread_reports",))
