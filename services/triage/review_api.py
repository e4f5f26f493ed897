"""The reports in review, page by page for who may answer them, a person's answer to one, and the rules' own figures."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field

from schemas.codes import ReviewAnswer
from services.access.authentication import authenticated
from services.access.callers import Caller
from services.access.sharing import sight_of
from services.kernel.http import Problem
from services.kernel.process import Process
from services.partnership.models import Partnership
from services.triage import repository
from services.triage.domain.deciding import Rules
from services.triage.domain.handling import sighting_keys
from services.triage.domain.quality import figures, spoken_for
from services.triage.domain.reviewing import Refused, known_destinations
from services.triage.domain.sampling import NotChecked
from services.triage.domain.state import Decided
from services.triage.domain.undoing import NotUndone, undo_until
from services.triage.messages import ResolveReview, UndoReview
from services.triage.review_views import earlier_ones, fired, may_see, stands, view

PAGE = 50
_FIRST = UUID(int=0)

router = APIRouter(prefix="/internal")
Reviewer = Annotated[Caller, authenticated("cases")]


class Answer(BaseModel):
    """A person's answer to a report in review."""

    model_config = ConfigDict(extra="forbid")
    version: int
    action: ReviewAnswer
    themes: tuple[str, ...] = Field((), max_length=8)
    destination: str | None = Field(None, max_length=200)
    case: str | None = Field(None, max_length=20)
    reason: str = Field(min_length=1, max_length=1000)


class Undo(BaseModel):
    """The decision that the answer made, by its version."""

    model_config = ConfigDict(extra="forbid")
    version: int


@router.get("/reviews")
async def list_reviews(request: Request, caller: Reviewer, after: str | None = None) -> dict[str, Any]:
    """Reports that wait for a person, oldest first, as her agreement shows them; `after` is the `next` of a page."""
    hub: Process = request.app.state.hub
    rights: dict[str, Any] = {"agencies": sorted(caller.agencies), "sees_all": caller.sees_all}
    moment, identity = _place(after)
    async with hub.database.writing() as connection:
        where = {"after": moment, "after_id": identity, "most": PAGE, **rights}
        found = await repository.reviews(connection, where)
        count = await repository.waiting(connection, rights)
    return {"items": [seen(request, caller, each.decided) for each in found], "next": _next(found), "waiting": count}


def seen(request: Request, caller: Caller, decided: Decided) -> dict[str, Any]:
    """The report as the caller's sharing agreement shows it."""
    partnership = partnership_of(request)
    return view(decided, partnership, sight_of(caller, decided.decision.settled_themes, partnership))


def partnership_of(request: Request) -> Partnership:
    found: Partnership = request.app.state.partnership
    return found


def _place(after: str | None) -> tuple[datetime, UUID]:
    """Where a page begins. Raises a 422 problem for what is no place."""
    if after is None:
        return datetime.min.replace(tzinfo=UTC), _FIRST
    moment, _, identity = after.partition("_")
    try:
        return datetime.fromisoformat(moment), UUID(identity)
    except ValueError as error:
        raise Problem(422, "after-unreadable", "Use the `next` of the page before.") from error


def _next(found: Sequence[repository.Placed]) -> str | None:
    if len(found) < PAGE:
        return None
    last = found[-1]
    return f"{last.received_at.isoformat()}_{last.decided.report.report_id}"


@router.get("/reviews/{reference}")
async def one_review(request: Request, caller: Reviewer, reference: str) -> dict[str, Any]:
    """One report as it was decided, with the decisions before it, latest first."""
    hub: Process = request.app.state.hub
    async with hub.database.writing() as connection:
        known = await repository.by_reference(connection, reference)
        if known is None or not (may_see(caller, known) or _hers(caller, known)):
            raise Problem(404, "not-found", "There is no report with this reference for you.")
        before = await repository.history(connection, known.report.report_id)
        rules: Rules = await request.app.state.keeper.active(connection)
        rows = await request.app.state.keeper.rows.of(connection, known.decision.rule_set)
        tallies = await repository.rule_tallies(connection)
    until = undo_until(known, partnership_of(request)) if _hers(caller, known) else None
    more = {
        "hers": _hers(caller, known),
        "undo_until": until.isoformat() if until and until > hub.clock() else None,
        "fired": fired(known, rows, rules.partnership, tallies),
        "destinations": sorted(known_destinations(rules)),
        "history": earlier_ones(caller, known, before, rules.partnership),
    }
    return seen(request, caller, known) | more


@router.get("/rules/quality", dependencies=[authenticated("cases")])
async def rule_quality(request: Request) -> dict[str, Any]:
    """How often each rule fired, and how often a person agreed with it or overrode it."""
    hub: Process = request.app.state.hub
    async with hub.database.writing() as connection:
        sampled = await repository.sample_tallies(connection)
        return {"items": figures(await repository.rule_tallies(connection)), "samples": sampled}


def _hers(caller: Caller, decided: Decided) -> bool:
    """Whether she gave the answer that stands, whoever leads now."""
    return decided.answer is not None and decided.decided_by == caller.id


@router.post("/reviews/{reference}")
async def answer_review(request: Request, caller: Reviewer, reference: str, answer: Answer) -> dict[str, Any]:
    """Confirm, change with a reason, or name whose it is."""
    hub: Process = request.app.state.hub
    known = await answerable(hub, caller, reference, answer.version)
    command = ResolveReview(
        report_id=known.report.report_id,
        by=caller.actor(),
        keys=tuple(sorted(sighting_keys(known.report, known.personal))),
        spoke=await spoken(request, known),
        **answer.model_dump(),
    )
    decided = await hub.handle(command, subject=str(command.report_id))
    if isinstance(decided, Refused):
        raise refused(decided)
    return seen(request, caller, decided)


async def answerable(hub: Process, caller: Caller, reference: str, version: int) -> Decided:
    """The report, for who may see it now or saw the version that she answers. Raises a 404 problem."""
    async with hub.database.writing() as connection:
        known = await repository.by_reference(connection, reference)
        before = await repository.history(connection, known.report.report_id) if known else []
    hers = [each for each in (known, *before) if each is not None and (each is known or each.version == version)]
    if known is None or not (_hers(caller, known) or any(may_see(caller, each) for each in hers)):
        raise Problem(404, "not-found", "There is no report with this reference for you.")
    return known


async def spoken(request: Request, known: Decided) -> dict[str, str]:
    """The theme that each of its rules spoke for, by the rule set that decided it."""
    hub: Process = request.app.state.hub
    async with hub.database.writing() as connection:
        rows = await request.app.state.keeper.rows.of(connection, known.decision.rule_set)
    return spoken_for(known.decision.rules, rows)


@router.post("/reviews/{reference}/undo")
async def undo_review(request: Request, caller: Reviewer, reference: str, undo: Undo) -> dict[str, Any]:
    """Who answered takes the answer back, within a stated time: the report waits again as it did."""
    hub: Process = request.app.state.hub
    known = await answerable(hub, caller, reference, undo.version)
    command = UndoReview(report_id=known.report.report_id, version=undo.version, by=caller.actor())
    decided = await hub.handle(command, subject=str(command.report_id))
    if isinstance(decided, NotUndone):
        raise refused(decided)
    return seen(request, caller, decided)


def refused(refusal: Refused | NotUndone | NotChecked) -> Problem:
    """A stale answer says how the report stands now, so that both can be shown."""
    if refusal.current is None:
        return Problem(422, refusal.code, refusal.message)
    now = refusal.current
    return Problem(412, refusal.code, refusal.message, extra={"current": stands(now), "version": now.version})
