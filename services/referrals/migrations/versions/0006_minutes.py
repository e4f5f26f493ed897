"""Signed minutes keep what an item was called: a case's title counts its reports, and goes on counting."""

from alembic import op

revision, down_revision, branch_labels, depends_on = "0006", "0005", None, None


def upgrade() -> None:
    """Add it; of minutes that were signed before there is no title, and the case's own is shown."""
    op.execute("ALTER TABLE meeting_agenda_items ADD COLUMN title text")
