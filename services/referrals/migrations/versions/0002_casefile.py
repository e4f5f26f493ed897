"""What hangs on a case: reports with the event that brought each, people, tasks, proposals; many cases a mark."""

from alembic import op

from services.kernel.migrations import grant_tables

revision, down_revision, branch_labels, depends_on = "0002", "0001", None, None

STATEMENTS = (
    "ALTER TABLE case_matches DROP CONSTRAINT case_matches_pkey, ADD PRIMARY KEY (key, case_id)",
    "ALTER TABLE case_reports ADD COLUMN reference text, ADD COLUMN event_id uuid",
    """
    UPDATE case_reports r SET reference = e.document->'report'->>'reference', event_id = e.event_id FROM case_events e
    WHERE e.case_id = r.case_id AND e.type IN ('CaseOpened', 'ReportJoined')
      AND e.document->'report'->>'report_id' = r.report_id::text
    """,
    """
    CREATE TABLE case_people (
        person_id uuid PRIMARY KEY, case_id uuid NOT NULL REFERENCES cases, role text NOT NULL, safe text NOT NULL,
        document json NOT NULL
    )
    """,
    "CREATE INDEX case_people_of_case ON case_people (case_id, person_id)",
    """
    CREATE TABLE case_tasks (
        task_id uuid PRIMARY KEY, case_id uuid NOT NULL REFERENCES cases, status text NOT NULL, due_at timestamptz,
        entitlement text, document json NOT NULL
    ) WITH (fillfactor = 80)
    """,
    "CREATE INDEX case_tasks_of_case ON case_tasks (case_id, status, due_at)",
    "CREATE UNIQUE INDEX case_tasks_entitlement ON case_tasks (case_id, entitlement) WHERE entitlement IS NOT NULL",
    """
    CREATE TABLE case_proposals (
        proposal_id uuid PRIMARY KEY, case_id uuid NOT NULL REFERENCES cases,
        other_case_id uuid NOT NULL REFERENCES cases, status text NOT NULL, document json NOT NULL
    )
    """,
    "CREATE INDEX case_proposals_of_case ON case_proposals (case_id)",
    "CREATE INDEX case_proposals_of_other ON case_proposals (other_case_id)",
)
OF_SEEN_CASE = "EXISTS (SELECT 1 FROM cases c WHERE c.case_id = {table}.case_id)"
OF_OTHER = "EXISTS (SELECT 1 FROM cases c WHERE c.case_id = {table}.other_case_id)"
POLICIES = {"case_people": OF_SEEN_CASE, "case_tasks": OF_SEEN_CASE, "case_proposals": f"{OF_SEEN_CASE} AND {OF_OTHER}"}
NEWLY_READ = {"case_reports": OF_SEEN_CASE}


def upgrade() -> None:
    """Make them; a reader sees what hangs on the cases that she sees, and a proposal only when she sees both."""
    for statement in STATEMENTS:
        op.execute(statement)
    grant_tables("referrals", tuple(POLICIES), readable=(*POLICIES, *NEWLY_READ))
    for table, rule in (POLICIES | NEWLY_READ).items():
        seen = rule.format(table=table)
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY {table}_service ON {table} TO hub_referrals USING (true) WITH CHECK (true)")
        op.execute(f"CREATE POLICY {table}_seen ON {table} FOR SELECT TO hub_referrals_reader USING ({seen})")
