"""Reports decided without a person that one is to look at afterwards: found by a small index of those that wait."""

from alembic import op

revision, down_revision, branch_labels, depends_on = "0006", "0005", None, None

CHANGES = (
    "ALTER TABLE decisions ADD COLUMN sample_waits boolean NOT NULL DEFAULT false",
    "CREATE INDEX decisions_samples ON decisions (received_at) WHERE sample_waits",
)


def upgrade() -> None:
    """Add it."""
    for statement in CHANGES:
        op.execute(statement)
