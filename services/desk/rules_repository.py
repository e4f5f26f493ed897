"""What desk keeps of triage's rules: when which version came into force, by whose hands."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.desk.projection import RulesRow

_SAVE = text("""
    INSERT INTO model_rules (event_id, number, published_at, document)
    SELECT * FROM unnest(CAST(:ids AS uuid[]), CAST(:numbers AS integer[]), CAST(:times AS timestamptz[]),
        CAST(:documents AS json[]))
    ON CONFLICT DO NOTHING
""")
_LATEST = text("SELECT document FROM model_rules ORDER BY published_at DESC, event_id LIMIT :most")


async def save(connection: AsyncConnection, changed: Mapping[str, Any]) -> None:
    """Publications of a batch."""
    rows = [value for value in changed.values() if isinstance(value, RulesRow)]
    if rows:
        await connection.execute(
            _SAVE,
            {
                "ids": [row.event_id for row in rows],
                "numbers": [row.number for row in rows],
                "times": [row.published_at for row in rows],
                "documents": [row.model_dump_json() for row in rows],
            },
        )


async def publications(connection: AsyncConnection, most: int) -> Sequence[dict[str, Any]]:
    """When which version came into force, latest first."""
    return [row.document for row in await connection.execute(_LATEST, {"most": most})]
