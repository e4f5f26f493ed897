"""The ladder of a case by HTTP: what was offered and taken, what could be taken now and what stands in its way."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request
from sqlalchemy.ext.asyncio import AsyncConnection

from services.access.authentication import authenticated
from services.access.callers import Caller
from services.access.sharing import sight_of
from services.kernel.process import Process
from services.partnership.models import Partnership
from services.referrals import casefile_repository, evidence, ladder_view, repository
from services.referrals.domain.parts import CasePerson
from services.referrals.domain.state import Case
from services.referrals.requests import missing, session_of, tidied

EVENTS_AT_MOST, PEOPLE_AT_MOST = 20_000, 200

router = APIRouter(prefix="/api/v1")
Staff = Annotated[Caller, authenticated("cases")]
Subject = Annotated[str | None, Query(max_length=80)]


async def _found(request: Request, caller: Caller, reference: str) -> tuple[Case, list[Any], list[CasePerson]]:
    hub: Process = request.app.state.hub
    async with hub.database.reading(**session_of(caller)) as connection:
        case = await repository.case_by_reference(connection, tidied(reference, "case"))
        if case is None:
            raise missing("case")
        events = await _history(connection, case.state.reference, case.state.case_id)
        people = await casefile_repository.people_of(connection, case.state.case_id, PEOPLE_AT_MOST)
        there = [each for each in people if not each.gone]
    async with hub.database.writing() as connection:
        await repository.note_reading(connection, case.state.case_id, caller.id, caller.agency, hub.clock())
    return case, events, there


async def _history(connection: AsyncConnection, reference: str, case_id: UUID) -> list[Any]:
    """The events of a case and of those that went into it: their evidence stands in their own histories."""
    events = await repository.history(connection, case_id, EVENTS_AT_MOST)
    for gone in evidence.merged(events, reference):
        identity = await repository.case_id_of(connection, gone)
        events += await _history(connection, gone, identity) if identity else []
    return events


@router.get("/cases/{reference}/ladder")
async def get_ladder(request: Request, caller: Staff, reference: str, subject: Subject = None) -> dict[str, Any]:
    """Help that was offered, steps that were taken, and of every other step what stands in its way for the caller."""
    partnership: Partnership = request.app.state.partnership
    now: datetime = request.app.state.hub.clock()
    case, _, people = await _found(request, caller, reference)
    return ladder_view.ladder(case, people, partnership, officer=caller.id, subject=subject, now=now)


@router.get("/cases/{reference}/evidence")
async def get_evidence(request: Request, caller: Staff, reference: str, subject: Subject = None) -> dict[str, Any]:
    """The evidence pack: every report, offer, step, breach and fact, oldest first."""
    case, events, _ = await _found(request, caller, reference)
    partnership: Partnership = request.app.state.partnership
    sight = sight_of(caller, case.state.themes, partnership)
    items = evidence.pack(events, case, partnership, subject, sight)
    made = {"case": case.state.reference, "made_at": request.app.state.hub.clock().isoformat()}
    return made | {"items": items, "withheld": sight.withheld}
