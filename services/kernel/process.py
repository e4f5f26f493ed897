"""One process of one service: its loop, consumers, relay, timers, jobs and HTTP, started and stopped in order."""

import asyncio
import gc
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Any
from uuid import UUID, uuid4

import structlog
import uvicorn
from fastapi import APIRouter, FastAPI
from fastapi.params import Depends
from faststream.kafka import KafkaBroker
from opentelemetry.instrumentation.fastapi import FastAPIInstrumentor
from opentelemetry.sdk.trace import TracerProvider
from pydantic import BaseModel
from sqlalchemy import text

from services.kernel import dead_letters, operations
from services.kernel.clock import Clock, utc_now
from services.kernel.consumer import Consumer, Subscription
from services.kernel.database import Database
from services.kernel.decision import Message, Stage
from services.kernel.envelope import Raw, Received
from services.kernel.errors import INFRASTRUCTURE
from services.kernel.http import add_problem_handlers, unavailable
from services.kernel.loop import Loop
from services.kernel.relay import Relay
from services.kernel.settings import Settings
from services.kernel.sources import CommandBatch, Idempotency, Replayed
from services.kernel.stopping import end
from services.kernel.telemetry import DEAD_LETTERS, configure_logs, configure_traces, current_traceparent
from services.kernel.timers import TimerRunner
from services.kernel.workers import JobHandler, JobWorkers, Together

STUCK_SECONDS = 120.0
"""A batch that runs longer than this makes the process unhealthy."""
TIDY_SECONDS, TIDY_ROWS, AGAIN_SECONDS, CLOSE_SECONDS = 60.0, 5000, 0.5, 2.0
KEPT_DAYS = {"inbox_days": 30, "idempotency_days": 7}

_TIDY = (
    text("""
        DELETE FROM inbox WHERE id IN (
            SELECT id FROM inbox WHERE seen_on < current_date - CAST(:inbox_days AS integer) LIMIT :rows)
    """),
    text("""
        DELETE FROM idempotency WHERE (caller, route, key) IN (
            SELECT caller, route, key FROM idempotency
            WHERE at < now() - make_interval(days => :idempotency_days) LIMIT :rows)
    """),
)

Work = Callable[[], Coroutine[Any, Any, None]]
log = structlog.get_logger()


