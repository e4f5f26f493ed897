"""Every query on a panel's referrals together: a page of its board, how many stand where, how their clocks stand."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from schemas.referral_facts import ClockEntry
from services.referrals.domain.parts import CasePerson
from services.referrals.domain.state import Case, Referral

_OF_PANEL = "r.document->'state'->>'panel' = :panel AND r.private_to IS NULL"
_DUE = "coalesce((r.document->'state'->>'due_at')::timestamptz, '9000-01-01+00')"
_ENDED = "(r.document->'state'->>'ended_at')::timestamptz"
_CLOCKS = text(f"""
    SELECT r.reference, r.document->'state'->'clock'->-1 AS last FROM referrals r
    WHERE {_OF_PANEL} AND json_array_length(r.document->'state'->'clock') > 0 ORDER BY r.reference
""")  # noqa: S608 the part is a constant of this module
_COUNTS = text(f"""
    SELECT r.status, count(*) AS n, count(*) FILTER (WHERE {_DUE} < :now) AS overdue FROM referrals r
    WHERE {_OF_PANEL} AND (r.status = ANY(CAST(:open AS text[])) OR (r.status = 'concluded' AND {_ENDED} >= :since))
    GROUP BY r.status
""")  # noqa: S608 the parts are constants of this module
_BOARD = text(f"""
    SELECT r.document AS referral, c.document AS case_document, {_DUE} AS due,
        (SELECT count(*) FROM case_reports e WHERE e.case_id = c.case_id) AS reports,
        (SELECT json_agg(p.document) FROM (
            SELECT document FROM case_people WHERE case_id = c.case_id ORDER BY person_id LIMIT 20) p) AS people
    FROM referrals r JOIN cases c ON c.case_id = r.case_id
    WHERE {_OF_PANEL} AND r.status = ANY(CAST(:statuses AS text[]))
      AND (r.status <> 'concluded' OR {_ENDED} >= :since) AND (NOT :overdue OR {_DUE} < :now)
      AND ({_DUE}, r.reference) > (CAST(:after_due AS timestamptz), :after)
    ORDER BY 3, r.reference LIMIT :most
""")  # noqa: S608 the parts are constants of this module


@dataclass(frozen=True, slots=True)
class LastEntry:
    """A referral and the last entry of its clock."""

    reference: str
    entry: ClockEntry


@dataclass(frozen=True, slots=True)
class OnBoard:
    """A referral with its case and the people whom that names."""

    referral: Referral
    case: Case
    reports: int
    people: tuple[CasePerson, ...]
    due: datetime
    """When its clock runs out; one without stands after all others."""


async def last_entries(connection: AsyncConnection, panel: str) -> list[LastEntry]:
    """Of each referral to the panel that the session may see and that has a clock."""
    rows = await connection.execute(_CLOCKS, {"panel": panel})
    return [LastEntry(row.reference, ClockEntry.model_validate(row.last)) for row in rows]


async def counts(connection: AsyncConnection, where: Mapping[str, Any]) -> dict[str, tuple[int, int]]:
    """How many of the panel's referrals stand at each status, and how many of those are overdue."""
    return {row.status: (row.n, row.overdue) for row in await connection.execute(_COUNTS, dict(where))}


async def board(connection: AsyncConnection, where: Mapping[str, Any]) -> list[OnBoard]:
    """A page of the panel's referrals, soonest due first, from a row on."""
    return [
        OnBoard(
            Referral.model_validate(row.referral),
            Case.model_validate(row.case_document),
            row.reports,
            tuple(CasePerson.model_validate(each) for each in row.people or ()),
            row.due,
        )
        for row in await connection.execute(_BOARD, dict(where))
    ]
