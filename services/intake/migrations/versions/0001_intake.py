"""Intake's first tables: reports with their receipts, batches with spool and rows, and keys."""

from alembic import op

from services.kernel.migrations import create_kernel, grant_tables

revision, down_revision, branch_labels, depends_on = "0001", None, None, None

TABLES = (
    """
    CREATE TABLE reports (
        source_key text PRIMARY KEY, report_id uuid NOT NULL UNIQUE, reference text NOT NULL UNIQUE,
        partner text NOT NULL, source_id text NOT NULL, status text NOT NULL, received_at timestamptz NOT NULL,
        case_id uuid, batch text, document json NOT NULL
    ) WITH (fillfactor = 70)
    """,
    "CREATE INDEX reports_of_partner ON reports (partner, received_at DESC, report_id DESC)",
    "CREATE INDEX reports_waiting ON reports (received_at) WHERE status = 'received'",
    "CREATE INDEX reports_of_case ON reports (case_id) WHERE case_id IS NOT NULL",
    "CREATE INDEX reports_of_batch ON reports (batch) WHERE batch IS NOT NULL",
    """
    CREATE TABLE batches (
        id uuid PRIMARY KEY, reference text NOT NULL UNIQUE, partner text NOT NULL, format text NOT NULL,
        status text NOT NULL, reason text, sha256 bytea, rows bigint NOT NULL DEFAULT 0,
        staged bigint NOT NULL DEFAULT 0, numbered boolean NOT NULL DEFAULT false, cursor bigint NOT NULL DEFAULT 0,
        accepted bigint NOT NULL DEFAULT 0, duplicate bigint NOT NULL DEFAULT 0, rejected bigint NOT NULL DEFAULT 0,
        created_at timestamptz NOT NULL DEFAULT now(), finished_at timestamptz
    )
    """,
    "CREATE INDEX batches_open ON batches (created_at, id) WHERE status = 'processing'",
    """
    CREATE TABLE batch_chunks (
        batch_id uuid NOT NULL, number integer NOT NULL, content bytea NOT NULL, PRIMARY KEY (batch_id, number)
    )
    """,
    """
    CREATE TABLE batch_rows (
        batch_id uuid NOT NULL, row bigint NOT NULL, identity text, content text, document text,
        ordinal bigint NOT NULL DEFAULT 1, source_id text, outcome text, reference text, reason json,
        PRIMARY KEY (batch_id, row)
    ) WITH (fillfactor = 80)
    """,
    """
    CREATE TABLE refused_feed_rows (
        topic text NOT NULL, record_offset bigint NOT NULL, partner text NOT NULL, reasons json NOT NULL,
        at timestamptz NOT NULL DEFAULT now(), PRIMARY KEY (topic, record_offset)
    )
    """,
    """
    CREATE TABLE api_keys (
        key_hash bytea PRIMARY KEY, name text NOT NULL UNIQUE, partner text NOT NULL, scopes text[] NOT NULL,
        created_at timestamptz NOT NULL, revoked_at timestamptz
    )
    """,
)
OWN = "partner = current_setting('hub.partner', true) OR current_setting('hub.service', true) = 'on'"
READABLE = ("reports", "batches", "batch_rows", "refused_feed_rows")


def upgrade() -> None:
    """Make them; a reader sees its own partner's records, and nothing when no partner is set."""
    create_kernel("intake")
    for statement in TABLES:
        op.execute(statement)
    tables = ("reports", "batches", "batch_chunks", "batch_rows", "api_keys", "refused_feed_rows")
    grant_tables("intake", tables, readable=READABLE)
    for table in ("reports", "batches"):
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY {table}_service ON {table} TO hub_intake USING (true) WITH CHECK (true)")
        op.execute(f"CREATE POLICY {table}_own ON {table} FOR SELECT TO hub_intake_reader USING ({OWN})")
