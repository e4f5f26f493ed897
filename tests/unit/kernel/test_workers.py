"""Job workers outlive what a handler does to them, take what they can do, and finish what they began."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any

import pytest

from services.kernel import process as processes
from services.kernel import stopping, workers
from services.kernel.process import Process
from services.kernel.settings import Settings
from services.kernel.testing import START
from services.kernel.workers import Job, JobWorkers
from tests.integration.kernel.probe import ErrandDone, ProbeStage


class Queue:
    """Stands for database and loop: one job, and what became of it."""

    def __init__(self) -> None:
        self.kinds: list[str] = []
        self.given_back, self.noted = asyncio.Event(), asyncio.Event()
        self.results: list[Any] = []
        self.away = 0
        """How many times the database is not reached before a result is noted."""
        row = SimpleNamespace(
            id=uuid.UUID(int=1),
            kind="errand",
            subject="a",
            payload="{}",
            attempts=1,
            correlation_id=uuid.UUID(int=2),
            causation_id=uuid.UUID(int=3),
            traceparent=None,
            due_at=START,
        )
        self._rows: list[Any] = [row]

    @asynccontextmanager
    async def asking(self) -> AsyncIterator["Queue"]:
        yield self

    writing = asking

    async def execute(self, statement: Any, parameters: dict[str, Any]) -> "Queue":
        if statement is workers._TAKE:
            self.kinds = parameters["kinds"]
        else:
            self.given_back.set()
        return self

    def all(self) -> list[Any]:
        rows, self._rows = self._rows, []
        return rows

    async def run(self, batch: Any) -> None:
        self.away -= 1
        if self.away >= 0:
            raise ConnectionRefusedError
        self.results += batch.received
        self.noted.set()


def worker(queue: Queue, handler: Callable[[Job], Awaitable[Any]]) -> "asyncio.Task[None]":
    made = JobWorkers(ProbeStage(), queue, queue, {"errand": handler}, 30, workers=1)  # type: ignore[arg-type]
    return asyncio.create_task(made.work())


async def test_a_handler_that_cancels_itself_gives_its_job_back_and_the_worker_goes_on() -> None:
    async def cancelled(_: Job) -> None:
        raise asyncio.CancelledError

    queue = Queue()
    task = worker(queue, cancelled)
    await asyncio.wait((asyncio.ensure_future(queue.given_back.wait()), task), return_when=asyncio.FIRST_COMPLETED)
    assert queue.given_back.is_set()
    assert not task.done()
    assert queue.kinds == ["errand"], "a kind without a handler is not taken"
    task.cancel()


async def test_a_stop_waits_for_the_job_that_is_being_done_and_for_its_result(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stopping, "ASK_AGAIN_SECONDS", 0.01)
    begun, done = asyncio.Event(), asyncio.Event()

    async def sends(_: Job) -> ErrandDone:
        begun.set()
        await done.wait()
        return ErrandDone(place="a")

    queue = Queue()
    task = worker(queue, sends)
    await begun.wait()
    assert await stopping.end([task], [], 0.05) == 1
    done.set()
    assert await stopping.end([task], [], 30) == 0
    assert task.cancelled()
    assert [each.message.type for each in queue.results] == ["ErrandDone"]


async def test_what_was_done_while_the_database_is_away_is_noted_when_it_is_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Else it would be in doubt, and sent again."""
    monkeypatch.setattr(workers, "TROUBLED_POLL", 0.0)
    sent = 0

    async def sends(_: Job) -> ErrandDone:
        nonlocal sent
        sent += 1
        return ErrandDone(place="a")

    queue = Queue()
    queue.away = 3
    task = worker(queue, sends)
    await asyncio.wait_for(queue.noted.wait(), 30)
    assert (sent, len(queue.results)) == (1, 1)
    task.cancel()


@pytest.mark.parametrize("failure", [KeyError(), asyncio.CancelledError()])
async def test_a_part_that_ended_says_so_and_begins_again(
    monkeypatch: pytest.MonkeyPatch, failure: BaseException
) -> None:
    monkeypatch.setattr(processes, "AGAIN_SECONDS", 0.0)
    hub = Process(name="probe", settings=Settings(), stage=ProbeStage(), port=0)
    begun, seen, again = 0, "", asyncio.Event()

    async def work() -> None:
        nonlocal begun, seen
        begun, seen = begun + 1, str(hub.timers.trouble)
        if begun == 1:
            raise failure
        again.set()
        await asyncio.Event().wait()

    hub._keep(hub.timers, work)
    await asyncio.wait_for(again.wait(), 30)
    assert seen in ("ended: KeyError", "ended: cancelled")
    assert hub.health()["alive"]
    await stopping.end(hub._tasks, [], 30)
