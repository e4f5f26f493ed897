"""Dead letters and held keys: what could not be decided, and what waits behind it in order."""

import json
from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.kernel.envelope import Headers, Raw, Received

_HELD = text("SELECT key FROM held_keys WHERE key = ANY(CAST(:keys AS text[])) ORDER BY key FOR UPDATE")
_HOLD = text("""
    INSERT INTO held_keys (key) SELECT unnest(CAST(:keys AS text[])) ON CONFLICT DO NOTHING
""")
_BURY = text("""
    INSERT INTO dead_letters (held_key, topic, partition, record_offset, key, headers, value, type, message_id,
                              trace_id, state, reason, replays, original)
    VALUES (:held_key, :topic, :partition, :record_offset, :key, CAST(:headers AS jsonb), :value, :type, :message_id,
            :trace_id, :state, :reason, :replays, :original)
""")
_TAKE = text("""
    DELETE FROM dead_letters WHERE id = (
        SELECT id FROM dead_letters WHERE held_key = :key AND (length(key) > 0 OR id = :letter)
        ORDER BY state <> 'dead', id LIMIT 1
    ) RETURNING *
""")
_LEFT = text("SELECT count(*) FROM dead_letters WHERE held_key = :key")
_FREE = text("DELETE FROM held_keys WHERE key = :key")
_LIST = text("""
    SELECT id, held_key, topic, partition, record_offset, type, message_id, trace_id, reason, at, replays,
           (SELECT count(*) FROM dead_letters w WHERE w.held_key = d.held_key AND w.state = 'waiting') AS waiting
    FROM dead_letters d WHERE state = 'dead' AND id > :after ORDER BY id LIMIT :most
""")
_ONE = text("SELECT * FROM dead_letters WHERE id = :id AND state = 'dead'")
_NUMBERS = text("SELECT id FROM dead_letters WHERE held_key = :key AND state = 'dead' ORDER BY id")
_BEHIND = text("""
    SELECT type, message_id, trace_id, at FROM dead_letters WHERE held_key = :key AND state = 'waiting'
    ORDER BY id LIMIT :most
""")
_REPAIR = text("""
    UPDATE dead_letters SET value = :value, original = coalesce(original, value)
    WHERE id = :id AND state = 'dead' RETURNING held_key
""")
_COUNT = text("SELECT state, count(*) AS n FROM dead_letters GROUP BY state")


async def held_keys(connection: AsyncConnection, keys: Collection[str]) -> set[str]:
    """Which of these keys are held; their rows are locked, so that a replay and a consumer take turns."""
    found = await connection.execute(_HELD, {"keys": sorted(keys)})
    return set(found.scalars())


def _storable(written: str) -> str:
    """PostgreSQL keeps no NUL in text: one in a header must not keep its record from being buried."""
    return written.replace("\x00", "")


def _header_json(headers: Headers) -> str:
    return json.dumps([[_storable(name), None if value is None else value.hex()] for name, value in headers])


def _header_value(headers: Headers, wanted: str) -> str | None:
    for name, value in headers:
        if name == wanted and value:
            return _storable(value.decode("utf-8", "replace"))
    return None


def _row(
    received: Received, reason: str, state: str, replays: int = 0, original: bytes | None = None
) -> dict[str, Any]:
    raw = received.raw
    trace = _header_value(raw.headers, "traceparent") or ""
    return {
        "held_key": received.held_key,
        "topic": raw.topic,
        "partition": raw.partition,
        "record_offset": raw.offset,
        "key": raw.key,
        "headers": _header_json(raw.headers),
        "value": raw.value,
        "type": _header_value(raw.headers, "ce_type") or "",
        "message_id": _header_value(raw.headers, "ce_id"),
        "trace_id": trace.split("-")[1] if trace.count("-") == 3 else None,
        "state": state,
        "reason": _storable(reason),
        "replays": replays,
        "original": original,
    }


async def bury(
    connection: AsyncConnection,
    dead: Sequence[tuple[Received, str]],
    waiting: Sequence[Received],
    replays: int = 0,
    original: bytes | None = None,
) -> None:
    """Keep dead letters with their reason and bytes, hold their keys, and queue what came behind them, in order.

    One that a replay buries again has been replayed so often, and came with the bytes `original` if it was mended.
    """
    keyed = sorted({received.held_key for received, _ in dead if received.raw.key})
    if keyed:
        await connection.execute(_HOLD, {"keys": keyed})
    rows = [_row(received, reason, "dead", replays, original) for received, reason in dead]
    rows += [_row(received, "waits behind a dead letter of its key", "waiting") for received in waiting]
    if rows:
        await connection.execute(_BURY, rows)


def raw_of(row: Any) -> Raw:
    """The record as it came, from a dead letter's row."""
    headers = tuple((name, None if value is None else bytes.fromhex(value)) for name, value in row.headers)
    return Raw(row.topic, row.partition, row.record_offset, row.key, headers, row.value)


async def take(connection: AsyncConnection, key: str, letter: int | None) -> Any | None:
    """Take the next one under a held key out, holding the key's lock: the dead first, then what waits, oldest first.

    Letters without a key hold nothing: of them only the one with the number `letter` is taken. None when none is left.
    """
    await held_keys(connection, [key])
    return (await connection.execute(_TAKE, {"key": key, "letter": letter})).one_or_none()


async def free_if_empty(connection: AsyncConnection, key: str) -> bool:
    """Free the key when nothing waits under it any more; whether it was freed."""
    if (await connection.execute(_LEFT, {"key": key})).scalar_one():
        return False
    await connection.execute(_FREE, {"key": key})
    return True


async def behind(connection: AsyncConnection, key: str, most: int) -> list[dict[str, Any]]:
    """What waits behind the dead letters of a key, in the order in which it will run."""
    rows = (await connection.execute(_BEHIND, {"key": key, "most": most})).mappings()
    return [dict(row) for row in rows]


async def listed(connection: AsyncConnection, after: int, most: int) -> list[dict[str, Any]]:
    """Dead letters without their bodies, oldest first, from `after` on."""
    rows = (await connection.execute(_LIST, {"after": after, "most": most})).mappings()
    return [dict(row) for row in rows]


async def one(connection: AsyncConnection, letter_id: int) -> Any | None:
    """One dead letter with its body, or None."""
    return (await connection.execute(_ONE, {"id": letter_id})).one_or_none()


async def numbers(connection: AsyncConnection, key: str) -> list[int]:
    """The numbers of the dead letters of a key: one that was replayed and died again has a new one."""
    return list((await connection.execute(_NUMBERS, {"key": key})).scalars())


async def repair(connection: AsyncConnection, letter_id: int, value: bytes) -> str | None:
    """Put a mended body in place; its id, its headers and the bytes that came first stay.

    The held key, or None when there is no such letter.
    """
    found: str | None = (await connection.execute(_REPAIR, {"id": letter_id, "value": value})).scalar_one_or_none()
    return found


async def counts(connection: AsyncConnection) -> dict[str, int]:
    """How many are dead, and how many wait behind them."""
    rows = (await connection.execute(_COUNT)).all()
    return {"dead": 0, "waiting": 0} | {row.state: row.n for row in rows}
