"""What desk keeps of people at work, beside the read model: what each has read, and whose page of a case is open."""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

OPEN_FOR_SECONDS = 25
"""A page that has not been heard of for so long is closed: its stream beats more often."""
READINGS_SHOWN = 200
_MARK = text("""
    INSERT INTO read_marks (person, case_id, sequence) VALUES (:person, :case_id, :sequence)
    ON CONFLICT (person, case_id) DO UPDATE SET sequence = greatest(read_marks.sequence, excluded.sequence)
""")
_MARKS = text("""
    SELECT case_id, sequence FROM read_marks WHERE person = :person AND case_id = ANY(CAST(:cases AS uuid[]))
""")
_BEAT = text("""
    INSERT INTO open_pages (person, case_id, seen_at) VALUES (:person, :case_id, clock_timestamp())
    ON CONFLICT (case_id, person) DO UPDATE SET seen_at = excluded.seen_at
""")
_LEAVE = text("DELETE FROM open_pages WHERE person = :person AND case_id = :case_id")
_OTHERS = text("""
    SELECT person FROM open_pages
    WHERE case_id = :case_id AND person <> :person AND seen_at > clock_timestamp() - make_interval(secs => :seconds)
    ORDER BY person
""")
_READINGS = text("SELECT reader, agency, at FROM read_audit WHERE subject = :subject ORDER BY id DESC LIMIT :most")
_COUNT_READINGS = text("SELECT count(*) FROM read_audit WHERE subject = :subject")


async def mark_read(connection: AsyncConnection, person: str, case_id: UUID, sequence: int) -> None:
    """She has read the case up to this event."""
    await connection.execute(_MARK, {"person": person, "case_id": case_id, "sequence": sequence})


async def marks(connection: AsyncConnection, person: str, cases: Iterable[str]) -> dict[str, int]:
    """Up to which event she has read each of these cases; those never read are missing."""
    rows = await connection.execute(_MARKS, {"person": person, "cases": list(cases)})
    return {str(row.case_id): row.sequence for row in rows}


async def beat(connection: AsyncConnection, person: str, case_id: UUID) -> None:
    """Her page of the case is open."""
    await connection.execute(_BEAT, {"person": person, "case_id": case_id})


async def leave(connection: AsyncConnection, person: str, case_id: UUID) -> None:
    """Her page of the case is closed."""
    await connection.execute(_LEAVE, {"person": person, "case_id": case_id})


async def others(connection: AsyncConnection, person: str, case_id: UUID) -> list[str]:
    """Who else has the case open."""
    asked = {"person": person, "case_id": case_id, "seconds": OPEN_FOR_SECONDS}
    return [row.person for row in await connection.execute(_OTHERS, asked)]


async def readings(connection: AsyncConnection, subject: str) -> tuple[Sequence[Any], int]:
    """Who opened a case or a report, newest first, and how many openings there are in all."""
    rows = (await connection.execute(_READINGS, {"subject": subject, "most": READINGS_SHOWN})).all()
    return rows, int((await connection.execute(_COUNT_READINGS, {"subject": subject})).scalar_one())
