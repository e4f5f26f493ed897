"""Cases by HTTP beside their commands: the older timeline, the case as known at a moment, many cases moved at once."""

import hashlib
import json
from datetime import datetime
from functools import partial
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Header, Query, Request
from pydantic import TypeAdapter, ValidationError
from sqlalchemy.ext.asyncio import AsyncConnection

from schemas.casefile import AssignMany, Moved
from schemas.submission import Moment
from services.access.authentication import authenticated
from services.access.callers import Caller
from services.access.sharing import Sight, sight_of
from services.kernel.http import FieldError, Problem
from services.kernel.process import Idempotency, Process, Replayed
from services.kernel.references import ReferenceMistyped, tidy_reference
from services.referrals import casefile_repository, casefile_views, repository, views
from services.referrals.domain import history
from services.referrals.domain.routes import PRIVATE
from services.referrals.domain.state import Case, Done, Refused
from services.referrals.messages import Command
from services.referrals.requests import body_of, missing, session_of, tidied

MOVERS = {"duty-manager"}
PAGE, FOLDED_AT_MOST, PARTS = 50, 20_000, 200

router = APIRouter(prefix="/api/v1")
Staff = Annotated[Caller, authenticated("cases")]
Key = Annotated[str | None, Header()]
_MOMENT: TypeAdapter[datetime] = TypeAdapter(Moment)


def moment(text: str) -> datetime:
    """A past moment with its offset. Raises a 422 problem."""
    try:
        return _MOMENT.validate_python(text.replace(" ", "+"))
    except ValidationError as error:
        wrong = FieldError("/as_known_at", "not-a-time", "Give a time with its offset, such as 2026-03-02T09:00:00Z.")
        raise Problem(422, "invalid-field", wrong.message, errors=[wrong]) from error


async def parts_of(connection: AsyncConnection, case: Case, sight: Sight) -> dict[str, Any]:
    """Tasks, people and proposals of a case, as far as the session and the reader's agreement let her see them."""
    case_id = case.state.case_id
    return sight.hanging(
        casefile_views.parts_view(
            case,
            await casefile_repository.tasks_of(connection, case_id, PARTS),
            await casefile_repository.people_of(connection, case_id, PARTS),
            await casefile_repository.proposals_of(connection, case_id, PARTS),
        )
    )


async def other_of(connection: AsyncConnection, case: Case, name: str, body: dict[str, Any]) -> UUID | None:
    """The other case that a merge or an answer to a proposal is about, if the session may see it."""
    if name == "merge":
        try:
            other = await repository.case_by_reference(connection, tidy_reference(body["into"]))
        except ReferenceMistyped:
            return None
        return other.state.case_id if other else None
    if name not in ("confirm-join", "refuse-join"):
        return None
    found = await casefile_repository.proposal(connection, UUID(body["proposal"]))
    if found is None:
        return None
    sides = (found.state.case_id, found.state.other_case_id)
    return sides[1] if sides[0] == case.state.case_id else sides[0]


async def as_known(connection: AsyncConnection, caller: Caller, hub: Process, case: Case, at: datetime) -> Any:
    """The case folded from its history up to a moment, if one of her agencies could see it then. Raises 404."""
    events = await repository.history_until(connection, case.state.case_id, at, FOLDED_AT_MOST)
    known = history.folded(reversed(events))
    rules = await hub.stage.rules(connection, {})
    if known.state is None or not (caller.sees_all or known.seen_by(caller.agencies, rules.partnership)):
        raise missing("case")
    sight = sight_of(caller, known.state.themes, rules.partnership)
    return sight.hanging(casefile_views.known_view(known, known.state, sight.events(events), at, sight))


@router.get("/cases/{reference}/parts")
async def parts(request: Request, caller: Staff, reference: str) -> dict[str, Any]:
    """What hangs on a case: tasks, people, proposals, and the references of its newest reports."""
    async with request.app.state.hub.database.reading(**session_of(caller)) as connection:
        case = await repository.case_by_reference(connection, tidied(reference, "case"))
        if case is None:
            raise missing("case")
        reports = await casefile_repository.references_of(connection, case.state.case_id, PARTS)
        referrals = await repository.referrals_of(connection, case.state.case_id)
        drafts = [each.state.reference for each in referrals if each.state.status in PRIVATE]
        found = {"reference": case.state.reference, "reports": reports, "drafts": drafts}
        sight = sight_of(caller, case.state.themes, request.app.state.partnership)
        return found | await parts_of(connection, case, sight)


@router.get("/cases/{reference}/timeline")
async def older(
    request: Request, caller: Staff, reference: str, before: Annotated[int | None, Query(ge=1)] = None
) -> dict[str, Any]:
    """A page of the timeline, newest first, from before a sequence number on."""
    async with request.app.state.hub.database.reading(**session_of(caller)) as connection:
        case = await repository.case_by_reference(connection, tidied(reference, "case"))
        if case is None:
            raise missing("case")
        events = await repository.history(connection, case.state.case_id, PAGE, before)
    following = events[-1]["case"]["sequence"] if len(events) == PAGE else None
    sight = sight_of(caller, case.state.themes, request.app.state.partnership)
    return {"items": views.timeline(sight.events(events)), "next": following}


@router.post("/cases/assign")
async def assign_many(request: Request, caller: Staff, idempotency_key: Key = None) -> dict[str, Any]:
    """An absent colleague's cases to somebody else: one transaction a case, an outcome for each. Duty managers only."""
    if not MOVERS & caller.roles:
        raise Problem(403, "duty-manager-only", "Only a duty manager moves many cases at once.")
    body = AssignMany.model_validate(await body_of(request, AssignMany))
    items = [await _assign(request, caller, body.owner, each, idempotency_key) for each in body.cases]
    return {"items": items, "assigned": sum(item["outcome"] == "assigned" for item in items)}


async def _assign(request: Request, caller: Caller, owner: str, each: Moved, key: str | None) -> dict[str, Any]:
    hub: Process = request.app.state.hub
    async with hub.database.reading(**session_of(caller)) as connection:
        case = await _find(connection, each.reference)
    if case is None:
        return {"reference": each.reference, "outcome": "not-found"}
    reference = case.state.reference
    command = Command(
        case_id=case.state.case_id,
        version=each.version,
        name="assign",
        body={"owner": owner},
        by=caller.actor(),
        agencies=tuple(sorted(caller.agencies)),
        sees_all=caller.sees_all,
    )
    known = None
    if key is not None:
        digest = hashlib.sha256(command.model_dump_json(include={"body", "version"}).encode()).digest()
        kept = partial(_kept, reference)
        known = Idempotency(caller.id, request.url.path, f"{key}/{reference}", digest, kept)
    answer = await hub.handle(command, subject=str(case.state.case_id), idempotency=known)
    if isinstance(answer, Replayed):
        replayed: dict[str, Any] = json.loads(answer.body)
        return replayed
    return casefile_views.outcome(reference, answer)


async def _find(connection: AsyncConnection, reference: str) -> Case | None:
    try:
        return await repository.case_by_reference(connection, tidy_reference(reference))
    except ReferenceMistyped:
        return None


def _kept(reference: str, answer: Done | Refused) -> tuple[int, str]:
    status = 200 if isinstance(answer, Done) else views.STATUS[answer.kind]
    return status, json.dumps(casefile_views.outcome(reference, answer))
