"""Where reports are: the cases under each mark, and the case that a report is in."""

from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.referrals.casefile_repository import named
from services.referrals.domain.parts import FOUND_AT_MOST, Link, Match, Matches, Routed
from services.referrals.domain.routing import routed_key
from services.referrals.domain.state import link_key

_MATCHES = text("""
    SELECT wanted.key, found.case_id, found.seen_at FROM unnest(CAST(:keys AS text[])) AS wanted (key)
    CROSS JOIN LATERAL (
        SELECT case_id, seen_at FROM case_matches m WHERE m.key = wanted.key ORDER BY seen_at DESC, case_id LIMIT :most
    ) AS found
""")
_LINKS = text("""
    SELECT report_id, case_id, reference, event_id, routed FROM case_reports
    WHERE report_id = ANY(CAST(:keys AS uuid[])) AND event_id IS NOT NULL
""")


async def load_marks(connection: AsyncConnection, marks: frozenset[str], keys: frozenset[str]) -> dict[str, Any]:
    """The newest cases under each mark, and the links of reports with what was last decided of these."""
    state: dict[str, Any] = {}
    if marks:
        found: dict[str, list[Match]] = {}
        for row in await connection.execute(_MATCHES, {"keys": sorted(marks), "most": FOUND_AT_MOST}):
            found.setdefault(row.key, []).append(Match(case_id=row.case_id, seen_at=row.seen_at))
        state |= {key: Matches(cases=tuple(cases)) for key, cases in found.items()}
    return state | await load_links(connection, keys)


async def load_links(connection: AsyncConnection, keys: frozenset[str]) -> dict[str, Any]:
    """The links of reports that are in a case, and what was last decided of each."""
    state: dict[str, Any] = {}
    if links := named(keys, "link:"):
        for row in await connection.execute(_LINKS, {"keys": links}):
            state[link_key(row.report_id)] = Link(case_id=row.case_id, reference=row.reference, event_id=row.event_id)
            if row.routed is not None:
                state[routed_key(row.report_id)] = Routed.model_validate(row.routed)
    return state
