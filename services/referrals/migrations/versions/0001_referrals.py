"""Referrals' first tables: cases with history, reports and match keys; referrals; who read what."""

from alembic import op

from services.kernel.migrations import create_kernel, grant_tables

revision, down_revision, branch_labels, depends_on = "0001", None, None, None

TABLES = (
    """
    CREATE TABLE cases (
        case_id uuid PRIMARY KEY, reference text NOT NULL UNIQUE, status text NOT NULL, lead_agency text NOT NULL,
        owner text, themes text[] NOT NULL, priority integer NOT NULL, due_at timestamptz,
        opened_at timestamptz NOT NULL, visible_to text[] NOT NULL, document json NOT NULL
    ) WITH (fillfactor = 70)
    """,
    "CREATE INDEX cases_newest ON cases (opened_at DESC, case_id DESC)",
    "CREATE INDEX cases_open ON cases (opened_at DESC, case_id DESC) WHERE status = 'open'",
    "CREATE INDEX cases_of_lead ON cases (lead_agency, opened_at DESC, case_id DESC)",
    """
    CREATE TABLE referrals (
        referral_id uuid PRIMARY KEY, reference text NOT NULL UNIQUE, case_id uuid NOT NULL REFERENCES cases,
        status text NOT NULL, document json NOT NULL
    ) WITH (fillfactor = 80)
    """,
    "CREATE INDEX referrals_of_case ON referrals (case_id, referral_id)",
    "CREATE TABLE case_reports (report_id uuid PRIMARY KEY, case_id uuid NOT NULL REFERENCES cases)",
    "CREATE INDEX case_reports_of_case ON case_reports (case_id)",
    "CREATE TABLE case_matches (key text PRIMARY KEY, case_id uuid NOT NULL, seen_at timestamptz NOT NULL)",
    """
    CREATE TABLE case_events (
        event_id uuid PRIMARY KEY, case_id uuid NOT NULL REFERENCES cases, sequence integer NOT NULL,
        type text NOT NULL, at timestamptz NOT NULL, document json NOT NULL, UNIQUE (case_id, sequence)
    )
    """,
    """
    CREATE TABLE case_reads (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, case_id uuid NOT NULL, reader text NOT NULL, agency text,
        at timestamptz NOT NULL
    )
    """,
)
SEEN = """
    visible_to && string_to_array(nullif(current_setting('hub.agencies', true), ''), ',')
    OR current_setting('hub.sees_all', true) = 'on'
"""
OF_SEEN_CASE = "EXISTS (SELECT 1 FROM cases c WHERE c.case_id = {table}.case_id)"
POLICIES = {"cases": SEEN, "referrals": OF_SEEN_CASE, "case_events": OF_SEEN_CASE}
WRITTEN = ("cases", "referrals", "case_reports", "case_matches", "case_events")


def upgrade() -> None:
    """Make them; a reader sees the cases of its agencies, and nothing when none is set."""
    create_kernel("referrals")
    for statement in TABLES:
        op.execute(statement)
    grant_tables("referrals", WRITTEN, readable=tuple(POLICIES))
    op.execute("GRANT SELECT, INSERT ON case_reads TO hub_referrals")
    op.execute("GRANT USAGE ON ALL SEQUENCES IN SCHEMA referrals TO hub_referrals")
    for table, rule in POLICIES.items():
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY {table}_service ON {table} TO hub_referrals USING (true) WITH CHECK (true)")
        seen = rule.format(table=table) if "{table}" in rule else rule
        op.execute(f"CREATE POLICY {table}_seen ON {table} FOR SELECT TO hub_referrals_reader USING ({seen})")
