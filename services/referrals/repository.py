"""Every query of referrals."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.referrals import casefile_repository, marks_repository, meeting_repository
from services.referrals.casefile_repository import named
from services.referrals.domain.parts import Link, Matches
from services.referrals.domain.state import Case, Happened, Referral, case_key, referral_key, referrals_key

_CASES = text("""
    SELECT case_id, document FROM cases WHERE case_id = ANY(CAST(:keys AS uuid[])) ORDER BY case_id FOR UPDATE
""")
_REFERRALS = text("""
    SELECT referral_id, document FROM referrals WHERE referral_id = ANY(CAST(:keys AS uuid[]))
    ORDER BY referral_id FOR UPDATE
""")
_SAVE_CASES = text("""
    INSERT INTO cases (case_id, reference, status, lead_agency, owner, themes, priority, due_at, opened_at, visible_to,
        document)
    SELECT c.id, c.reference, c.status, c.lead, c.owner, string_to_array(c.themes, ','), c.priority, c.due, c.opened,
        string_to_array(c.visible, ','), c.document
    FROM unnest(CAST(:ids AS uuid[]), CAST(:references AS text[]), CAST(:statuses AS text[]), CAST(:leads AS text[]),
        CAST(:owners AS text[]), CAST(:themes AS text[]), CAST(:priorities AS integer[]),
        CAST(:due AS timestamptz[]), CAST(:opened AS timestamptz[]), CAST(:visible AS text[]),
        CAST(:documents AS json[]))
        AS c (id, reference, status, lead, owner, themes, priority, due, opened, visible, document)
    ON CONFLICT (case_id) DO UPDATE SET status = excluded.status, lead_agency = excluded.lead_agency,
        owner = excluded.owner, themes = excluded.themes, priority = excluded.priority, due_at = excluded.due_at,
        visible_to = excluded.visible_to, document = excluded.document
""")
_SAVE_REFERRALS = text("""
    INSERT INTO referrals (referral_id, reference, case_id, status, private_to, document)
    SELECT * FROM unnest(CAST(:ids AS uuid[]), CAST(:references AS text[]), CAST(:cases AS uuid[]),
        CAST(:statuses AS text[]), CAST(:private AS text[]), CAST(:documents AS json[]))
    ON CONFLICT (referral_id) DO UPDATE SET status = excluded.status, private_to = excluded.private_to,
        case_id = excluded.case_id, document = excluded.document
""")
_APPEND = text("""
    INSERT INTO case_events (event_id, case_id, sequence, type, at, private_to, document)
    SELECT * FROM unnest(CAST(:ids AS uuid[]), CAST(:cases AS uuid[]), CAST(:sequences AS integer[]),
        CAST(:types AS text[]), CAST(:times AS timestamptz[]), CAST(:private AS text[]), CAST(:documents AS json[]))
    ON CONFLICT DO NOTHING
""")
_CASE = text("SELECT document FROM cases WHERE reference = :reference")
_CASE_ID = text("SELECT case_id FROM cases WHERE reference = :reference")
_REFERRAL = text("SELECT document FROM referrals WHERE reference = :reference")
_HISTORY = text("""
    SELECT type, document FROM case_events WHERE case_id = :case AND sequence < coalesce(:before, 2147483647)
    ORDER BY sequence DESC LIMIT :most
""")
_UNTIL = text("""
    SELECT type, document FROM case_events WHERE case_id = :case AND at <= :at ORDER BY sequence DESC LIMIT :most
""")
_OF_CASE = text("SELECT document FROM referrals WHERE case_id = :case ORDER BY referral_id")
_PAGE = text("""
    SELECT document, opened_at, case_id FROM cases
    WHERE (CAST(:status AS text) IS NULL OR status = :status)
      AND (CAST(:theme AS text) IS NULL OR (CASE WHEN :theme = 'none' THEN themes = '{}' ELSE :theme = ANY(themes) END))
      AND (CAST(:lead AS text) IS NULL OR lead_agency = :lead)
      AND (opened_at, case_id) < (CAST(:before AS timestamptz), CAST(:before_id AS uuid))
    ORDER BY opened_at DESC, case_id DESC LIMIT :most
