"""History of corrected reports, the outcomes of crimes, and a kept count of each batch's decisions."""

from alembic import op

from services.kernel.migrations import grant_tables

revision, down_revision, branch_labels, depends_on = "0003", "0002", None, None

STATEMENTS = (
    """
    CREATE TABLE report_revisions (
        source_key text NOT NULL, revision integer NOT NULL, replaced_at timestamptz NOT NULL, document json NOT NULL,
        PRIMARY KEY (source_key, revision)
    )
    """,
    "CREATE TABLE crimes (crime_key text PRIMARY KEY, document json NOT NULL) WITH (fillfactor = 80)",
    """
    INSERT INTO tallies (name, value)
    SELECT 'decided/' || batch, count(*) FROM reports WHERE batch IS NOT NULL AND status <> 'received' GROUP BY batch
    ON CONFLICT (name) DO NOTHING
    """,
    "DROP INDEX reports_of_batch",
    "CREATE INDEX batches_receiving ON batches (created_at) WHERE status = 'receiving'",
)


def upgrade() -> None:
    """Make them."""
    for statement in STATEMENTS:
        op.execute(statement)
    grant_tables("intake", ("report_revisions", "crimes"), readable=())
