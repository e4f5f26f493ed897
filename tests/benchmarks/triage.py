"""Triage as a stage is measured: a whole process with the shipped rules, doing everything that it does to a report."""

import asyncio
import time
from contextlib import AsyncExitStack
from pathlib import Path

import asyncpg
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from deploy.local.provision import provision
from schemas import topics
from services.kernel.consumer import Subscription
from services.kernel.migrations import migrate
from services.kernel.process import Process
from services.triage.keeping import RuleKeeper
from services.triage.stage import TriageStage
from tests.benchmarks.stage import PARTITIONS, Bench, until_done

_EMPTY = "TRUNCATE triage.decisions, triage.timers, triage.inbox"
_DECIDED = "SELECT count(*) FROM triage.decisions"


class TriageBench:
    """Triage's own tables, emptied before each measurement, and its topics; each measurement reads one of its own."""

    def __init__(self, bench: Bench) -> None:
        self._bench, self._keeper = bench, RuleKeeper(Path("partnerships/luton"))

    async def prepare(self) -> None:
        """Its tables, and the topics that it writes to and reads its rules from."""
        settings = self._bench.settings
        await provision(settings.database_url, services=("triage",))
        await asyncio.to_thread(migrate, "triage", settings)
        admin = AIOKafkaAdminClient(bootstrap_servers=settings.kafka)
        await admin.start()
        await admin.create_topics([NewTopic(topic, PARTITIONS, 1) for topic in (topics.DECISIONS, topics.RULES)])
        await admin.close()

    async def triage(self, batch: int, records: int) -> float:
        """Reports per second through triage, until every decision is stored and published."""
        settings = self._bench.settings
        _, topic_in, _ = await self._bench.prepare(records)
        process = Process(
            name="triage",
            settings=settings,
            stage=TriageStage(self._keeper),
            port=0,
            subscriptions=(Subscription(topic_in, batch),),
        )
        watch = await asyncpg.connect(settings.database_url)
        await watch.execute(_EMPTY)
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(process.app.router.lifespan_context(process.app))
            started = time.perf_counter()
            await until_done(watch, "triage", topic_in, records)
            taken = time.perf_counter() - started
        decided = await watch.fetchval(_DECIDED)
        assert decided == records, f"{decided} of {records} reports were decided"
        await watch.close()
        return records / taken
