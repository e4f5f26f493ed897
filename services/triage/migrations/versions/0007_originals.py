"""A dead letter that was mended keeps the bytes that came: a wrong repair can be taken back."""

from alembic import op

revision, down_revision, branch_labels, depends_on = "0007", "0006", None, None


def upgrade() -> None:
    """Add it; a new schema has it from its first migration on."""
    op.execute("ALTER TABLE dead_letters ADD COLUMN IF NOT EXISTS original bytea")
