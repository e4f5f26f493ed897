"""A shadow run: history through a draft, page by page, each page a job; nothing that decides or was decided changes."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from schemas.events import Actor
from services.kernel.decision import Context, Decision, NewJob
from services.triage.domain.rerun import Differences, Report

PAGE_JOB = "shadow-page"


class StartShadow(BaseModel):
    """A person asks what a version would have decided since a day; `base` is the version in force."""

    model_config = ConfigDict(frozen=True)
    number: int
    digest: str
    base: int
    since: datetime
    total: int
    by: Actor


class ShadowPage(BaseModel):
    """What a page's job is told: from which report on, and the text of the draft that the run is of."""

    model_config = ConfigDict(frozen=True)
    run_id: UUID
    number: int
    digest: str | None = None
    """None in a job from before it was kept: then whichever text the draft has."""
    base: int
    since: datetime
    after: datetime | None = None
    after_id: UUID | None = None
    page: int = 0


class ShadowPaged(BaseModel):
    """What a page found; `next` is the following one, None at the end. `failed` says why a run cannot go on.

    Where that is one report, `stopped_at` names it and `failed` is what is said of it.
    """

    TYPE: ClassVar[str] = "ShadowPaged"
    model_config = ConfigDict(frozen=True)
    run_id: UUID
    found: Differences
    next: ShadowPage | None = None
    failed: str | None = None
    stopped_at: Report | None = None


class ShadowRun(BaseModel):
    """A shadow run as it stands; `reason` and `stopped_at` as in the page at which it failed."""

    model_config = ConfigDict(frozen=True)
    run_id: UUID
    number: int
    digest: str
    base: int
    since: datetime
    total: int
    asked_by: Actor
    asked_at: datetime
    status: Literal["running", "done", "failed"] = "running"
    reason: str | None = None
    stopped_at: Report | None = None
    found: Differences = Differences()
    ended_at: datetime | None = None


SHADOW_MESSAGES = (StartShadow, ShadowPaged)


def run_key(run_id: UUID) -> str:
    """The state key of a run."""
    return f"shadow:{run_id}"


def decide(state: Mapping[str, Any], message: StartShadow | ShadowPaged, context: Context) -> Decision:
    """Begin a run, or take in a page and ask for the next one."""
    if isinstance(message, StartShadow):
        return _started(message, context)
    run: ShadowRun | None = state.get(run_key(message.run_id))
    if run is None or run.status != "running":
        return Decision()
    ended = message.next is None
    status = "failed" if message.failed else "done" if ended else "running"
    found = run.found.merged(message.found)
    after = run.model_copy(
        update={
            "found": found,
            # Reports arrive while a run is under way, and are replayed too.
            "total": max(run.total, found.replayed),
            "status": status,
            "reason": message.failed,
            "stopped_at": message.stopped_at,
            "ended_at": context.now if status != "running" else None,
        }
    )
    jobs = (_job(message.next),) if message.next and not message.failed else ()
    return Decision(state={run_key(run.run_id): after}, jobs=jobs)


def _started(command: StartShadow, context: Context) -> Decision:
    run = ShadowRun(
        run_id=context.derive("shadow-run"),
        asked_by=command.by,
        asked_at=context.now,
        **command.model_dump(exclude={"by"}),
    )
    page = ShadowPage(run_id=run.run_id, number=run.number, digest=run.digest, base=run.base, since=run.since)
    return Decision(state={run_key(run.run_id): run}, jobs=(_job(page),), answer=run)


def _job(page: ShadowPage) -> NewJob:
    return NewJob(PAGE_JOB, f"shadow/{page.run_id}", page, name=str(page.page))
