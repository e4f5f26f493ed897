"""The tables that every service has in its own schema, as the SQL that its first migration runs."""

from collections.abc import Callable

KERNEL_TABLES = (
    """
    CREATE TABLE positions (
        topic text NOT NULL, partition integer NOT NULL, next_offset bigint NOT NULL,
        PRIMARY KEY (topic, partition)
    ) WITH (fillfactor = 50)
    """,
    "CREATE TABLE inbox (id uuid PRIMARY KEY, seen_on date NOT NULL DEFAULT current_date)",
    "CREATE INDEX inbox_seen_on ON inbox (seen_on)",
    "CREATE TABLE match_keys (key text PRIMARY KEY)",
    """
    CREATE TABLE outbox_messages (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, topic text NOT NULL, key text NOT NULL,
        headers text NOT NULL, body text NOT NULL, written_at timestamptz NOT NULL DEFAULT now()
    ) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000)
    """,
    """
    CREATE TABLE jobs (
        id uuid PRIMARY KEY, kind text NOT NULL, subject text NOT NULL, payload text NOT NULL,
        due_at timestamptz NOT NULL, attempts integer NOT NULL DEFAULT 0, lease uuid, lease_until timestamptz,
        correlation_id uuid NOT NULL, causation_id uuid NOT NULL, traceparent text
    ) WITH (fillfactor = 70)
    """,
    "CREATE INDEX jobs_due ON jobs (due_at, id)",
    """
    CREATE TABLE timers (
        id uuid PRIMARY KEY, kind text NOT NULL, subject text NOT NULL, due_at timestamptz NOT NULL,
        payload text NOT NULL, message_id uuid NOT NULL,
        correlation_id uuid NOT NULL, causation_id uuid NOT NULL, traceparent text
    )
    """,
    "CREATE INDEX timers_due ON timers (due_at, id)",
    "CREATE TABLE held_keys (key text PRIMARY KEY, since timestamptz NOT NULL DEFAULT now())",
    """
    CREATE TABLE dead_letters (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, held_key text NOT NULL, topic text NOT NULL,
        partition integer NOT NULL, record_offset bigint NOT NULL, key bytea, headers jsonb NOT NULL, value bytea,
        type text NOT NULL, message_id text, trace_id text, state text NOT NULL CHECK (state IN ('dead', 'waiting')),
        reason text NOT NULL, at timestamptz NOT NULL DEFAULT now(), replays integer NOT NULL DEFAULT 0,
        original bytea
    )
    """,
    "CREATE INDEX dead_letters_held ON dead_letters (held_key, id)",
    """
    CREATE TABLE idempotency (
        caller text NOT NULL, route text NOT NULL, key text NOT NULL, body_hash bytea NOT NULL,
        status integer, answer text, at timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (caller, route, key)
    )
    """,
    "CREATE INDEX idempotency_at ON idempotency (at)",
    "CREATE TABLE tallies (name text PRIMARY KEY, value bigint NOT NULL) WITH (fillfactor = 50)",
)


def create_kernel_tables(execute: Callable[[str], object], service: str) -> None:
    """Create the kernel's tables in the current schema and let the service role write, the reader read tallies."""
    for statement in KERNEL_TABLES:
        execute(statement)
    execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {service} TO hub_{service}")
    execute(f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA {service} TO hub_{service}")
    execute(f"GRANT SELECT ON tallies, positions TO hub_{service}_reader")
