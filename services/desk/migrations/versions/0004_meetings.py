"""Panels' meetings in the read model: that something was minuted, never what."""

from alembic import op

from services.kernel.migrations import grant_tables

revision, down_revision, branch_labels, depends_on = "0004", "0003", None, None

SEEN = """
    visible_to && string_to_array(nullif(current_setting('hub.agencies', true), ''), ',')
    OR current_setting('hub.sees_all', true) = 'on'
"""


def upgrade() -> None:
    """Make it; a reader sees the meetings of her panels."""
    op.execute("""
        CREATE TABLE model_meetings (
            meeting_id text PRIMARY KEY, panel text NOT NULL, at timestamptz NOT NULL, status text NOT NULL,
            version integer NOT NULL, visible_to text[] NOT NULL, state json NOT NULL
        ) WITH (fillfactor = 80)
    """)
    op.execute("CREATE INDEX model_meetings_panel ON model_meetings (panel, at DESC)")
    grant_tables("desk", ("model_meetings",), readable=("model_meetings",))
    op.execute("ALTER TABLE model_meetings ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE model_meetings FORCE ROW LEVEL SECURITY")
    op.execute("CREATE POLICY model_meetings_service ON model_meetings TO hub_desk USING (true) WITH CHECK (true)")
    op.execute(f"CREATE POLICY model_meetings_seen ON model_meetings FOR SELECT TO hub_desk_reader USING ({SEEN})")
