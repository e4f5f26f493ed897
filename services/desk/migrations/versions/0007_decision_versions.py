"""Decisions are told apart by their version: by time alone, one that was made after a clock stepped back never came."""

from alembic import op

revision, down_revision, branch_labels, depends_on = "0007", "0006", None, None


def upgrade() -> None:
    """Add it; what is kept already is older than any decision that says its version."""
    op.execute("ALTER TABLE model_decisions ADD COLUMN version integer NOT NULL DEFAULT 0")
