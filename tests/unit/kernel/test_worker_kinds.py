"""What the job workers of one process take up while some of their work hangs."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest
from pydantic import BaseModel

from services.kernel import stopping, workers
from services.kernel.workers import Job, JobHandler, JobWorkers, Together

WORKERS = 4


class Done(BaseModel):
    """A job's result."""


class Jobs:
    """The table of jobs: each is taken once, in its order, and only by who asks for its kind."""

    def __init__(self, *kinds: str) -> None:
        self.waiting, self.attempts = list(kinds), 1

    @asynccontextmanager
    async def asking(self) -> AsyncIterator["Jobs"]:
        yield self

    async def execute(self, _: Any, wanted: dict[str, Any]) -> Any:
        most = dict(zip(wanted["kinds"], wanted["most"], strict=True))
        kind = next((each for each in self.waiting if each in most), "")
        taken = [each for each in self.waiting if each == kind][: most.get(kind, 0)]
        for each in taken:
            self.waiting.remove(each)
        return SimpleNamespace(all=lambda: [_row(each, self.attempts) for each in taken])


def _row(kind: str, attempts: int) -> SimpleNamespace:
    ids = {"id": uuid4(), "correlation_id": uuid4(), "causation_id": uuid4(), "due_at": datetime.now(UTC)}
    return SimpleNamespace(**ids, kind=kind, subject="x", payload="{}", attempts=attempts, traceparent=None)


@asynccontextmanager
async def working(table: Jobs, handlers: Mapping[str, JobHandler | Together], run: Any) -> AsyncIterator[None]:
    """All workers of a process, until the block ends."""
    stage, loop = SimpleNamespace(readers={"Done": {1: Done}}), SimpleNamespace(run=run)
    made = JobWorkers(stage, loop, table, handlers, 60, workers=WORKERS)  # type: ignore[arg-type]
    tasks = [asyncio.create_task(made.work()) for _ in range(WORKERS)]
    try:
        yield
    finally:
        await stopping.end(tasks, [], 30)


async def test_work_that_hangs_keeps_no_other_kind_of_work_waiting() -> None:
    done, over, taken = asyncio.Event(), asyncio.Event(), list[str]()

    async def hangs(job: Job) -> BaseModel:
        taken.append(job.kind)
        await over.wait()
        return Done()

    async def ends(job: Job) -> BaseModel:
        taken.append(job.kind)
        done.set()
        return Done()

    async with working(Jobs(*["hangs"] * 9, "ends"), {"hangs": hangs, "ends": ends}, _nothing):
        await asyncio.wait_for(done.wait(), 20)
        over.set()
    assert taken == ["hangs", "hangs", "hangs", "ends"]


@pytest.mark.parametrize(("rest", "batches"), [(0.01, [3, 1, 1]), (3600.0, [3, 1])])
async def test_short_jobs_are_done_together_and_where_they_are_few_left_to_become_more(
    monkeypatch: pytest.MonkeyPatch, rest: float, batches: list[int]
) -> None:
    """What is of another kind is done meanwhile."""
    monkeypatch.setattr(workers, "GATHER_SECONDS", rest)
    table, decided, done = Jobs(*["short"] * 4), list[int](), asyncio.Event()

    async def ends(_: Job) -> BaseModel:
        return Done()

    async def run(batch: Any) -> None:
        decided.append(len(batch.received))
        if decided == [3, 1]:
            table.waiting += ["short", *["other"] * 9] if rest > 1 else ["short"]
        if len(decided) == (11 if rest > 1 else 3):
            done.set()

    async with working(table, {"short": Together(ends, 3), "other": ends}, run):
        await asyncio.wait_for(done.wait(), 20)
    assert decided[: len(batches)] == batches
    assert table.waiting == (["short"] if rest > 1 else [])


async def test_what_is_done_waits_for_nobody_who_is_slow() -> None:
    table, decided, slow = Jobs(*["short"] * 3), list[int](), asyncio.Event()
    begun, done = list[Job](), asyncio.Event()

    async def short(job: Job) -> BaseModel:
        begun.append(job)
        if len(begun) == 1:
            await slow.wait()
        return Done()

    async def run(batch: Any) -> None:
        decided.append(len(batch.received))
        slow.set()
        if sum(decided) == 3:
            done.set()

    async with working(table, {"short": Together(short, 3)}, run):
        await asyncio.wait_for(done.wait(), 20)
    assert decided == [2, 1]


async def test_one_that_cannot_be_noted_keeps_no_other_from_it_when_they_are_taken_again() -> None:
    table, noted, done = Jobs(*["short"] * 3), list[str](), asyncio.Event()
    table.attempts = 2

    async def short(_: Job) -> BaseModel:
        return Done()

    async def run(batch: Any) -> None:
        [result] = batch.received
        if len(noted) == 1:
            noted.append("poison")
            raise ValueError
        noted.append(str(result.identity))
        if len(noted) == 3:
            done.set()

    async with working(table, {"short": Together(short, 3)}, run):
        await asyncio.wait_for(done.wait(), 20)
    assert len(set(noted)) == 3


def test_none_at_all_cannot_be_done_together() -> None:
    with pytest.raises(ValueError, match="most must be 1 or more, not 0"):
        Together(_nothing, 0)  # type: ignore[arg-type]


async def _nothing(_: Any) -> None:
    return None
