"""Panels' meetings by HTTP: lists, one with its agenda, a case pack, commands; for members of its panel, else 404."""

import hashlib
from datetime import datetime
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Header, Request, Response
from fastapi.responses import JSONResponse
from sqlalchemy.ext.asyncio import AsyncConnection

from schemas.meeting import ScheduleMeeting
from services.access.authentication import authenticated
from services.access.callers import Caller
from services.access.sharing import Sight, sight_of
from services.kernel.http import Problem
from services.kernel.process import Idempotency, Process, Replayed
from services.partnership.lookups import UnknownCode
from services.partnership.models import Partnership
from services.referrals import meeting_repository, meeting_views, repository, views
from services.referrals.casefile_api import parts_of
from services.referrals.domain.meeting_days import meeting_id, next_at
from services.referrals.domain.meeting_state import Meeting
from services.referrals.domain.meetings import COMMANDS
from services.referrals.domain.state import Case, Referral
from services.referrals.meeting_sharing import Reader
from services.referrals.messages import MeetingCommand
from services.referrals.requests import body_of, missing, session_of, tidied, version_of

PACK_TIMELINE = 30
VERSIONED = ("attendance", "decision", "sign-off")
"""What replaces something, or stands on it, names the version that was seen; an action is only added."""

router = APIRouter(prefix="/api/v1")
Staff = Annotated[Caller, authenticated("cases")]
IfMatch = Annotated[str | None, Header()]
Key = Annotated[str | None, Header()]


@router.get("/meetings")
async def list_meetings(request: Request, caller: Staff, panel: str | None = None) -> dict[str, Any]:
    """The meetings of the caller's panels, latest first."""
    async with request.app.state.hub.database.reading(**session_of(caller)) as connection:
        found = await meeting_repository.meetings(connection, panel)
    partnership: Partnership = request.app.state.partnership
    return {"items": [meeting_views.summary(each, partnership) for each in found], "next": None}


async def _meeting(connection: AsyncConnection, identity: str) -> Meeting:
    found = await meeting_repository.meeting(connection, identity)
    if found is None:
        raise missing("meeting")
    return found


@router.get("/meetings/{identity}")
async def get_meeting(request: Request, caller: Staff, identity: str) -> dict[str, Any]:
    """A meeting: who is there, what is due, what was minuted; of cases that the caller may not see, nothing."""
    hub: Process = request.app.state.hub
    async with hub.database.reading(**session_of(caller)) as connection:
        meeting = await _meeting(connection, identity)
        agenda = await meeting_repository.agenda(connection, identity)
        minutes = await meeting_repository.minutes(connection, identity)
        actions, earlier = await meeting_repository.actions(connection, identity)
    reader = Reader(caller, request.app.state.partnership)
    return meeting_views.whole(meeting, agenda, minutes, actions, earlier, reader, hub.clock())


@router.get("/meetings/{identity}/packs/{reference}")
async def get_pack(request: Request, caller: Staff, identity: str, reference: str) -> dict[str, Any]:
    """The case pack of an item, as the caller's sharing agreement lets her see it. The reading is recorded."""
    hub: Process = request.app.state.hub
    partnership: Partnership = request.app.state.partnership
    now = hub.clock()
    async with hub.database.reading(**session_of(caller)) as connection:
        await _meeting(connection, identity)
        found = {each.referral.state.reference: each for each in await meeting_repository.agenda(connection, identity)}
        if tidied(reference, "referral") not in found:
            raise missing("referral")
        item = found[tidied(reference, "referral")]
        sight = sight_of(caller, item.case.state.themes, partnership)
        pack = await _pack(connection, item.referral, item.case, sight, partnership, now)
    async with hub.database.writing() as connection:
        await repository.note_reading(connection, item.case.state.case_id, caller.id, caller.agency, now)
    return pack


async def _pack(
    connection: AsyncConnection, referral: Referral, case: Case, sight: Sight, partnership: Partnership, now: datetime
) -> dict[str, Any]:
    history = sight.events(await repository.history(connection, case.state.case_id, PACK_TIMELINE))
    more = sight.referral(views.referral_more(referral, partnership, now))
    return (
        views.case_summary(case, now, sight)
        | {"referral": views.referral_view(referral) | more}
        | {"timeline": views.timeline(history)}
        | await parts_of(connection, case, sight)
    )


@router.post("/meetings")
async def schedule_meeting(request: Request, caller: Staff, idempotency_key: Key = None) -> Response:
    """A meeting of the caller's panel: at a time, or the next one of the panel's own rhythm."""
    body = await body_of(request, ScheduleMeeting)
    partnership: Partnership = request.app.state.partnership
    try:
        panel = partnership.panel(body["panel"])
    except UnknownCode as error:
        raise missing("panel") from error
    asked = datetime.fromisoformat(body["at"]) if "at" in body else None
    at = asked or next_at(panel, request.app.state.hub.clock(), partnership.zone)
    identity = meeting_id(panel.code, at, partnership.zone) if at else panel.code
    command = _command(caller, identity, "schedule", body).model_copy(update={"at": at})
    return await _carried_out(request, command, idempotency_key)


@router.post("/meetings/{identity}/{name}")
async def command_meeting(
    request: Request, caller: Staff, identity: str, name: str, if_match: IfMatch = None, idempotency_key: Key = None
) -> Response:
    """Note attendance, minute a decision, give an action, sign off."""
    if name not in COMMANDS or name == "schedule":
        raise Problem(404, "not-found", f"There is no such command. There are {', '.join(sorted(COMMANDS))}.")
    body = await body_of(request, COMMANDS[name][0])
    command = _command(caller, identity, name, body)
    async with request.app.state.hub.database.reading(**session_of(caller)) as connection:
        await _meeting(connection, identity)
        if "referral" in body:
            referral = await repository.referral_by_reference(connection, tidied(body["referral"], "referral"))
            if referral is None:
                raise missing("referral")
            state = referral.state
            command = command.model_copy(update={"case_id": state.case_id, "referral_id": state.referral_id})
    if name in VERSIONED:
        command = command.model_copy(update={"version": version_of(if_match)})
    return await _carried_out(request, command, idempotency_key)


def _command(caller: Caller, identity: str, name: str, body: dict[str, Any]) -> MeetingCommand:
    return MeetingCommand(
        meeting_id=identity,
        name=name,
        body=body,
        by=caller.actor(),
        agencies=tuple(sorted(caller.agencies)),
        sees_all=caller.sees_all,
    )


async def _carried_out(request: Request, command: MeetingCommand, key: str | None) -> Response:
    hub: Process = request.app.state.hub
    partnership: Partnership = request.app.state.partnership
    now, body = hub.clock(), command.body
    known = None
    if key is not None:
        digest = hashlib.sha256(command.model_dump_json(include={"body", "version"}).encode()).digest()
        render = partial(meeting_views.rendered, sent=body, partnership=partnership, now=now)
        known = Idempotency(command.by.id, request.url.path, key, digest, render)
    answer = await hub.handle(command, subject=command.meeting_id, idempotency=known)
    if isinstance(answer, Replayed):
        media = "application/json" if answer.status < 400 else "application/problem+json"
        return Response(answer.body, answer.status, {"Idempotent-Replayed": "true"}, media)
    made = meeting_views.answered(answer, body, partnership, now)
    if isinstance(made, Problem):
        raise made
    return JSONResponse(made, headers={"ETag": f'"{made["version"]}"'})
