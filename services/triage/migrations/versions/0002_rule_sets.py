"""Versions of the rules; at most one of them decides."""

from alembic import op

from services.kernel.migrations import grant_tables

revision, down_revision, branch_labels, depends_on = "0002", "0001", None, None

TABLES = (
    """
    CREATE TABLE rule_sets (
        rule_set_id uuid PRIMARY KEY, number integer NOT NULL UNIQUE, status text NOT NULL, head json NOT NULL,
        documents json NOT NULL
    )
    """,
    "CREATE UNIQUE INDEX rule_sets_published ON rule_sets (status) WHERE status = 'published'",
)


def upgrade() -> None:
    """Make it."""
    for statement in TABLES:
        op.execute(statement)
    grant_tables("triage", ("rule_sets",))
