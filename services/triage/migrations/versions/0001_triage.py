"""Triage's first table: the current decision on each report, with its inputs."""

from alembic import op

from services.kernel.migrations import create_kernel, grant_tables

revision, down_revision, branch_labels, depends_on = "0001", None, None, None

TABLES = (
    """
    CREATE TABLE decisions (
        report_id uuid PRIMARY KEY, reference text NOT NULL UNIQUE, received_at timestamptz NOT NULL,
        historic boolean NOT NULL, cell text, victims text[], disposition text NOT NULL, in_review boolean NOT NULL,
        version integer NOT NULL, document json NOT NULL
    ) WITH (fillfactor = 80)
    """,
    "CREATE INDEX decisions_in_review ON decisions (received_at, report_id) WHERE in_review",
    "CREATE INDEX decisions_at_place ON decisions (cell, received_at) WHERE NOT historic",
    "CREATE INDEX decisions_of_victim ON decisions USING gin (victims) WHERE victims IS NOT NULL",
)


def upgrade() -> None:
    """Make it."""
    create_kernel("triage")
    for statement in TABLES:
        op.execute(statement)
    grant_tables("triage", ("decisions",))
