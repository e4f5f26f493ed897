"""Cases and referrals by HTTP (`product.md`, "Cases"): lists, one, and commands on an expected version."""

import hashlib
from datetime import UTC, datetime
from functools import partial
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Header, Request, Response
from fastapi.responses import JSONResponse
from sqlalchemy.ext.asyncio import AsyncConnection

from schemas.codes import CaseStatus
from services.access.authentication import authenticated
from services.access.callers import Caller
from services.access.sharing import NOTHING_PERSONAL, Sight, sight_of
from services.kernel.http import FieldError, Problem
from services.kernel.process import Idempotency, Process, Replayed
from services.partnership.models import Partnership
from services.referrals import casefile_repository, repository, views
from services.referrals.casefile_api import as_known, moment, other_of, parts_of
from services.referrals.domain.casefile_commands import ON_CASEFILE
from services.referrals.domain.commands import ON_CASES, WITHOUT_VERSION
from services.referrals.domain.referral_commands import ON_REFERRALS
from services.referrals.domain.state import Case, Referral, Refused
from services.referrals.meeting_sharing import Reader
from services.referrals.messages import Command
from services.referrals.requests import body_of, given_at, missing, session_of, tidied, version_of
from services.referrals.step_views import steps_for

PAGE, TIMELINE, REPORTS = 100, 50, 200
COMMANDS = {**ON_CASES, **ON_CASEFILE}
_LAST = UUID(int=2**128 - 1)

router = APIRouter(prefix="/api/v1")
Staff = Annotated[Caller, authenticated("cases")]
IfMatch = Annotated[str | None, Header()]
Key = Annotated[str | None, Header()]


@router.get("/cases")
async def list_cases(
    request: Request,
    caller: Staff,
    status: CaseStatus | None = None,
    theme: str | None = None,
    lead_agency: str | None = None,
    after: str | None = None,
) -> dict[str, Any]:
    """Cases that the caller may see, newest first."""
    hub: Process = request.app.state.hub
    before, before_id = _cursor(after)
    where = {"status": status and str(status), "theme": theme, "lead": lead_agency}
    async with hub.database.reading(**session_of(caller)) as connection:
        rows = await repository.page(connection, where | {"before": before, "before_id": before_id, "most": PAGE})
    reader = Reader(caller, request.app.state.partnership)
    cases = [Case.model_validate(row.document) for row in rows]
    items = [views.case_summary(case, hub.clock(), reader.sight(case.state.themes)) for case in cases]
    following = f"{rows[-1].opened_at.isoformat()}~{rows[-1].case_id}" if len(rows) == PAGE else None
    return {"items": items, "next": following}


def _cursor(after: str | None) -> tuple[datetime, UUID]:
    if after is None:
        return datetime.max.replace(tzinfo=UTC), _LAST
    moment, _, identity = after.partition("~")
    try:
        return datetime.fromisoformat(moment.replace(" ", "+")), UUID(identity)
    except ValueError as error:
        wrong = FieldError("/after", "not-a-cursor", "Use the value of `next` as it came.")
        raise Problem(422, "invalid-field", wrong.message, errors=[wrong]) from error


@router.get("/cases/{reference}")
async def get_case(request: Request, caller: Staff, reference: str, as_known_at: str | None = None) -> dict[str, Any]:
    """One case with the newest of its timeline, or as it was known at a moment. The reading is recorded."""
    hub: Process = request.app.state.hub
    at = None if as_known_at is None else moment(as_known_at)
    async with hub.database.reading(**session_of(caller)) as connection:
        case = await repository.case_by_reference(connection, tidied(reference, "case"), at)
        if case is None:
            raise missing("case")
        if at is None:
            partnership: Partnership = request.app.state.partnership
            view = await _case_now(connection, case, sight_of(caller, case.state.themes, partnership), hub.clock())
        else:
            view = await as_known(connection, caller, hub, case, at)
    async with hub.database.writing() as connection:
        await repository.note_reading(connection, case.state.case_id, caller.id, caller.agency, hub.clock())
    return view


async def _case_now(connection: AsyncConnection, case: Case, sight: Sight, now: datetime) -> dict[str, Any]:
    case_id = case.state.case_id
    history = sight.events(await repository.history(connection, case_id, TIMELINE))
    reports = await casefile_repository.references_of(connection, case_id, REPORTS)
    referrals = await repository.referrals_of(connection, case_id)
    return views.case_view(case, history, reports, referrals, now, sight) | await parts_of(connection, case, sight)


