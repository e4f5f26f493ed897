"""Jobs: work for the outside world is taken from its table and done, and what came of it goes to the loop."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from operator import attrgetter
from typing import Any
from uuid import UUID, uuid4

import structlog
from pydantic import BaseModel
from sqlalchemy import text

from services.kernel.clock import Clock, utc_now
from services.kernel.database import Database
from services.kernel.decision import Stage, derived_id
from services.kernel.envelope import Received, decode, raw_of_row
from services.kernel.errors import INFRASTRUCTURE, TROUBLED_POLL
from services.kernel.loop import Loop
from services.kernel.sources import ResultBatch
from services.kernel.stopping import to_its_end
from services.kernel.telemetry import JOBS_IN_DOUBT, job_span

JOB_POLL = 0.2
RETRY_SECONDS = 5.0
"""How long a job rests after its worker failed in a way that no result describes."""
GATHER_SECONDS = 0.2
"""Of jobs that are done together: how long few are left to become more before the next are taken, and how long what is
done waits for what nearly is before it is decided."""
OF_THE_LEASE = 0.9
"""How much of its lease a job may take: what is left is for noting what came of it."""

# Materialized: as a plain subquery the planner may run it once for each row, and lease more jobs than were asked for.
_TAKE = text("""
    WITH first AS MATERIALIZED (
        SELECT kind AS next_kind, most
        FROM jobs JOIN unnest(CAST(:kinds AS text[]), CAST(:most AS integer[])) AS free (free_kind, most)
            ON kind = free_kind
        WHERE due_at <= now() AND (lease_until IS NULL OR lease_until < now())
        ORDER BY due_at, id LIMIT 1 FOR UPDATE OF jobs SKIP LOCKED
    ), next AS MATERIALIZED (
        SELECT id AS next_id FROM jobs JOIN first ON kind = next_kind
        WHERE due_at <= now() AND (lease_until IS NULL OR lease_until < now())
        ORDER BY due_at, id LIMIT (SELECT most FROM first) FOR UPDATE OF jobs SKIP LOCKED
    )
    UPDATE jobs SET lease = :lease, lease_until = now() + make_interval(secs => :seconds), attempts = attempts + 1
    FROM next WHERE id = next_id
    RETURNING id, kind, subject, payload, attempts, due_at, correlation_id, causation_id, traceparent
""")
_GIVE_BACK = text("""
    UPDATE jobs SET lease = NULL, lease_until = NULL, due_at = now() + make_interval(secs => :seconds)
    WHERE id = ANY(CAST(:ids AS uuid[])) AND lease = :lease
""")

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Job:
    """Work for a gateway. `id` is our reference at the provider; `in_doubt` when an earlier lease ran out."""

    id: UUID
    kind: str
    subject: str
    payload: str
    attempts: int
    in_doubt: bool
    traceparent: str | None


JobHandler = Callable[[Job], Awaitable[BaseModel]]
"""Does the work outside any transaction; failures that it knows are results too. The result's class names its type."""


@dataclass(frozen=True, slots=True)
class Together:
    """Does jobs of one kind several at a time: for short ones that come many a second and may well be done twice.

    A worker takes up to `most` of them (one at least) and `do` is called for each at once. What is done within
    `GATHER_SECONDS` of each other is decided in one transaction; nobody waits for a slow one. Where fewer than `most`
    were there, the next are looked for after so many seconds: the cost of a taking and of a decision is shared.
    """

    do: JobHandler
    most: int

    def __post_init__(self) -> None:
        if self.most < 1:
            raise ValueError(f"most must be 1 or more, not {self.most}")


