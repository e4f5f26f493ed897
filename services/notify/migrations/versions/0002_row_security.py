"""A page of notify reads how deliveries stand, for operations staff alone, and never an address or a word of one."""

from alembic import op

revision, down_revision, branch_labels, depends_on = "0002", "0001", None, None

SHOWN = "id, about, recipient, channel, status, attempts, created_at"


def upgrade() -> None:
    """The reader's whole-row grant goes; a policy asks for operations staff."""
    op.execute("REVOKE SELECT ON notifications FROM hub_notify_reader")
    op.execute(f"GRANT SELECT ({SHOWN}) ON notifications TO hub_notify_reader")
    op.execute("ALTER TABLE notifications ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE notifications FORCE ROW LEVEL SECURITY")
    op.execute("CREATE POLICY notifications_service ON notifications TO hub_notify USING (true) WITH CHECK (true)")
    op.execute("""
        CREATE POLICY notifications_operations ON notifications FOR SELECT TO hub_notify_reader
        USING (current_setting('hub.operations', true) = 'on')
    """)