class Process:
    """Built in a service's `app.py`, and found by its routes at `request.app.state.hub`."""

    def __init__(
        self,
        *,
        name: str,
        settings: Settings,
        stage: Stage,
        port: int,
        subscriptions: Sequence[Subscription] = (),
        jobs: Mapping[str, JobHandler | Together] | None = None,
        routers: Sequence[APIRouter] = (),
        background: Sequence[Callable[["Process"], Coroutine[Any, Any, None]]] = (),
        operations_only: Sequence[Depends] = (),
        details: Mapping[str, Callable[[], Any]] | None = None,
        openapi_url: str | None = "/openapi.json",
        clock: Clock = utc_now,
    ) -> None:
        self.name, self.settings, self.stage, self.port, self.clock = name, settings, stage, port, clock
        self._operations_only = list(operations_only)
        self.database = Database(name, settings)
        self.relay = Relay(name, self.database, settings.kafka)
        self.loop = Loop(name, stage, self.database, clock, self._woken)
        self.consumers = [Consumer(each, self.loop, stage, self.database, self._live_waiting) for each in subscriptions]
        self.timers = TimerRunner(name, stage, self.loop, self.database)
        self.jobs = JobWorkers(
            stage, self.loop, self.database, jobs or {}, settings.job_lease_seconds, clock, workers=settings.job_workers
        )
        self._background, self._details = background, details or {}
        self.ready_checks: list[Callable[[], Awaitable[bool]]] = []
        self._tasks: list[asyncio.Task[None]] = []
        self._stopping = False
        self._broker: KafkaBroker | None = None
        self._kafka: str = "starting" if subscriptions else "not needed"
        self._traces: TracerProvider | None = None
        self.app = self._application(routers, openapi_url)

    def _application(self, routers: Sequence[APIRouter], openapi_url: str | None) -> FastAPI:
        app = FastAPI(
            title=f"Community safety hub: {self.name}",
            lifespan=self._lifespan,
            openapi_url=openapi_url,
            docs_url=None,
            redoc_url=None,
        )
        app.state.hub = self
        add_problem_handlers(app)
        app.include_router(operations.health, include_in_schema=False)
        app.include_router(operations.letters, dependencies=self._operations_only, include_in_schema=False)
        for router in routers:
            app.include_router(router)
        return app

    def _woken(self, *, jobs: bool) -> None:
        """What a batch left is looked for at once; jobs only after one that made some: each look is a transaction."""
        self.relay.wake()
        if jobs:
            self.jobs.woken.set()

    def _live_waiting(self) -> bool:
        return any(consumer.waiting() for consumer in self.consumers if not consumer.subscription.bulk)

    async def handle(
        self,
        body: BaseModel,
        *,
        subject: str,
        idempotency: Idempotency | None = None,
        message_id: UUID | None = None,
        traceparent: str | None = None,
    ) -> Any:
        """Decide a command in a transaction of its own; its answer, or `Replayed` for a known idempotency key.

        Raises 503 when the outbox is full, `IdempotencyKeyReused`, `CommandStillRunning`, the infrastructure's errors.
        """
        if self.relay.rows >= self.settings.outbox_limit:
            raise unavailable("The hub holds as much unsent work as it may. Nothing was stored; send it again.")
        message = self.command(body, subject, message_id, traceparent)
        batch = CommandBatch(Received(Raw("command", 0, 0, subject.encode(), (), None), message), idempotency)
        outcomes = await self.loop.run(batch)
        if batch.replayed is not None:
            return batch.replayed
        return outcomes[0].answer

    def command(
        self, body: BaseModel, subject: str, message_id: UUID | None = None, traceparent: str | None = None
    ) -> Message:
        """A command as a message; only the edge draws new ids."""
        identity = message_id or uuid4()
        return Message(
            id=identity,
            type=type(body).__name__,
            subject=subject,
            body=body,
            time=self.clock(),
            origin="command",
            correlation_id=identity,
            traceparent=traceparent or current_traceparent(),
        )

    @asynccontextmanager
    async def _lifespan(self, _: FastAPI) -> AsyncIterator[None]:
        self._keep(self.relay, self.relay.run)
        self._keep(self.timers, self.timers.run)
        for _worker in range(self.settings.job_workers if self.jobs.handlers else 0):
            self._keep(self.jobs, self.jobs.work)
        for background in self._background:
            self._start(background(self))
        self._start(self._tidy())
        if self.consumers:
            self._start(self._consume())
        log.info("service_started", port=self.port)
        yield
        await self._stop()

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        self._tasks.append(asyncio.create_task(work))

    def _keep(self, part: Relay | TimerRunner | JobWorkers, work: Work) -> None:
        """They end only with their process: what a library's own cancellation or an error ended begins again."""
        if not self._stopping:
            self._start(work())
            self._tasks[-1].add_done_callback(partial(self._ended, part, work))

    def _ended(self, part: Relay | TimerRunner | JobWorkers, work: Work, task: asyncio.Task[None]) -> None:
        if self._stopping:
            return
        failure = None if task.cancelled() else task.exception()
        part.trouble = f"ended: {type(failure).__name__ if failure else 'cancelled'}"
        log.error("part_ended", part=type(part).__name__, trouble=part.trouble)
        self._tasks.remove(task)
        asyncio.get_running_loop().call_later(AGAIN_SECONDS, self._keep, part, work)

    async def _stop(self) -> None:
        """Bounded: a batch that is cut off is rolled back and read again, so nothing is lost by leaving."""
        self._stopping = True
        broker = [asyncio.ensure_future(self._broker.stop())] if self._broker is not None else []
        if late := await end(self._tasks, broker, self.settings.stop_seconds):
            log.warning("stop_cut_short", tasks=late)
        await end([], [asyncio.ensure_future(self.database.close())], CLOSE_SECONDS)
        if self._traces is not None:
            await asyncio.to_thread(self._traces.shutdown)
        log.info("service_stopped")

    async def _consume(self) -> None:
        """Start the broker, trying until Kafka answers: HTTP takes reports meanwhile."""
        while True:
            broker = KafkaBroker(self.settings.kafka, logger=None, graceful_timeout=self.settings.stop_seconds)
            for consumer in self.consumers:
                consumer.subscribe(broker, self.name, self.settings.slot)
            try:
                await broker.start()
            except INFRASTRUCTURE as error:
                self._kafka = type(error).__name__
                log.warning("kafka_not_reached", error=self._kafka)
                await broker.stop()
                await asyncio.sleep(1)
                continue
            self._broker, self._kafka = broker, "connected"
            return

    async def _tidy(self) -> None:
        """Purge what the inbox and the idempotency table need no longer, in chunks, and measure the dead letters."""
        while True:
            try:
                async with self.database.writing() as connection:
                    for statement in _TIDY:
                        wanted = {name: KEPT_DAYS[name] for name in statement.compile().params if name in KEPT_DAYS}
                        await connection.execute(statement, wanted | {"rows": TIDY_ROWS})
                    counted = await dead_letters.counts(connection)
                for state, count in counted.items():
                    DEAD_LETTERS.labels(state).set(count)
            except INFRASTRUCTURE as error:
                log.warning("not_tidied", error=type(error).__name__)
            await asyncio.sleep(TIDY_SECONDS)

    def health(self) -> dict[str, Any]:
        """What runs and what is in trouble; `alive` is false when something is stuck or has ended."""
        consumers = [consumer.health() for consumer in self.consumers]
        ended = [task.get_coro().__qualname__ for task in self._tasks if task.done() and not self._is_start(task)]  # type: ignore[union-attr]
        stuck = any(each["busy_seconds"] > STUCK_SECONDS for each in consumers)
        return {
            "service": self.name,
            "alive": not stuck and not ended,
            "database": self.database.trouble or "connected",
            "kafka": self._kafka,
            "consumers": consumers,
            "relay": {
                "leading": self.relay.leading,
                "rows": self.relay.rows,
                "oldest_seconds": round(self.relay.age, 1),
                "trouble": self.relay.trouble,
            },
            "timers": self.timers.trouble,
            "jobs": self.jobs.trouble,
            "ended": ended,
            **{name: tell() for name, tell in self._details.items()},
        }

    @staticmethod
    def _is_start(task: asyncio.Task[None]) -> bool:
        starts = getattr(task.get_coro(), "__name__", "") == "_consume"
        return starts and not task.cancelled() and task.exception() is None

    async def ready(self) -> bool:
        """PostgreSQL takes changes and every subscription has been started once; Kafka may be away again later."""
        writable = await self.database.writable()
        if not writable or self._kafka not in ("connected", "not needed"):
            return False
        return all([await check() for check in self.ready_checks])


def tune_collector() -> None:
    """Look for cycles seldom: at Python's default it took a fifth of the time of a batch and freed nothing."""
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)


def run(process: Process) -> None:
    """Serve until SIGTERM or SIGINT."""
    tune_collector()
    configure_logs(process.name, process.settings)
    process._traces = configure_traces(process.name, process.settings)  # noqa: SLF001
    FastAPIInstrumentor.instrument_app(
        process.app, excluded_urls="healthz,readyz,metrics,internal", exclude_spans=["send", "receive"]
    )
    config = uvicorn.Config(
        process.app,
        host=process.settings.host,
        port=process.port,
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=3,
        server_header=False,
    )
    uvicorn.Server(config).run()


__all__ = ["Idempotency", "Process", "Replayed", "Subscription", "run", "tune_collector"]
