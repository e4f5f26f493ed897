"""Panels' meetings: agenda items, attendance, decisions and actions; what is minuted is only ever added to."""

from alembic import op

from services.kernel.migrations import grant_tables

revision, down_revision, branch_labels, depends_on = "0005", "0004", None, None

STATEMENTS = (
    """
    CREATE TABLE meetings (
        meeting_id text PRIMARY KEY, panel text NOT NULL, at timestamptz NOT NULL, status text NOT NULL,
        visible_to text[] NOT NULL, document json NOT NULL
    ) WITH (fillfactor = 80)
    """,
    "CREATE INDEX meetings_of_panel ON meetings (panel, at DESC)",
    """
    CREATE TABLE meeting_attendance (
        meeting_id text NOT NULL REFERENCES meetings, agency text NOT NULL, status text NOT NULL, person text,
        PRIMARY KEY (meeting_id, agency)
    )
    """,
    """
    CREATE TABLE meeting_decisions (
        decision_id uuid PRIMARY KEY, meeting_id text NOT NULL REFERENCES meetings,
        case_id uuid NOT NULL REFERENCES cases, referral_id uuid NOT NULL REFERENCES referrals, at timestamptz NOT NULL,
        document json NOT NULL
    )
    """,
    "CREATE INDEX meeting_decisions_of_meeting ON meeting_decisions (meeting_id, at)",
    """
    CREATE TABLE meeting_actions (
        action_id uuid PRIMARY KEY, meeting_id text NOT NULL REFERENCES meetings,
        case_id uuid NOT NULL REFERENCES cases, at timestamptz NOT NULL, document json NOT NULL
    )
    """,
    "CREATE INDEX meeting_actions_of_meeting ON meeting_actions (meeting_id, at)",
    """
    CREATE TABLE meeting_agenda_items (
        item_id uuid PRIMARY KEY, meeting_id text NOT NULL REFERENCES meetings,
        case_id uuid NOT NULL REFERENCES cases, referral_id uuid NOT NULL REFERENCES referrals, reached boolean NOT NULL
    )
    """,
    "CREATE INDEX meeting_agenda_items_of_meeting ON meeting_agenda_items (meeting_id)",
    "CREATE INDEX referrals_of_panel ON referrals ((document->'state'->>'panel'), status)",
)
SEEN = """
    visible_to && string_to_array(nullif(current_setting('hub.agencies', true), ''), ',')
    OR current_setting('hub.sees_all', true) = 'on'
"""
OF_MEETING = "EXISTS (SELECT 1 FROM meetings m WHERE m.meeting_id = {table}.meeting_id)"
OF_SEEN_CASE = "EXISTS (SELECT 1 FROM cases c WHERE c.case_id = {table}.case_id)"
OF_BOTH = f"{OF_MEETING} AND {OF_SEEN_CASE}"
POLICIES = {
    "meetings": SEEN,
    "meeting_attendance": OF_MEETING,
    "meeting_decisions": OF_BOTH,
    "meeting_actions": OF_BOTH,
    "meeting_agenda_items": OF_BOTH,
}
ADDED_TO = ("meeting_decisions", "meeting_actions", "meeting_agenda_items")


def upgrade() -> None:
    """Make them; a reader sees her panels' meetings, and of what was minuted only what concerns cases that she sees."""
    for statement in STATEMENTS:
        op.execute(statement)
    grant_tables("referrals", tuple(POLICIES), readable=tuple(POLICIES))
    op.execute(f"REVOKE UPDATE, DELETE ON {', '.join(ADDED_TO)} FROM hub_referrals")
    for table, rule in POLICIES.items():
        seen = rule.format(table=table)
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY {table}_service ON {table} TO hub_referrals USING (true) WITH CHECK (true)")
        op.execute(f"CREATE POLICY {table}_seen ON {table} FOR SELECT TO hub_referrals_reader USING ({seen})")
