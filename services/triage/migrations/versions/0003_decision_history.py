"""The decisions that others took the place of, who may see a report in review, and what tells incidents apart."""

from alembic import op

revision, down_revision, branch_labels, depends_on = "0003", "0002", None, None

TABLES = (
    """
    CREATE TABLE decision_history (
        report_id uuid NOT NULL, version integer NOT NULL, decided_at timestamptz NOT NULL, decided_by text NOT NULL,
        rule_set text NOT NULL, document json NOT NULL, PRIMARY KEY (report_id, version)
    )
    """,
    """
    ALTER TABLE decisions ADD COLUMN happened_at timestamptz, ADD COLUMN timed boolean NOT NULL DEFAULT true,
        ADD COLUMN themes text[] NOT NULL DEFAULT '{}', ADD COLUMN suspects text[],
        ADD COLUMN counted boolean NOT NULL DEFAULT true, ADD COLUMN visible_to text[] NOT NULL DEFAULT '{}'
    """,
    """
    UPDATE decisions SET
        happened_at = coalesce((document -> 'report' ->> 'occurred_at')::timestamptz,
            to_timestamp(document -> 'report' ->> 'occurred_month', 'YYYY-MM'), received_at),
        timed = document -> 'report' ->> 'occurred_month' IS NULL,
        themes = ARRAY(SELECT json_array_elements_text(document -> 'decision' -> 'themes')),
        counted = coalesce(document -> 'report' ->> 'kind', 'incident') <> 'intelligence',
        visible_to = array_remove(ARRAY(SELECT json_array_elements_text(document -> 'decision' -> 'joint_leads'))
            || ARRAY(SELECT json_array_elements_text(document -> 'decision' -> 'act_first'))
            || ARRAY(SELECT json_array_elements_text(document -> 'decision' -> 'panels'))
            || (document -> 'decision' ->> 'lead_agency'), NULL)
    """,
    "ALTER TABLE decisions ALTER COLUMN happened_at SET NOT NULL",
    "DROP INDEX decisions_at_place",
    "CREATE INDEX decisions_at_place ON decisions (cell, happened_at) WHERE cell IS NOT NULL AND counted",
)


def upgrade() -> None:
    """Make them. History is only ever added to."""
    for statement in TABLES:
        op.execute(statement)
    op.execute("GRANT SELECT, INSERT ON decision_history TO hub_triage")
