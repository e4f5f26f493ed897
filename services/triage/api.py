"""What the other services ask of triage: an explanation, the reports in review, and a person's answer to one."""

import json
from datetime import UTC, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from schemas.events import Actor
from services.access.authentication import authenticated, operations_only
from services.access.callers import Caller
from services.kernel.http import Problem
from services.kernel.process import Process
from services.triage import repository
from services.triage.domain.handling import Refused
from services.triage.domain.state import Decided
from services.triage.explain import decision_view, explained
from services.triage.messages import ResolveReview

PAGE = 50
_FIRST = UUID(int=0)

router = APIRouter(prefix="/internal")
Reviewer = Annotated[Caller, authenticated("cases")]


class Answer(BaseModel):
    """A person's answer to a report in review."""

    model_config = ConfigDict(extra="forbid")
    version: int
    action: Literal["confirm", "change", "not-ours"]
    themes: tuple[str, ...] = ()
    destination: str | None = Field(None, max_length=200)
    reason: str = Field(min_length=1, max_length=1000)


@router.post("/explain", dependencies=[operations_only()])
async def explain(request: Request) -> Response:
    """NDJSON in, NDJSON out, by the rules in force; nothing stored."""
    hub: Process = request.app.state.hub
    async with hub.database.writing() as connection:
        rules, now = await request.app.state.keeper.active(connection), datetime.now(UTC)
    lines = (await request.body()).decode().splitlines()
    made = "".join(json.dumps(explained(line, rules, now)) + "\n" for line in lines if line.strip())
    return Response(made, media_type="application/x-ndjson")


@router.get("/reviews")
async def list_reviews(request: Request, caller: Reviewer) -> dict[str, Any]:
    """Reports that wait for a person, oldest first, whole."""
    hub: Process = request.app.state.hub
    async with hub.database.writing() as connection:
        after = {"after": datetime.min.replace(tzinfo=UTC), "after_id": _FIRST, "most": PAGE}
        waiting = await repository.reviews(connection, after)
    return {"items": [_view(each) for each in waiting if _may_see(caller, each)], "next": None}


def _may_see(caller: Caller, decided: Decided) -> bool:
    """The proposed lead, who acts first, and who sees all; intelligence the police alone."""
    decision = decided.decision
    named = {decision.lead_agency, *decision.joint_leads, *decision.act_first, *decision.panels}
    return caller.sees_all or bool(caller.agencies & named)


def _view(decided: Decided) -> dict[str, Any]:
    return {
        "report": decided.report.model_dump(mode="json"),
        "personal": decided.personal,
        "decision": decision_view(decided.decision, decided.because),
        "review_reason": decided.decision.review_reason,
        "version": decided.version,
    }


@router.post("/reviews/{reference}")
async def answer_review(request: Request, caller: Reviewer, reference: str, answer: Answer) -> dict[str, Any]:
    """Confirm, change with a reason, or name whose it is."""
    hub: Process = request.app.state.hub
    async with hub.database.writing() as connection:
        known = await repository.by_reference(connection, reference)
    if known is None or not _may_see(caller, known):
        raise Problem(404, "not-found", "There is no report with this reference for you.")
    command = ResolveReview(
        report_id=known.report.report_id,
        by=Actor(kind="person", id=caller.id, name=caller.name, agency=caller.agency),
        **answer.model_dump(),
    )
    decided = await hub.handle(command, subject=str(command.report_id))
    if isinstance(decided, Refused):
        status = 412 if decided.code == "version-stale" else 422
        raise Problem(status, decided.code, decided.message, extra={"version": decided.version})
    return _view(decided)
