"""What the desk asks of shadow runs: begin one, and how the latest ones of a version stand."""

from datetime import datetime
from typing import Any

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict

from services.access.callers import Caller
from services.kernel.http import Problem
from services.kernel.process import Process
from services.triage import replay_repository, rule_repository
from services.triage.domain.rerun import Report
from services.triage.domain.shadow import ShadowRun, StartShadow
from services.triage.rules_api import Analyst, version_of

router = APIRouter(prefix="/internal/rules")


class Asked(BaseModel):
    """From which day on history is replayed."""

    model_config = ConfigDict(extra="forbid")
    since: datetime


@router.post("/{number}/shadow")
async def start(request: Request, caller: Analyst, number: int, sent: Asked) -> dict[str, Any]:
    """Replay what came since then through the version; the version in force is what it is compared with."""
    hub: Process = request.app.state.hub
    head, _ = await version_of(request, number)
    async with hub.database.writing() as connection:
        base = await rule_repository.active(connection)
        total = await replay_repository.count_since(connection, sent.since)
    if base is None:
        raise Problem(503, "unavailable", "No rules are in force yet. Try again in a moment.")
    command = StartShadow(
        number=number, digest=head.digest, base=base[1], since=sent.since, total=total, by=caller.actor()
    )
    return view(await hub.handle(command, subject=f"shadow/{number}"), caller)


@router.get("/{number}/shadow")
async def latest(request: Request, caller: Analyst, number: int) -> dict[str, Any]:
    """The latest runs of a version, newest first."""
    hub: Process = request.app.state.hub
    async with hub.database.writing() as connection:
        runs = await replay_repository.runs_of(connection, number)
    return {"items": [view(run, caller) for run in runs]}


def view(run: ShadowRun, caller: Caller) -> dict[str, Any]:
    """A run as this person may see it: all counts, and the references of reports that she may open."""
    changes = [
        each.model_dump(exclude={"reports"})
        | {"what": each.what, "reports": [report.reference for report in each.reports if _opens(caller, report)]}
        for each in run.found.changes
    ]
    whole = run.model_dump(mode="json", exclude={"found", "stopped_at"}) | {"reason": _reason(run, caller)}
    return whole | {"replayed": run.found.replayed, "changed": run.found.changed, "changes": changes}


def _opens(caller: Caller, report: Report) -> bool:
    return caller.sees_all or bool(caller.agencies & set(report.visible_to))


def _reason(run: ShadowRun, caller: Caller) -> str | None:
    """Why it ended early, with the report at which it did where she may open that one."""
    if run.stopped_at is None:
        return run.reason
    opens = _opens(caller, run.stopped_at)
    return f"{run.stopped_at.reference if opens else 'A report that is not yours to open'} {run.reason}"