@router.get("/referrals/{reference}")
async def get_referral(request: Request, caller: Staff, reference: str) -> dict[str, Any]:
    """One referral with its clock."""
    async with request.app.state.hub.database.reading(**session_of(caller)) as connection:
        referral = await repository.referral_by_reference(connection, tidied(reference, "referral"))
        if referral is None:
            raise missing("referral")
        case = await repository.case_by_reference(connection, referral.state.case_reference)
    partnership: Partnership = request.app.state.partnership
    sight = sight_of(caller, case.state.themes, partnership) if case else NOTHING_PERSONAL
    more = views.referral_more(referral, partnership, request.app.state.hub.clock())
    steps = {"steps": steps_for(caller, case, referral, partnership)} if case else {}
    return views.referral_view(referral) | sight.referral(more) | steps


@router.post("/cases/{reference}/referrals")
async def refer_case(
    request: Request, caller: Staff, reference: str, if_match: IfMatch = None, idempotency_key: Key = None
) -> Response:
    """Refer the case to a panel or a destination."""
    return await command_case(request, caller, reference, "refer", if_match, idempotency_key)


@router.post("/cases/{reference}/drafts")
async def draft_referral(
    request: Request, caller: Staff, reference: str, if_match: IfMatch = None, idempotency_key: Key = None
) -> Response:
    """Begin a referral that only the author's agency knows of; unsent, it goes after 90 days (a default)."""
    return await command_case(request, caller, reference, "draft", if_match, idempotency_key)


@router.post("/cases/{reference}/{name}")
async def command_case(
    request: Request, caller: Staff, reference: str, name: str, if_match: IfMatch = None, idempotency_key: Key = None
) -> Response:
    """Take, assign, note, reroute, close, reopen or acknowledge."""
    if name not in COMMANDS:
        raise Problem(404, "not-found", f"There is no such command. There are {', '.join(sorted(COMMANDS))}.")
    body = await body_of(request, COMMANDS[name][0])
    async with request.app.state.hub.database.reading(**session_of(caller)) as connection:
        case = await repository.case_by_reference(connection, tidied(reference, "case"))
        if case is None:
            raise missing("case")
        other = await other_of(connection, case, name, body)
    version = None if name in WITHOUT_VERSION else version_of(if_match)
    return await _carried_out(request, caller, case, None, name, body, version, idempotency_key, other)


@router.post("/referrals/{reference}/{name}")
async def command_referral(
    request: Request, caller: Staff, reference: str, name: str, if_match: IfMatch = None, idempotency_key: Key = None
) -> Response:
    """A step of the referral: `GET` it for those that can be taken now."""
    if name not in ON_REFERRALS:
        raise Problem(404, "not-found", f"There is no such command. There are {', '.join(sorted(ON_REFERRALS))}.")
    body = await body_of(request, ON_REFERRALS[name])
    async with request.app.state.hub.database.reading(**session_of(caller)) as connection:
        referral = await repository.referral_by_reference(connection, tidied(reference, "referral"))
        if referral is None:
            raise missing("referral")
        case = await repository.case_by_reference(connection, referral.state.case_reference)
    if case is None:
        raise missing("referral")
    return await _carried_out(request, caller, case, referral, name, body, version_of(if_match), idempotency_key)


async def _carried_out(
    request: Request,
    caller: Caller,
    case: Case,
    referral: Referral | None,
    name: str,
    body: dict[str, Any],
    version: int | None,
    key: str | None,
    other: UUID | None = None,
) -> Response:
    hub: Process = request.app.state.hub
    now = hub.clock()
    command = Command(
        case_id=case.state.case_id,
        referral_id=referral.state.referral_id if referral else None,
        other_id=other,
        version=version,
        name=name,
        body=body,
        by=caller.actor(),
        agencies=tuple(sorted(caller.agencies)),
        sees_all=caller.sees_all,
        at=given_at(request, now, demonstration=hub.settings.demonstration),
    )
    known, sight = None, sight_of(caller, case.state.themes, request.app.state.partnership)
    if key is not None:
        digest = hashlib.sha256(command.model_dump_json(include={"body", "version"}).encode()).digest()
        render = partial(views.rendered, sent=body, now=now, sight=sight)
        known = Idempotency(caller.id, request.url.path, key, digest, render)
    answer = await hub.handle(command, subject=str(case.state.case_id), idempotency=known)
    if isinstance(answer, Replayed):
        media = "application/json" if answer.status < 400 else "application/problem+json"
        return Response(answer.body, answer.status, {"Idempotent-Replayed": "true"}, media)
    if isinstance(answer, Refused):
        raise views.refused(answer, body, now, sight)
    made = views.done(answer, now, sight)
    return JSONResponse(made, headers={"ETag": f'"{made["version"]}"'})
