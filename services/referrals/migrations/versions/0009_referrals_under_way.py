"""A case knows to which panels and destinations it is on its way, or with, not only that it was referred there once."""

from alembic import op

revision, down_revision, branch_labels, depends_on = "0009", "0008", None, None


def upgrade() -> None:
    """Give each case its open referrals with their panel or destination, by the referral's id."""
    op.execute("""
        UPDATE cases c
        SET document = CAST(CAST(c.document AS jsonb) || jsonb_build_object('under_way', found.routes) AS json)
        FROM (
            SELECT case_id, jsonb_object_agg(
                referral_id, coalesce(document->'state'->>'panel', document->'state'->>'destination')) AS routes
            FROM referrals
            WHERE status IN
                ('sent', 'information-requested', 'accepted', 'scheduled', 'discussed', 'in-progress')
            GROUP BY case_id
        ) AS found
        WHERE found.case_id = c.case_id
    """)
