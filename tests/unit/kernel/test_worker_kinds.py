"""What the job workers of one process take up while some of their work hangs."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

from pydantic import BaseModel

from services.kernel.workers import Job, JobWorkers

WORKERS = 4


class Done(BaseModel):
    """A job's result."""


class Jobs:
    """The table of jobs: each is taken once, in its order, and only by who asks for its kind."""

    def __init__(self, *kinds: str) -> None:
        self.waiting = list(kinds)

    @asynccontextmanager
    async def asking(self) -> AsyncIterator["Jobs"]:
        yield self

    async def execute(self, _: Any, wanted: dict[str, Any]) -> Any:
        kind = next((each for each in self.waiting if each in wanted["kinds"]), None)
        if kind is not None:
            self.waiting.remove(kind)
        return SimpleNamespace(one_or_none=lambda: kind and _row(kind))


def _row(kind: str) -> SimpleNamespace:
    ids = {"id": uuid4(), "correlation_id": uuid4(), "causation_id": uuid4()}
    return SimpleNamespace(**ids, kind=kind, subject="x", payload="{}", attempts=1, traceparent=None)


async def test_work_that_hangs_keeps_no_other_kind_of_work_waiting() -> None:
    done, taken = asyncio.Event(), list[str]()

    async def hangs(job: Job) -> BaseModel:
        taken.append(job.kind)
        await asyncio.Event().wait()
        return Done()

    async def ends(job: Job) -> BaseModel:
        taken.append(job.kind)
        done.set()
        return Done()

    stage, loop = SimpleNamespace(readers={"Done": {1: Done}}), SimpleNamespace(run=_nothing)
    handlers = {"hangs": hangs, "ends": ends}
    table: Any = Jobs(*["hangs"] * 9, "ends")
    made = JobWorkers(stage, loop, table, handlers, 60, workers=WORKERS)  # type: ignore[arg-type]
    working = [asyncio.create_task(made.work()) for _ in range(WORKERS)]
    try:
        await asyncio.wait_for(done.wait(), 20)
    finally:
        for each in working:
            each.cancel()
        await asyncio.gather(*working, return_exceptions=True)
    assert taken == ["hangs", "hangs", "hangs", "ends"]


async def _nothing(_: Any) -> None:
    return None
