"""A report that gives a day to come counts as of when it was told: it stood before all others of its place for good."""

from alembic import op

revision, down_revision, branch_labels, depends_on = "0008", "0007", None, None

CHANGE = """
    UPDATE decisions SET happened_at = (document -> 'report' ->> 'received_at')::timestamptz
    WHERE happened_at > (document -> 'report' ->> 'received_at')::timestamptz
"""


def upgrade() -> None:
    """Correct those that are stored."""
    op.execute(CHANGE)
