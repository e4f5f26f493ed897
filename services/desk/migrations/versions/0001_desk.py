"""Desk's first tables: the read model, and its own sessions, drafts and read audit."""

from alembic import op

from services.kernel.migrations import create_kernel, grant_tables

revision, down_revision, branch_labels, depends_on = "0001", None, None, None

TABLES = (
    """
    CREATE TABLE model_reports (
        report_id uuid PRIMARY KEY, reference text NOT NULL UNIQUE, partner text, source_id text NOT NULL,
        channel text NOT NULL, received_at timestamptz NOT NULL, revision integer NOT NULL, historic boolean NOT NULL,
        street text, withdrawn boolean NOT NULL, trace_id text, facts json NOT NULL, personal json NOT NULL
    ) WITH (fillfactor = 90)
    """,
    "CREATE INDEX model_reports_source ON model_reports (source_id)",
    """
    CREATE TABLE model_decisions (
        report_id uuid PRIMARY KEY, reference text NOT NULL, decided_at timestamptz NOT NULL,
        received_at timestamptz NOT NULL, in_review boolean NOT NULL, historic boolean NOT NULL,
        visible_to text[] NOT NULL, decision json NOT NULL, because json NOT NULL
    )
    """,
    "CREATE INDEX model_decisions_review ON model_decisions (received_at, report_id) WHERE in_review",
    "CREATE INDEX model_decisions_live ON model_decisions (report_id) WHERE NOT historic",
    """
    CREATE TABLE model_cases (
        case_id uuid PRIMARY KEY, reference text NOT NULL UNIQUE, status text NOT NULL, lead_agency text, owner text,
        themes text[] NOT NULL, risk text NOT NULL, priority integer NOT NULL, due_at timestamptz NOT NULL,
        opened_at timestamptz NOT NULL, danger boolean NOT NULL, waiting boolean NOT NULL, street text,
        sequence integer NOT NULL, version integer NOT NULL, visible_to text[] NOT NULL,
        changed_at timestamptz NOT NULL, state json NOT NULL
    ) WITH (fillfactor = 70)
    """,
    "CREATE INDEX model_cases_due ON model_cases (due_at, case_id) WHERE status = 'open'",
    "CREATE INDEX model_cases_owner ON model_cases (owner, due_at, case_id) WHERE status = 'open'",
    "CREATE INDEX model_cases_danger ON model_cases (opened_at) WHERE status = 'open' AND danger",
    "CREATE INDEX model_cases_changed ON model_cases (changed_at)",
    "CREATE INDEX model_cases_street ON model_cases (lower(street))",
    """
    CREATE TABLE model_events (
        event_id uuid PRIMARY KEY, case_id uuid NOT NULL, sequence integer NOT NULL, type text NOT NULL,
        at timestamptz NOT NULL, report_id uuid, trace_id text, document json NOT NULL
    )
    """,
    "CREATE INDEX model_events_case ON model_events (case_id, sequence DESC)",
    "CREATE INDEX model_events_report ON model_events (report_id) WHERE report_id IS NOT NULL",
    """
    CREATE TABLE model_referrals (
        referral_id uuid PRIMARY KEY, reference text NOT NULL UNIQUE, case_id uuid NOT NULL, panel text NOT NULL,
        status text NOT NULL, due_at timestamptz, sequence integer NOT NULL, state json NOT NULL
    ) WITH (fillfactor = 80)
    """,
    "CREATE INDEX model_referrals_case ON model_referrals (case_id, sequence DESC)",
    "CREATE INDEX model_referrals_panel ON model_referrals (panel, due_at, referral_id)",
    """
    CREATE TABLE model_notifications (
        notification_id uuid PRIMARY KEY, about text NOT NULL, case_id uuid, at timestamptz NOT NULL,
        status text NOT NULL, reason text, state json NOT NULL
    )
    """,
    "CREATE INDEX model_notifications_case ON model_notifications (case_id, at DESC) WHERE case_id IS NOT NULL",
    """
    CREATE TABLE sessions (
        token_hash bytea PRIMARY KEY, person text NOT NULL, csrf text NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(), revoked_at timestamptz
    )
    """,
    """
    CREATE TABLE drafts (
        person text NOT NULL, case_id uuid NOT NULL, words text NOT NULL, kept_at timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (person, case_id)
    )
    """,
    """
    CREATE TABLE read_audit (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, subject text NOT NULL, reader text NOT NULL, agency text,
        at timestamptz NOT NULL
    )
    """,
)
ALL = "current_setting('hub.sees_all', true) = 'on'"
NAMED = "visible_to && string_to_array(nullif(current_setting('hub.agencies', true), ''), ',')"
OF_CASE = "EXISTS (SELECT 1 FROM model_cases c WHERE c.case_id = {table}.case_id)"
IN_CASE = "EXISTS (SELECT FROM model_events e JOIN model_cases c USING (case_id) WHERE e.report_id = {table}.report_id)"
OF_REPORT = "{all} OR EXISTS (SELECT 1 FROM model_decisions d WHERE d.report_id = {table}.report_id)"
POLICIES = {
    "model_cases": f"{NAMED} OR {ALL}",
    "model_decisions": f"{NAMED} OR {ALL} OR {IN_CASE}",
    "model_events": OF_CASE,
    "model_referrals": OF_CASE,
    "model_notifications": OF_CASE,
    "model_reports": OF_REPORT,
}


def upgrade() -> None:
    """Make them; a reader sees what its agencies may see, and nothing when none is set."""
    create_kernel("desk")
    for statement in TABLES:
        op.execute(statement)
    grant_tables("desk", (*POLICIES, "sessions", "drafts"), readable=tuple(POLICIES))
    op.execute("GRANT SELECT, INSERT ON read_audit TO hub_desk")
    op.execute("GRANT USAGE ON ALL SEQUENCES IN SCHEMA desk TO hub_desk")
    for table, rule in POLICIES.items():
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY {table}_service ON {table} TO hub_desk USING (true) WITH CHECK (true)")
        seen = rule.format(table=table, all=ALL)
        op.execute(f"CREATE POLICY {table}_seen ON {table} FOR SELECT TO hub_desk_reader USING ({seen})")
