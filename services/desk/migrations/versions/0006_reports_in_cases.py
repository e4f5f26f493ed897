"""A report is seen by who sees the case that it is in, wherever that is now; intelligence by its own decision alone."""

from alembic import op

revision, down_revision, branch_labels, depends_on = "0006", "0005", None, None

KINDS = (
    "ALTER TABLE model_decisions ADD COLUMN intelligence boolean NOT NULL DEFAULT false",
    "ALTER TABLE model_decisions NO FORCE ROW LEVEL SECURITY",
    "ALTER TABLE model_reports NO FORCE ROW LEVEL SECURITY",
    """
    UPDATE model_decisions d SET intelligence = true FROM model_reports r
    WHERE r.report_id = d.report_id AND r.facts ->> 'kind' = 'intelligence'
    """,
    "ALTER TABLE model_decisions FORCE ROW LEVEL SECURITY",
    "ALTER TABLE model_reports FORCE ROW LEVEL SECURITY",
)
CASE_OF = (
    # Who cannot see the case that a report went to must still not see it where it was: this looks past the policies.
    "CREATE POLICY model_events_owner ON model_events FOR SELECT TO hub_desk_owner USING (true)",
    """
    CREATE FUNCTION case_of(report uuid) RETURNS uuid LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT
    AS $$
        SELECT e.case_id FROM model_events e
        WHERE e.report_id = report AND e.type IN ('CaseOpened', 'ReportJoined', 'ReportMoved')
        ORDER BY e.at DESC, e.sequence DESC LIMIT 1
    $$
    """,
    "REVOKE EXECUTE ON FUNCTION case_of(uuid) FROM PUBLIC",
    "GRANT EXECUTE ON FUNCTION case_of(uuid) TO hub_desk_reader",
)
SEEN = """
    current_setting('hub.sees_all', true) = 'on'
    OR (
        visible_to && string_to_array(nullif(current_setting('hub.agencies', true), ''), ',')
        AND (intelligence OR in_review OR case_of(report_id) IS NULL)
    )
    OR (NOT intelligence AND EXISTS (SELECT FROM model_cases c WHERE c.case_id = case_of(model_decisions.report_id)))
"""


def upgrade() -> None:
    """Add the kind to decisions, and let the latest event that brought a report say who sees it."""
    for statement in (*KINDS, *CASE_OF):
        op.execute(statement)
    op.execute("DROP POLICY model_decisions_seen ON model_decisions")
    op.execute(f"CREATE POLICY model_decisions_seen ON model_decisions FOR SELECT TO hub_desk_reader USING ({SEEN})")
