"""A case's report stands as its last correction has it, not as it first came: merges and splits go by that."""

from alembic import op

revision, down_revision, branch_labels, depends_on = "0008", "0007", None, None


def upgrade() -> None:
    """Point each report at the last event of its case that says how it stands."""
    op.execute("""
        UPDATE case_reports r SET event_id = last.event_id
        FROM (
            SELECT DISTINCT ON (case_id, document->'report'->>'report_id')
                case_id, CAST(document->'report'->>'report_id' AS uuid) AS report_id, event_id
            FROM case_events WHERE type IN ('CaseOpened', 'ReportJoined', 'ReportMoved', 'ReportCorrected')
            ORDER BY case_id, document->'report'->>'report_id', sequence DESC
        ) AS last
        WHERE last.case_id = r.case_id AND last.report_id = r.report_id AND r.event_id IS NOT NULL
    """)
