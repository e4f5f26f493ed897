"""Every query on batches: the spool, the rows with their outcomes, the cursor."""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

_CREATE = text("""
    INSERT INTO batches (id, reference, partner, format, status)
    VALUES (:id, :reference, :partner, :format, 'receiving')
""")
_CHUNK = text("INSERT INTO batch_chunks (batch_id, number, content) VALUES (:batch, :number, :content)")
_SPOOLED = text("UPDATE batches SET status = 'processing', sha256 = :sha256, rows = :rows WHERE id = :id")
_FAIL = text("UPDATE batches SET status = 'failed', reason = :reason WHERE id = :id")
_DROP_CHUNKS = text("DELETE FROM batch_chunks WHERE batch_id = :id")
_OPEN = text("SELECT * FROM batches WHERE status = 'processing' ORDER BY created_at, id LIMIT 1")
_TRY = text("SELECT pg_try_advisory_xact_lock(hashtext(:name))")
_ALIVE = text("SELECT 1")
_CHUNKS = text("SELECT content FROM batch_chunks WHERE batch_id = :batch AND number = :number")
_STAGE = text("""
    INSERT INTO batch_rows (batch_id, row, identity, content, document, outcome, reason, source_id)
    SELECT :batch, * FROM unnest(CAST(:rows AS bigint[]), CAST(:identities AS text[]), CAST(:contents AS text[]),
        CAST(:documents AS text[]), CAST(:outcomes AS text[]), CAST(:reasons AS json[]), CAST(:source_ids AS text[]))
    ON CONFLICT DO NOTHING
""")
_STAGED = text("UPDATE batches SET staged = :staged, rejected = rejected + :rejected WHERE id = :id")
_NO_NESTED_LOOP = text("SET LOCAL enable_nestloop = off")
"""Of a batch that was just staged the table's statistics know nothing: with one row expected, 58,545 were compared each
with each, and the statement ran out of its minute."""
_NUMBER = text("""
    UPDATE batch_rows r SET ordinal = n.ordinal
    FROM (SELECT row, row_number() OVER (PARTITION BY identity ORDER BY content, row) AS ordinal
          FROM batch_rows WHERE batch_id = :batch AND outcome IS NULL) n
    WHERE r.batch_id = :batch AND r.row = n.row AND n.ordinal > 1
""")
_NUMBERED = text("UPDATE batches SET numbered = true WHERE id = :id")
_NEXT = text("""
    SELECT row, identity, ordinal, document FROM batch_rows
    WHERE batch_id = :batch AND row > :cursor AND outcome IS NULL ORDER BY row LIMIT :most
""")
_MOVE = text("UPDATE batches SET cursor = :following WHERE id = :id AND cursor = :cursor")
_OUTCOMES = text("""
    UPDATE batch_rows r SET outcome = o.outcome, reference = o.reference, reason = o.reason, source_id = o.source_id,
        document = NULL, content = NULL
    FROM unnest(CAST(:rows AS bigint[]), CAST(:outcomes AS text[]), CAST(:references AS text[]),
        CAST(:reasons AS json[]), CAST(:source_ids AS text[])) AS o (row, outcome, reference, reason, source_id)
    WHERE r.batch_id = :batch AND r.row = o.row
""")
_COUNTED = text("""
    UPDATE batches SET accepted = accepted + :accepted, duplicate = duplicate + :duplicate,
        rejected = rejected + :rejected WHERE id = :id
""")
_DONE = text("UPDATE batches SET status = 'done', finished_at = now() WHERE id = :id AND status = 'processing'")
_COUNTS = text("SELECT rows, accepted, duplicate, rejected FROM batches WHERE id = :id")
_ONE = text("SELECT * FROM batches WHERE reference = :reference")
_DECIDED = text("SELECT coalesce((SELECT value FROM tallies WHERE name = 'decided/' || :reference), 0)")
_BROKEN_OFF = text("""
    UPDATE batches SET status = 'failed', reason = 'broken-off', finished_at = now()
    WHERE status = 'receiving' AND created_at < now() - make_interval(hours => :hours) RETURNING id
""")
_ROWS = text("""
    SELECT row, source_id, outcome, reference, reason FROM batch_rows
    WHERE batch_id = :batch AND row > :after AND outcome IS NOT NULL
      AND (CAST(:outcome AS text) IS NULL OR outcome = :outcome)
    ORDER BY row LIMIT :most
""")


async def create(connection: AsyncConnection, batch: UUID, reference: str, partner: str, form: str) -> None:
    """A batch that is being received."""
    await connection.execute(_CREATE, {"id": batch, "reference": reference, "partner": partner, "format": form})


async def add_chunk(connection: AsyncConnection, batch: UUID, number: int, content: bytes) -> None:
    """One compressed chunk of the spool."""
    await connection.execute(_CHUNK, {"batch": batch, "number": number, "content": content})


