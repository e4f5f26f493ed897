"""A draft, or a referral that waits for approval, is known to its author's agency alone: the row says so."""

from alembic import op

revision, down_revision, branch_labels, depends_on = "0003", "0002", None, None

TABLES = ("referrals", "case_events")
NOT_OTHERS = """
    private_to IS NULL OR private_to = ANY (string_to_array(nullif(current_setting('hub.agencies', true), ''), ','))
"""


def upgrade() -> None:
    """Add the column, and a rule that holds for every reader beside the others, those who see all agencies included."""
    for table in TABLES:
        op.execute(f"ALTER TABLE {table} ADD COLUMN private_to text")
        op.execute(
            f"CREATE POLICY {table}_private ON {table} AS RESTRICTIVE FOR SELECT TO hub_referrals_reader "
            f"USING ({NOT_OTHERS})"
        )
