"""A case knows to which panels and destinations it is on its way, or with, not only that it was referred there once."""

from alembic import op

revision, down_revision, branch_labels, depends_on = "0009", "0008", None, None


def upgrade() -> None:
    """Give each case its open referrals, and those that wait for a supervisor, with their panel or destination."""
    op.execute("""
        UPDATE cases c
        SET document = CAST(CAST(c.document AS jsonb) || jsonb_build_object(
            'under_way', coalesce(found.open, '{}'), 'awaiting', coalesce(found.awaiting, '{}')) AS json)
        FROM (
            SELECT case_id, jsonb_object_agg(referral_id, route) FILTER (WHERE status IN
                    ('sent', 'information-requested', 'accepted', 'scheduled', 'discussed', 'in-progress')) AS open,
                jsonb_object_agg(referral_id, route) FILTER (WHERE status = 'awaiting-approval') AS awaiting
            FROM (
                SELECT case_id, referral_id, status,
                    coalesce(document->'state'->>'panel', document->'state'->>'destination') AS route
                FROM referrals
            ) AS each
            GROUP BY case_id
        ) AS found
        WHERE found.case_id = c.case_id
    """)