async def spooled(connection: AsyncConnection, batch: UUID, sha256: bytes, rows: int) -> None:
    """Everything is durable: processing may begin."""
    await connection.execute(_SPOOLED, {"id": batch, "sha256": sha256, "rows": rows})


async def fail(connection: AsyncConnection, batch: UUID, reason: str) -> None:
    """The upload broke off or could not be read; nothing of it was taken."""
    await connection.execute(_FAIL, {"id": batch, "reason": reason})
    await connection.execute(_DROP_CHUNKS, {"id": batch})


async def fail_broken_off(connection: AsyncConnection, hours: int) -> None:
    """Give up uploads that began so long ago and never ended: their process was killed; nothing of them was taken."""
    for batch in (await connection.execute(_BROKEN_OFF, {"hours": hours})).scalars():
        await connection.execute(_DROP_CHUNKS, {"id": batch})


async def take_open(connection: AsyncConnection) -> Any | None:
    """The oldest batch to process, if no other process has it; held until the transaction ends."""
    row = (await connection.execute(_OPEN)).one_or_none()
    if row is None or not (await connection.execute(_TRY, {"name": f"batch {row.id}"})).scalar_one():
        return None
    return row


async def hold_on(connection: AsyncConnection) -> None:
    """The holder of a batch is alive: the server ends transactions in which nothing is done."""
    await connection.execute(_ALIVE)


async def chunk(connection: AsyncConnection, batch: UUID, number: int) -> bytes | None:
    """A chunk of the spool, None past the last."""
    found = await connection.execute(_CHUNKS, {"batch": batch, "number": number})
    content: bytes | None = found.scalar_one_or_none()
    return content


async def stage(connection: AsyncConnection, batch: UUID, columns: Mapping[str, list[Any]]) -> None:
    """Read rows, each with its identity and content, or with why it was rejected."""
    await connection.execute(_STAGE, {"batch": batch, **columns})
    rejected = sum(outcome is not None for outcome in columns["outcomes"])
    await connection.execute(_STAGED, {"id": batch, "staged": columns["rows"][-1], "rejected": rejected})


async def number(connection: AsyncConnection, batch: UUID) -> None:
    """Give each row its ordinal among its equals (1 for all others), and the spool back."""
    await connection.execute(_NO_NESTED_LOOP)
    await connection.execute(_NUMBER, {"batch": batch})
    await connection.execute(_NUMBERED, {"id": batch})
    await connection.execute(_DROP_CHUNKS, {"id": batch})


async def next_rows(connection: AsyncConnection, batch: UUID, cursor: int, most: int) -> Sequence[Any]:
    """The next rows to release."""
    return (await connection.execute(_NEXT, {"batch": batch, "cursor": cursor, "most": most})).all()


async def move_cursor(connection: AsyncConnection, batch: UUID, cursor: int, following: int) -> bool:
    """Whether the cursor was where this process believed it to be."""
    moved = await connection.execute(_MOVE, {"id": batch, "cursor": cursor, "following": following})
    return bool(moved.rowcount)


async def write_outcomes(connection: AsyncConnection, batch: UUID, columns: Mapping[str, list[Any]]) -> None:
    """What became of each row, and the batch's counts."""
    await connection.execute(_OUTCOMES, {"batch": batch, **columns})
    counted = {name: columns["outcomes"].count(name) for name in ("accepted", "duplicate", "rejected")}
    await connection.execute(_COUNTED, {"id": batch, **counted})


async def done(connection: AsyncConnection, batch: UUID) -> bool:
    """Every row has its outcome; whether that was news."""
    return bool((await connection.execute(_DONE, {"id": batch})).rowcount)


async def counts(connection: AsyncConnection, batch: UUID) -> dict[str, int]:
    """What became of a batch's rows so far, by the names of the columns."""
    return dict((await connection.execute(_COUNTS, {"id": batch})).mappings().one())


async def by_reference(connection: AsyncConnection, reference: str) -> Any | None:
    """A batch, as far as the session may see it."""
    return (await connection.execute(_ONE, {"reference": reference})).one_or_none()


async def decided(connection: AsyncConnection, reference: str) -> int:
    """How many of a batch's accepted rows have a decision: a kept count."""
    return int((await connection.execute(_DECIDED, {"reference": reference})).scalar_one())


async def outcomes(connection: AsyncConnection, batch: UUID, outcome: str | None, page: int) -> AsyncIterator[Any]:
    """Rows with their outcomes, in order, a page a query."""
    after = 0
    while True:
        where = {"batch": batch, "outcome": outcome, "after": after, "most": page}
        rows = (await connection.execute(_ROWS, where)).all()
        for row in rows:
            yield row
        if len(rows) < page:
            return
        after = rows[-1].row