""")
_READ = text("INSERT INTO case_reads (case_id, reader, agency, at) VALUES (:case, :reader, :agency, :at)")


def _case(row: Any) -> tuple[str, Any]:
    return case_key(row.case_id), Case.model_validate(row.document)


def _referral(row: Any) -> tuple[str, Any]:
    return referral_key(row.referral_id), Referral.model_validate(row.document)


async def load(connection: AsyncConnection, marks: frozenset[str], keys: frozenset[str]) -> dict[str, Any]:
    """What a batch may touch: marks and links, the cases that they and `keys` name, locked in order, and their parts.

    A merged case is loaded with the one that it went into, and that one's people where it is found by a mark or link.
    """
    state = await marks_repository.load_marks(connection, marks, keys)
    matched = {str(match.case_id) for found in state.values() if isinstance(found, Matches) for match in found.cases}
    cases: dict[str, Any] = {}
    known: dict[str, str] | None = None
    while (links := _linked(state)) != known:
        matched |= set(links.values())
        await _lock(connection, cases, matched, keys)
        if links:
            # Whoever moves a report locks the case that it is in: it may have moved while we waited for that case.
            state |= await marks_repository.load_links(connection, keys)
        known = links
    state |= cases
    ids = [case.state.case_id for case in cases.values()]
    state |= await casefile_repository.load_parts(connection, ids, frozenset(matched), keys)
    state |= await meeting_repository.load(connection, keys)
    if referrals := named(keys, "referral:"):
        state |= dict(map(_referral, await connection.execute(_REFERRALS, {"keys": sorted(referrals)})))
    for case_id in named(keys, "referrals:"):
        state[referrals_key(case_id)] = tuple(await referrals_of(connection, UUID(case_id)))
    return state


def _linked(state: Mapping[str, Any]) -> dict[str, str]:
    """The case of each report that is in one."""
    return {key: str(found.case_id) for key, found in state.items() if isinstance(found, Link)}


async def _lock(connection: AsyncConnection, cases: dict[str, Any], matched: set[str], keys: frozenset[str]) -> None:
    """Lock and add to `cases` the matched ones and those that `keys` name, and those that these were merged into."""
    wanted = matched | set(named(keys, "case:"))
    while missing := sorted(wanted - {key.removeprefix("case:") for key in cases}):
        found = dict(map(_case, await connection.execute(_CASES, {"keys": missing})))
        cases |= found
        merged = [case.state for case in found.values() if case.state.merged_into is not None]
        wanted = {str(state.merged_into) for state in merged}
        matched |= {str(state.merged_into) for state in merged if str(state.case_id) in matched}


async def save(connection: AsyncConnection, changed: Mapping[str, Any]) -> None:
    """The final state of everything that changed, and the history's new events: one statement a table."""
    cases = [value for value in changed.values() if isinstance(value, Case)]
    if cases:
        await connection.execute(_SAVE_CASES, _case_columns(cases))
    referrals = [value for value in changed.values() if isinstance(value, Referral)]
    if referrals:
        await connection.execute(_SAVE_REFERRALS, _referral_columns(referrals))
    await casefile_repository.save_parts(connection, changed)
    await meeting_repository.save(connection, changed)
    happened = [value for value in changed.values() if isinstance(value, Happened)]
    if happened:
        await connection.execute(_APPEND, _event_columns(happened))


def _case_columns(cases: Sequence[Case]) -> dict[str, list[Any]]:
    states = [case.state for case in cases]
    return {
        "ids": [state.case_id for state in states],
        "references": [state.reference for state in states],
        "statuses": [str(state.status) for state in states],
        "leads": [state.lead_agency for state in states],
        "owners": [state.owner for state in states],
        "themes": [",".join(state.themes) for state in states],
        "priorities": [state.priority for state in states],
        "due": [state.due_at for state in states],
        "opened": [state.opened_at for state in states],
        "visible": [",".join(case.visible_to) for case in cases],
        "documents": [case.model_dump_json() for case in cases],
    }


def _referral_columns(referrals: Sequence[Referral]) -> dict[str, list[Any]]:
    states = [referral.state for referral in referrals]
    return {
        "ids": [state.referral_id for state in states],
        "references": [state.reference for state in states],
        "cases": [state.case_id for state in states],
        "statuses": [str(state.status) for state in states],
        "private": [state.private_to for state in states],
        "documents": [referral.model_dump_json() for referral in referrals],
    }


def _event_columns(happened: Sequence[Happened]) -> dict[str, list[Any]]:
    return {
        "ids": [each.event_id for each in happened],
        "cases": [each.event.case.case_id for each in happened],
        "sequences": [each.event.case.sequence for each in happened],
        "types": [each.type for each in happened],
        "times": [each.event.at for each in happened],
        "private": [each.event.referral.private_to if each.event.referral else None for each in happened],
        "documents": [each.event.model_dump_json(exclude_none=True) for each in happened],
    }


async def case_by_reference(connection: AsyncConnection, reference: str, at: datetime | None = None) -> Case | None:
    """The case as far as the session may see it; of one that was merged by `at`, or by now, the surviving case."""
    document = (await connection.execute(_CASE, {"reference": reference})).scalar_one_or_none()
    if document is None:
        return None
    case = Case.model_validate(document)
    state = case.state
    stood_alone = at is not None and state.closed_at is not None and at < state.closed_at
    into = None if stood_alone else state.merged_into_reference
    return (await case_by_reference(connection, into, at) if into else None) or case


async def case_id_of(connection: AsyncConnection, reference: str) -> UUID | None:
    """The id of the case itself, merged or not, as far as the session may see it."""
    found: UUID | None = (await connection.execute(_CASE_ID, {"reference": reference})).scalar_one_or_none()
    return found


async def referral_by_reference(connection: AsyncConnection, reference: str) -> Referral | None:
    """The referral, as far as the session may see its case."""
    document = (await connection.execute(_REFERRAL, {"reference": reference})).scalar_one_or_none()
    return None if document is None else Referral.model_validate(document)


async def history(
    connection: AsyncConnection, case_id: UUID, most: int, before: int | None = None
) -> list[dict[str, Any]]:
    """A page of a case's events, newest first, from before a sequence on."""
    rows = await connection.execute(_HISTORY, {"case": case_id, "most": most, "before": before})
    return [row.document | {"type": row.type} for row in rows]


async def history_until(connection: AsyncConnection, case_id: UUID, at: datetime, most: int) -> list[dict[str, Any]]:
    """All of a case's events up to a moment, newest first."""
    rows = await connection.execute(_UNTIL, {"case": case_id, "at": at, "most": most})
    return [row.document | {"type": row.type} for row in rows]


async def referrals_of(connection: AsyncConnection, case_id: UUID) -> list[Referral]:
    """A case's referrals."""
    rows = await connection.execute(_OF_CASE, {"case": case_id})
    return [Referral.model_validate(row.document) for row in rows]


async def page(connection: AsyncConnection, where: Mapping[str, Any]) -> Sequence[Any]:
    """Cases, newest first, from a row on."""
    return (await connection.execute(_PAGE, dict(where))).all()


async def note_reading(
    connection: AsyncConnection, case_id: UUID, reader: str, agency: str | None, at: datetime
) -> None:
    """Somebody opened the case."""
    await connection.execute(_READ, {"case": case_id, "reader": reader, "agency": agency, "at": at})
