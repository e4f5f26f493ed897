"""Timers and jobs: what is due is taken from its table and comes back to the loop as a message."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import structlog
from pydantic import BaseModel
from sqlalchemy import text

from services.kernel.clock import Clock, utc_now
from services.kernel.database import Database
from services.kernel.decision import Stage, derived_id
from services.kernel.envelope import Raw, decode, encoded
from services.kernel.errors import INFRASTRUCTURE
from services.kernel.loop import Loop
from services.kernel.sources import ResultBatch, TimerBatch
from services.kernel.stopping import to_its_end
from services.kernel.telemetry import JOBS_IN_DOUBT, job_span

TIMER_ROUND, TIMER_POLL, JOB_POLL, TROUBLED_POLL = 100, 0.2, 0.2, 1.0
"""A round's timers are seen when its last one is saved, so that a large round makes its first one late."""
BETWEEN_ROUNDS = 0.02
RETRY_SECONDS = 5.0
"""How long a job rests after its worker failed in a way that no result describes."""

_ANY_DUE = text("SELECT EXISTS (SELECT 1 FROM timers WHERE due_at <= now() AND kind = ANY(CAST(:kinds AS text[])))")
_DUE = text("""
    SELECT id, kind, subject, payload, due_at, message_id, correlation_id, causation_id, traceparent
    FROM timers WHERE due_at <= now() AND kind = ANY(CAST(:kinds AS text[])) ORDER BY due_at, id LIMIT :most
""")
_ELECT = text("SELECT pg_try_advisory_xact_lock(hashtext(:name))")
# Materialized: as a plain subquery the planner may run it once for each row, and lease many jobs to one worker.
_TAKE = text("""
    WITH next AS MATERIALIZED (
        SELECT id AS next_id FROM jobs
        WHERE due_at <= now() AND (lease_until IS NULL OR lease_until < now()) AND kind = ANY(CAST(:kinds AS text[]))
        ORDER BY due_at, id LIMIT 1 FOR UPDATE SKIP LOCKED
    )
    UPDATE jobs SET lease = :lease, lease_until = now() + make_interval(secs => :seconds), attempts = attempts + 1
    FROM next WHERE id = next_id
    RETURNING id, kind, subject, payload, attempts, correlation_id, causation_id, traceparent
""")
_GIVE_BACK = text("""
    UPDATE jobs SET lease = NULL, lease_until = NULL, due_at = now() + make_interval(secs => :seconds)
    WHERE id = :id AND lease = :lease
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


def _headers(row: Any, kind: str, message_id: UUID, time: datetime) -> dict[str, str]:
    headers = {
        "ce_type": f"{kind}.v1",
        "ce_id": str(message_id),
        "ce_time": time.isoformat(),
        "correlationid": str(row.correlation_id),
        "causationid": str(row.causation_id),
    }
    return headers | ({"traceparent": row.traceparent} if row.traceparent else {})


class TimerRunner:
    """Fires due timers in the order `due_at, id`, by the database's clock; one runner per service at a time."""

    def __init__(self, service: str, stage: Stage, loop: Loop, database: Database) -> None:
        self._service, self._stage, self._loop, self._database = service, stage, loop, database
        self.trouble: str | None = None

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            fired = 0
            try:
                fired = await self.fire_due()
                self.trouble = None
            except INFRASTRUCTURE as error:
                self.trouble = type(error).__name__
                log.warning("timers_not_fired", error=type(error).__name__)
            await asyncio.sleep(TROUBLED_POLL if self.trouble else BETWEEN_ROUNDS if fired else TIMER_POLL)

    async def fire_due(self) -> int:
        """Fire one round; how many were due."""
        # A timer of a kind that this release does not name waits for one that does, and stops no other.
        kinds = sorted(self._stage.readers)
        async with self._database.asking() as connection:
            if not (await connection.execute(_ANY_DUE, {"kinds": kinds})).scalar_one():
                return 0
        async with self._database.writing() as election:
            name = {"name": f"timers {self._service}"}
            if not (await election.execute(_ELECT, name)).scalar_one():
                return 0
            rows = (await election.execute(_DUE, {"most": TIMER_ROUND, "kinds": kinds})).all()
            if rows:
                received = [decode(self._raw(row), self._stage.readers, "timer") for row in rows]
                await self._loop.run(TimerBatch("timer", received))
            return len(rows)

    def _raw(self, row: Any) -> Raw:
        headers = _headers(row, row.kind, row.message_id, row.due_at) | {"timerid": str(row.id)}
        return Raw("timer", 0, 0, row.subject.encode(), encoded(headers), row.payload.encode())


class JobWorkers:
    """The job workers of one process: each does one job at a time under a lease and brings its result back.

    One free worker looks for the next job, and the others wait for their turn to look: when each looked for itself,
    four of them were half of what an idle service cost, and found nothing sooner. One kind of work never holds all
    workers: each other kind has one left, so that whatever hangs in one keeps no other waiting.
    """

    def __init__(
        self,
        stage: Stage,
        loop: Loop,
        database: Database,
        handlers: Mapping[str, JobHandler],
        lease_seconds: float,
        clock: Clock = utc_now,
        *,
        workers: int,
    ) -> None:
        """`workers`: how many will `work`."""
        self._stage, self._loop, self._database = stage, loop, database
        self.handlers, self._lease_seconds, self._clock = handlers, lease_seconds, clock
        self._looking = asyncio.Lock()
        self._busy, self._at_most = Counter[str](), max(1, workers - len(handlers) + 1)
        self.woken = asyncio.Event()
        self.trouble: str | None = None

    async def work(self) -> None:
        """One worker, until cancelled."""
        while True:
            try:
                await self._work_once()
                self.trouble = None
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
        """Wait for one job and do it."""
        lease = uuid4()
        async with self._looking:
            row = await self._next(lease)
            self._busy[row.kind] += 1
        try:
            await self._do(row, lease)
        finally:
            self._busy[row.kind] -= 1
            self.woken.set()

    async def _do(self, row: Any, lease: UUID) -> None:
        if row.attempts > 1:
            JOBS_IN_DOUBT.labels(row.kind).inc()
        job = Job(row.id, row.kind, row.subject, row.payload, row.attempts, row.attempts > 1, row.traceparent)
        # A stop waits for it: what was sent and not noted would be sent again by the next process.
        await to_its_end(self._finish(row, job, lease))

    async def _next(self, lease: UUID) -> Any:
        """The next job that is due, leased; looked for at every waking and poll until there is one."""
        while True:
            self.woken.clear()
            free = [kind for kind in self.handlers if self._busy[kind] < self._at_most]
            async with self._database.asking() as connection:
                # A job of a kind that this release does not name waits for one that does.
                wanted = {"lease": lease, "seconds": self._lease_seconds, "kinds": sorted(free)}
                row = (await connection.execute(_TAKE, wanted)).one_or_none()
            self.trouble = None
            if row is not None:
                return row
            await self._nap(JOB_POLL)

    async def _finish(self, row: Any, job: Job, lease: UUID) -> None:
        with job_span(job.kind, job.traceparent):
            task = asyncio.ensure_future(self.handlers[job.kind](job))
            await asyncio.wait((task,), timeout=self._lease_seconds * 0.9)
        if not task.done():
            task.cancel()
            log.error("job_overran_its_lease", kind=job.kind, job=str(job.id))
            return
        failure = asyncio.CancelledError() if task.cancelled() else task.exception()
        if failure is not None:
            log.error("job_failed", kind=job.kind, job=str(job.id), error=type(failure).__name__)
            async with self._database.writing() as connection:
                await connection.execute(_GIVE_BACK, {"id": job.id, "lease": lease, "seconds": RETRY_SECONDS})
            return
        result = task.result()
        headers = _headers(row, type(result).__name__, derived_id(job.id, "result"), self._clock())
        raw = Raw("job result", 0, 0, job.subject.encode(), encoded(headers), result.model_dump_json().encode())
        await self._loop.run(ResultBatch(decode(raw, self._stage.readers, "result"), job.id, lease))
