"""Every query on a panel's referrals together: how their clocks stand."""

from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from schemas.referral_facts import ClockEntry

_CLOCKS = text("""
    SELECT reference, document->'state'->'clock'->-1 AS last FROM referrals
    WHERE document->'state'->>'panel' = :panel AND private_to IS NULL
      AND json_array_length(document->'state'->'clock') > 0
    ORDER BY reference
""")


@dataclass(frozen=True, slots=True)
class LastEntry:
    """A referral and the last entry of its clock."""

    reference: str
    entry: ClockEntry


async def last_entries(connection: AsyncConnection, panel: str) -> list[LastEntry]:
    """Of each referral to the panel that the session may see and that has a clock."""
    rows = await connection.execute(_CLOCKS, {"panel": panel})
    return [LastEntry(row.reference, ClockEntry.model_validate(row.last)) for row in rows]
