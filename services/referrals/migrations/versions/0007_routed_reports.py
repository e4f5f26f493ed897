"""A case's report keeps what triage decided of it, so that a split gives each case the themes of its own reports."""

from alembic import op

revision, down_revision, branch_labels, depends_on = "0007", "0006", None, None


def upgrade() -> None:
    """Add it; a report that came before has none, and a split of its case leaves themes and leads as they are."""
    op.execute("ALTER TABLE case_reports ADD COLUMN routed json")
