"""The services on real engines inside the test, each with an HTTP client in front of it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

import asyncpg
import httpx2
import pytest
from sqlalchemy import text

from services.intake.app import build as build_intake
from services.kernel.database import Database
from services.kernel.migrations import migrate
from services.kernel.process import Process
from services.kernel.settings import Settings
from services.notify.app import build as build_notify
from services.referrals.app import build as build_referrals
from services.triage.app import build as build_triage
from tests.engines.hub import service_settings
from tests.engines.topics import ends_of

BUILDERS: dict[str, Callable[[Settings], Process]] = {
    "intake": build_intake,
    "triage": build_triage,
    "referrals": build_referrals,
    "notify": build_notify,
}
DEADLINE = 240.0
FIRST_LOOK, LATER_LOOKS = 0.05, 0.3
"""Seconds between two looks, growing: some looks cost what the services under test could use."""
_BEGIN = text("""
    INSERT INTO positions (topic, partition, next_offset) VALUES (:topic, :partition, :next_offset)
    ON CONFLICT DO NOTHING
""")


async def until(condition: Callable[[], Awaitable[Any]], what: str, seconds: float = DEADLINE) -> Any:
    """Wait for a condition's true value; fail with its name when the deadline passes."""
    end = asyncio.get_running_loop().time() + seconds
    pause = FIRST_LOOK
    while not (found := await condition()):
        assert asyncio.get_running_loop().time() < end, f"waited in vain for {what}"
        await asyncio.sleep(pause)
        pause = min(pause * 1.3, LATER_LOOKS)
    return found


async def begin_at_the_end(process: Process, kafka: str) -> None:
    """A new database reads nothing of what other modules left on the topics: that took longer than the tests."""
    ends = await ends_of(kafka, [each.subscription.topic for each in process.consumers])
    if ends:
        async with process.database.writing() as connection:
            rows = [{"topic": at.topic, "partition": at.partition, "next_offset": end} for at, end in ends.items()]
            await connection.execute(_BEGIN, rows)


class Pipeline:
    """Intake, triage, referrals and notify, running."""

    def __init__(self, database_url: str, kafka: str) -> None:
        self.database_url, self.kafka = database_url, kafka
        self.processes: dict[str, Process] = {}
        self.clients: dict[str, httpx2.AsyncClient] = {}
        self._stack = AsyncExitStack()

    async def start(self, **changes: Any) -> None:
        """Start all four."""
        await self.start_some(*BUILDERS, **changes)

    async def start_some(self, *names: str, **changes: Any) -> None:
        """Start some of the four, intake first."""
        for name in names:
            settings = await service_settings(name, self.database_url, self.kafka)
            process = BUILDERS[name](settings.model_copy(update=changes))
            await begin_at_the_end(process, self.kafka)
            if name != "intake":
                process.app.state.introspect = self.processes["intake"].app.state.introspect
            await self._stack.enter_async_context(process.app.router.lifespan_context(process.app))
            client = httpx2.AsyncClient(
                transport=httpx2.ASGITransport(app=process.app), base_url=f"http://{name}", timeout=60
            )
            self.processes[name], self.clients[name] = process, await self._stack.enter_async_context(client)
        for process in self.processes.values():
            await until(process.ready, f"{process.name} to be ready")

    async def stop(self) -> None:
        """Stop all."""
        await self._stack.aclose()

    async def rows(self, query: str, *arguments: Any) -> list[Any]:
        """Look at the tables."""
        connection = await asyncpg.connect(self.database_url)
        try:
            return await connection.fetch(query, *arguments)
        finally:
            await connection.close()


@pytest.fixture(scope="module")
async def pipeline(module_database: str, kafka_topics: str) -> AsyncIterator[Pipeline]:
    """A running pipeline on a database of the module's own; topics are shared, so tests look at their own reports."""
    made = Pipeline(module_database, kafka_topics)
    await made.start()
    yield made
    await made.stop()


@pytest.fixture(scope="module")
async def desk_tables(module_database: str) -> AsyncIterator[Database]:
    """Desk's read model without its process."""
    settings = Settings(database_url=module_database)
    await asyncio.to_thread(migrate, "desk", settings)
    made = Database("desk", settings)
    yield made
    await made.close()