class JobWorkers:
    """The job workers of one process: each does one job at a time, or some `Together`, under a lease, and brings the
    results back.

    One free worker looks for the next job, and the others wait for their turn to look: when each looked for itself,
    four of them were half of what an idle service cost, and found nothing sooner. One kind of work never holds all
    workers: each other kind has one left, so that whatever hangs in one keeps no other waiting.
    """

    def __init__(
        self,
        stage: Stage,
        loop: Loop,
        database: Database,
        handlers: Mapping[str, JobHandler | Together],
        lease_seconds: float,
        clock: Clock = utc_now,
        *,
        workers: int,
    ) -> None:
        """`workers`: how many will `work`."""
        self._stage, self._loop, self._database = stage, loop, database
        self.handlers = {
            kind: each if isinstance(each, Together) else Together(each, 1) for kind, each in handlers.items()
        }
        self._lease_seconds, self._clock = lease_seconds, clock
        self._looking = asyncio.Lock()
        self._busy, self._at_most = Counter[str](), max(1, workers - len(handlers) + 1)
        self._rest_until = dict.fromkeys(handlers, 0.0)
        self.woken = asyncio.Event()
        self._unnoted = 0
        self.trouble: str | None = None

    async def work(self) -> None:
        """One worker, until cancelled."""
        while True:
            try:
                await self._work_once()
                self._well()
            except INFRASTRUCTURE as error:
                self.trouble = type(error).__name__
                log.warning("job_interrupted", error=type(error).__name__)
                await self._nap(TROUBLED_POLL)

    async def _nap(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self.woken.wait(), seconds)
        except TimeoutError:
            return

    async def _work_once(self) -> None:
        """Wait for the next jobs and do them."""
        lease = uuid4()
        async with self._looking:
            rows = await self._next(lease)
            kind = rows[0].kind
            self._busy[kind] += 1
            if len(rows) < self.handlers[kind].most:
                self._rest_until[kind] = self._seconds() + GATHER_SECONDS
        try:
            # A stop waits for it: what was sent and not noted would be sent again by the next process.
            await to_its_end(self._finish(rows, lease))
        finally:
            self._busy[kind] -= 1
            self.woken.set()

    @staticmethod
    def _seconds() -> float:
        return asyncio.get_running_loop().time()

    async def _next(self, lease: UUID) -> Sequence[Any]:
        """The next jobs that are due, leased, of one kind; looked for at every waking and poll until there are some."""
        while True:
            self.woken.clear()
            if rows := await self._taken(self._free(), lease):
                return sorted(rows, key=attrgetter("due_at", "id"))
            now = self._seconds()
            await self._nap(min((until - now for until in self._rest_until.values() if until > now), default=JOB_POLL))

    async def _taken(self, free: Mapping[str, int], lease: UUID) -> Sequence[Any]:
        """Jobs of one of these kinds. One of a kind that this release does not name waits for one that does."""
        if not free:
            return ()
        wanted = {"lease": lease, "seconds": self._lease_seconds, "kinds": list(free), "most": list(free.values())}
        async with self._database.asking() as connection:
            rows = (await connection.execute(_TAKE, wanted)).all()
        self._well()
        return rows

    def _free(self) -> dict[str, int]:
        """The kinds that a worker may take now, and how many of each."""
        now = self._seconds()
        free = (kind for kind in self.handlers if self._busy[kind] < self._at_most and self._rest_until[kind] <= now)
        return {kind: self.handlers[kind].most for kind in free}

    async def _finish(self, rows: Sequence[Any], lease: UUID) -> None:
        """Do them all; what is done at about the same time is noted together. What overruns its lease is in doubt."""
        until = self._seconds() + self._lease_seconds * OF_THE_LEASE
        doing = {asyncio.ensure_future(self._done(row)): row for row in rows}
        try:
            while doing and await self._some_done(doing, until):
                await self._note([(doing.pop(task), task) for task in list(doing) if task.done()], lease, until)
            for row in doing.values():
                log.error("job_overran_its_lease", kind=row.kind, job=str(row.id))
        finally:
            for task in doing:
                task.cancel()

    async def _some_done(self, doing: Collection["asyncio.Task[Received]"], until: float) -> bool:
        """Wait for the first of them to end, and a moment for the others; False where none did in time."""
        done, others = await asyncio.wait(doing, timeout=until - self._seconds(), return_when=asyncio.FIRST_COMPLETED)
        if done and others:
            await asyncio.wait(others, timeout=GATHER_SECONDS)
        return bool(done)

    async def _done(self, row: Any) -> Received:
        """What one job's work brings, as a message."""
        job = Job(row.id, row.kind, row.subject, row.payload, row.attempts, row.attempts > 1, row.traceparent)
        if job.in_doubt:
            JOBS_IN_DOUBT.labels(job.kind).inc()
        with job_span(job.kind, job.traceparent):
            result = await self.handlers[job.kind].do(job)
        body, result_id = result.model_dump_json(), derived_id(job.id, "result")
        raw = raw_of_row("job result", row, type(result).__name__, result_id, self._clock(), body)
        return decode(raw, self._stage.readers, "result")

    async def _note(self, ended: Sequence[tuple[Any, "asyncio.Task[Received]"]], lease: UUID, until: float) -> None:
        """Decide on the results of these, and give back those that failed."""
        failures = {row.id: failure for row, task in ended if (failure := _failure(task)) is not None}
        for row in (row for row, _ in ended if row.id in failures):
            log.error("job_failed", kind=row.kind, job=str(row.id), error=type(failures[row.id]).__name__)
        done = [(row, task.result()) for row, task in ended if row.id not in failures]
        notes = [self._while_leased(partial(self._decide, some, lease), until) for some in _in_company(done)]
        if failures:
            notes.append(self._while_leased(partial(self._give_back, list(failures), lease), until))
        for trouble in await asyncio.gather(*notes, return_exceptions=True):
            if trouble is not None:
                raise trouble

    async def _decide(self, results: Mapping[UUID, Received], lease: UUID) -> None:
        await self._loop.run(ResultBatch(results, lease))

    async def _give_back(self, failed: Sequence[UUID], lease: UUID) -> None:
        async with self._database.writing() as connection:
            await connection.execute(_GIVE_BACK, {"ids": failed, "lease": lease, "seconds": RETRY_SECONDS})

    async def _while_leased(self, note: Callable[[], Awaitable[None]], until: float) -> None:
        """Try again where the infrastructure fails: what was done and is not noted would be done again."""
        failing = 0
        try:
            while True:
                try:
                    await note()
                except INFRASTRUCTURE as error:
                    self._unnoted, failing = self._unnoted + 1 - failing, 1
                    self.trouble = type(error).__name__
                    log.warning("job_not_noted", error=self.trouble)
                    if self._seconds() + TROUBLED_POLL > until:
                        raise
                    await asyncio.sleep(TROUBLED_POLL)
                else:
                    return
        finally:
            self._unnoted -= failing

    def _well(self) -> None:
        """What looks for jobs or has done one is in no trouble; that of results which cannot be noted stays."""
        if not self._unnoted:
            self.trouble = None


def _failure(task: "asyncio.Task[Received]") -> BaseException | None:
    """Why a job's work has no result; None where it has one."""
    return asyncio.CancelledError() if task.cancelled() else task.exception()


def _in_company(done: Sequence[tuple[Any, Received]]) -> list[dict[UUID, Received]]:
    """The results that are decided together, by their jobs.

    What was taken before and not noted stands alone: one that cannot be would keep the others from it each time.
    """
    again = [{row.id: result} for row, result in done if row.attempts > 1]
    first = {row.id: result for row, result in done if row.attempts == 1}
    return [first, *again] if first else again
