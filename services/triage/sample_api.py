"""Samples of what was decided without a person: those that wait for a look, and what somebody says of one."""

from datetime import timedelta
from typing import Any

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field

from services.kernel.http import Problem
from services.kernel.process import Process
from services.triage import repository
from services.triage.domain.sampling import OPEN_FOR, NotChecked
from services.triage.messages import CheckSample
from services.triage.review_api import Reviewer, answerable, partnership_of, refused, seen, spoken

SAMPLES_AT_MOST = 5
"""A short list: it is looked at beside the work, not instead of it."""

router = APIRouter(prefix="/internal")


class Look(BaseModel):
    """Right, or the themes that it should have, with a reason; no theme where it is none of ours."""

    model_config = ConfigDict(extra="forbid")
    version: int
    right: bool
    themes: tuple[str, ...] = Field((), max_length=8)
    reason: str = Field("", max_length=1000)


@router.get("/samples")
async def list_samples(request: Request, caller: Reviewer) -> dict[str, Any]:
    """The oldest samples that she may look at, as her agreement shows them."""
    hub: Process = request.app.state.hub
    days = partnership_of(request).threshold(OPEN_FOR).value
    where = {"agencies": sorted(caller.agencies), "sees_all": caller.sees_all, "most": SAMPLES_AT_MOST}
    async with hub.database.writing() as connection:
        found = await repository.samples(connection, where | {"since": hub.clock() - timedelta(days=days)})
    return {"items": [seen(request, caller, each) for each in found]}


@router.post("/samples/{reference}")
async def look(request: Request, caller: Reviewer, reference: str, said: Look) -> dict[str, Any]:
    """What she says of it counts in the rules' own figures; neither decision nor case changes."""
    hub: Process = request.app.state.hub
    if not said.right and not said.reason.strip():
        raise Problem(422, "reason-missing", "Say why it is not right.")
    known = await answerable(hub, caller, reference, said.version)
    spoke = await spoken(request, known)
    command = CheckSample(report_id=known.report.report_id, by=caller.actor(), spoke=spoke, **said.model_dump())
    decided = await hub.handle(command, subject=str(command.report_id))
    if isinstance(decided, NotChecked):
        raise refused(decided)
    return seen(request, caller, decided)
