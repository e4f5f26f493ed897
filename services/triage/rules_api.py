"""What the desk asks of triage's rules: versions, documents, a change to a draft, each step of a version."""

import asyncio
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, ConfigDict, Field

from services.access.authentication import authenticated
from services.access.callers import Caller
from services.kernel.http import FieldError, Problem
from services.kernel.process import Process
from services.triage import rule_repository
from services.triage.domain.rule_edits import Edit, edited
from services.triage.domain.rule_force import NotDone
from services.triage.domain.rule_versions import Action, EditRefused, Head, MoveRuleSet, SaveDraft, Text
from services.triage.keeping import RuleKeeper
from services.triage.rule_set import digest_of

ROLES = frozenset({"analyst", "duty-manager"})
"""Who may change the rules: a default, not Luton policy. Approval needs a second one of them."""
STATUS = {"not-found": 404, "version-stale": 412}

router = APIRouter(prefix="/internal/rules")


async def _analyst(caller: Annotated[Caller, authenticated("cases")]) -> Caller:
    """A person whose role lets her read and change the rules. Raises a 403 problem."""
    if caller.kind != "person" or not caller.roles & ROLES:
        raise Problem(403, "not-an-analyst", "Only analysts and the duty manager may see and change the rules.")
    return caller


Analyst = Annotated[Caller, Depends(_analyst)]


class Change(BaseModel):
    """A change to a draft of `version`; on a version that is no draft it begins a new one, with a reason."""

    model_config = ConfigDict(extra="forbid")
    version: int = 0
    reason: str = Field("", max_length=1000)
    edit: Annotated[Edit, Field(discriminator="kind")] | None = None


class Step(BaseModel):
    """One step of a version."""

    model_config = ConfigDict(extra="forbid")
    version: int
    reason: str = Field("", max_length=1000)
    effective_from: datetime | None = None


@router.get("")
async def list_rules(request: Request, caller: Analyst) -> dict[str, Any]:
    """Every version, latest first, and what is in force in this process."""
    hub: Process = request.app.state.hub
    keeper: RuleKeeper = request.app.state.keeper
    async with hub.database.writing() as connection:
        found = await rule_repository.heads(connection)
        rules = await keeper.active(connection)
    items = [head.model_dump(mode="json") for head in reversed(found)]
    return {"items": items, "in_force": rules.rule_set, "trouble": keeper.trouble}


async def version_of(request: Request, number: int) -> tuple[Head, Text]:
    """A version and its documents. Raises a 404 problem."""
    hub: Process = request.app.state.hub
    async with hub.database.writing() as connection:
        head = next((each for each in await rule_repository.heads(connection) if each.number == number), None)
        texts = await rule_repository.documents(connection, [number])
    if head is None:
        raise Problem(404, "not-found", "There is no rule set with this number.")
    return head, texts[number]


@router.get("/{number}")
async def one_version(request: Request, caller: Analyst, number: int) -> dict[str, Any]:
    """A version with its documents, and what keeps it from deciding."""
    head, text = await version_of(request, number)
    keeper: RuleKeeper = request.app.state.keeper
    documents = keeper.with_golden(text.documents)
    now = request.app.state.hub.clock()
    failing = await asyncio.to_thread(keeper.check, documents, now)
    found = {"documents": documents, "failing": list(failing), "golden": keeper.golden_of(documents, now)}
    return {"head": head.model_dump(mode="json"), **found}


@router.post("/{number}")
async def change(request: Request, caller: Analyst, number: int, sent: Change) -> dict[str, Any]:
    """A changed row, list of words or golden case, kept in a draft once every cell is right."""
    head, text = await version_of(request, number)
    keeper: RuleKeeper = request.app.state.keeper
    before = keeper.with_golden(text.documents)
    try:
        documents = edited(before, sent.edit) if sent.edit else before
    except EditRefused as refused:
        raise Problem(422, "edit-refused", str(refused)) from refused
    await _refuse_mistakes(keeper, documents, request.app.state.hub.clock())
    draft = head.status == "draft"
    command = SaveDraft(
        number=number if draft else None,
        version=sent.version,
        based_on=None if draft else number,
        documents=documents,
        digest=digest_of(documents),
        reason=sent.reason,
        by=caller.actor(),
    )
    return await _carried_out(request, command)


async def _refuse_mistakes(keeper: RuleKeeper, documents: dict[str, str], now: datetime) -> None:
    found = await asyncio.to_thread(keeper.mistakes, documents, now)
    if found:
        errors = [
            FieldError("/" + "/".join(part or "" for part in each.cell or (each.file,)), "rule-mistaken", each.message)
            for each in found
        ]
        raise Problem(422, "rules-mistaken", "It was not saved. Mend what is named.", errors=errors)


@router.post("/{number}/{action}")
async def step(request: Request, caller: Analyst, number: int, action: Action, sent: Step) -> dict[str, Any]:
    """Propose, send back, approve, publish (now or on a day), roll back, discard."""
    if action in ("propose", "publish", "roll-back"):
        _, text = await version_of(request, number)
        await asyncio.to_thread(request.app.state.keeper.check, text.documents, request.app.state.hub.clock())
    when = sent.effective_from.astimezone(UTC) if sent.effective_from else None
    command = MoveRuleSet(
        number=number,
        version=sent.version,
        action=action,
        reason=sent.reason,
        effective_from=when,
        by=caller.actor(),
    )
    return await _carried_out(request, command)


async def _carried_out(request: Request, command: SaveDraft | MoveRuleSet) -> dict[str, Any]:
    hub: Process = request.app.state.hub
    done = await hub.handle(command, subject="rules")
    if isinstance(done, NotDone):
        errors = [FieldError("", "rule-fails", problem) for problem in done.problems]
        extra = {"version": done.version}
        raise Problem(STATUS.get(done.code, 422), done.code, done.message, errors=errors, extra=extra)
    head: Head = done
    return head.model_dump(mode="json")
