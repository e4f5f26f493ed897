"""What people answered in review of a report, and took back: seen by who may see the report."""

from alembic import op

from services.kernel.migrations import grant_tables

revision, down_revision, branch_labels, depends_on = "0005", "0004", None, None

SEEN = """
    current_setting('hub.sees_all', true) = 'on'
    OR EXISTS (SELECT 1 FROM model_decisions d WHERE d.report_id = model_answers.report_id)
"""


def upgrade() -> None:
    """Make it. It holds answers from now on; those from before stay on the review's page, which asks triage."""
    op.execute("""
        CREATE TABLE model_answers (
            report_id uuid NOT NULL, version integer NOT NULL, at timestamptz NOT NULL, document json NOT NULL,
            PRIMARY KEY (report_id, version)
        )
    """)
    grant_tables("desk", ("model_answers",), readable=("model_answers",))
    op.execute("ALTER TABLE model_answers ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE model_answers FORCE ROW LEVEL SECURITY")
    op.execute("CREATE POLICY model_answers_service ON model_answers TO hub_desk USING (true) WITH CHECK (true)")
    op.execute(f"CREATE POLICY model_answers_seen ON model_answers FOR SELECT TO hub_desk_reader USING ({SEEN})")
