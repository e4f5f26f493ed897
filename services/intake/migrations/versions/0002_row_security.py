"""Batch rows and refused feed records under row-level security too: until now only the query kept partners apart."""

from alembic import op

revision, down_revision, branch_labels, depends_on = "0002", "0001", None, None

OWN = "partner = current_setting('hub.partner', true) OR current_setting('hub.service', true) = 'on'"
POLICIES = {
    "batch_rows": "EXISTS (SELECT 1 FROM batches b WHERE b.id = batch_rows.batch_id)",
    "refused_feed_rows": OWN,
}


def upgrade() -> None:
    """A row is its batch's partner's; a refused record is its topic's partner's."""
    for table, seen in POLICIES.items():
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY {table}_service ON {table} TO hub_intake USING (true) WITH CHECK (true)")
        op.execute(f"CREATE POLICY {table}_own ON {table} FOR SELECT TO hub_intake_reader USING ({seen})")
