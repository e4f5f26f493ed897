"""Every query on triage's versions of its rules."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.triage.domain.rule_versions import Documents, Head, Text, head_key, text_key

_ACTIVE = text("SELECT rule_set_id, number FROM rule_sets WHERE status = 'published'")
_DOCUMENTS = text(
    "SELECT number, rule_set_id, documents FROM rule_sets WHERE number = ANY(CAST(:numbers AS integer[]))"
)
_OF_DIGEST = text("SELECT documents FROM rule_sets WHERE head ->> 'digest' = :digest ORDER BY number LIMIT 1")
_HEADS = text("SELECT head FROM rule_sets ORDER BY number")
_SAVE_HEADS = text("""
    INSERT INTO rule_sets (rule_set_id, number, status, head, documents)
    SELECT s.id, s.number, s.status, s.head, '{}'
    FROM unnest(CAST(:ids AS uuid[]), CAST(:numbers AS integer[]), CAST(:statuses AS text[]), CAST(:heads AS json[]))
         WITH ORDINALITY AS s (id, number, status, head, place)
    ORDER BY s.place
    ON CONFLICT (rule_set_id) DO UPDATE SET status = excluded.status, head = excluded.head
""")
_SAVE_DOCUMENTS = text("""
    UPDATE rule_sets r SET documents = s.documents
    FROM unnest(CAST(:ids AS uuid[]), CAST(:documents AS json[])) AS s (id, documents) WHERE r.rule_set_id = s.id
""")


async def active(connection: AsyncConnection) -> tuple[Any, int] | None:
    """Id and number of the rule set that decides; None before the first one was published."""
    row = (await connection.execute(_ACTIVE)).one_or_none()
    return None if row is None else (row.rule_set_id, row.number)


async def heads(connection: AsyncConnection) -> list[Head]:
    """Every version, oldest first."""
    return [Head.model_validate(row.head) for row in await connection.execute(_HEADS)]


async def documents(connection: AsyncConnection, numbers: Iterable[int]) -> dict[int, Text]:
    """The documents of these versions."""
    rows = await connection.execute(_DOCUMENTS, {"numbers": sorted(numbers)})
    return {row.number: Text(rule_set_id=row.rule_set_id, documents=row.documents) for row in rows}


async def documents_of(connection: AsyncConnection, digest: str) -> Documents:
    """The documents with that digest, whichever version holds them; none where none does."""
    found: Documents | None = (await connection.execute(_OF_DIGEST, {"digest": digest})).scalar_one_or_none()
    return found or {}


async def load(connection: AsyncConnection, numbers: Iterable[int]) -> dict[str, Any]:
    """All heads (they are few), and the documents of the versions that are named, as state."""
    state: dict[str, Any] = {head_key(head.number): head for head in await heads(connection)}
    wanted = list(numbers)
    found = await documents(connection, wanted) if wanted else {}
    return state | {text_key(number): kept for number, kept in found.items()}


async def save(connection: AsyncConnection, changed: Mapping[str, Any]) -> None:
    """Heads, what is retired before what is published (one alone may be), then documents."""
    moved = [value for value in changed.values() if isinstance(value, Head)]
    if not moved:
        return
    moved.sort(key=lambda head: (head.status == "published", head.number))
    await connection.execute(
        _SAVE_HEADS,
        {
            "ids": [head.rule_set_id for head in moved],
            "numbers": [head.number for head in moved],
            "statuses": [head.status for head in moved],
            "heads": [head.model_dump_json() for head in moved],
        },
    )
    texts = [value for value in changed.values() if isinstance(value, Text)]
    if texts:
        ids, kept = [each.rule_set_id for each in texts], [json.dumps(each.documents) for each in texts]
        await connection.execute(_SAVE_DOCUMENTS, {"ids": ids, "documents": kept})
