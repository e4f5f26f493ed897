"""What each person has read of a case, and whose page of it is open just now."""

from alembic import op

from services.kernel.migrations import grant_tables

revision, down_revision, branch_labels, depends_on = "0002", "0001", None, None

TABLES = (
    """
    CREATE TABLE read_marks (
        person text NOT NULL, case_id uuid NOT NULL, sequence integer NOT NULL, PRIMARY KEY (person, case_id)
    )
    """,
    """
    CREATE TABLE open_pages (
        person text NOT NULL, case_id uuid NOT NULL, seen_at timestamptz NOT NULL, PRIMARY KEY (case_id, person)
    )
    """,
)


def upgrade() -> None:
    """Make them; only desk itself reads them."""
    for statement in TABLES:
        op.execute(statement)
    grant_tables("desk", ("read_marks", "open_pages"))
    op.execute("CREATE INDEX read_audit_subject ON read_audit (subject, id DESC)")
