"""Triage beside the floor: a whole process with the shipped rules, doing everything that it does to a report.

The floor is `stage`'s: the same topic read, checked, stored and passed on by hand, without any understanding.
"""

import asyncio
import sys
import time
from contextlib import AsyncExitStack
from pathlib import Path

import asyncpg
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from deploy.local.provision import provision as provision_services
from schemas import topics
from services.kernel.consumer import Subscription
from services.kernel.migrations import migrate
from services.kernel.process import Process
from services.triage.keeping import RuleKeeper
from services.triage.stage import TriageStage
from tests.benchmarks.stage import DONE, PARTITIONS, Bench

BATCH, RECORDS = 500, 20_000


async def triage(bench: Bench, records: int) -> float:
    """Reports per second through triage, until every decision is stored and published."""
    settings = bench.settings
    await provision_services(settings.database_url, services=("triage",))
    await asyncio.to_thread(migrate, "triage", settings)
    _, topic_in, _ = await bench.prepare(records)
    admin = AIOKafkaAdminClient(bootstrap_servers=settings.kafka)
    await admin.start()
    await admin.create_topics([NewTopic(topic, PARTITIONS, 1) for topic in (topics.DECISIONS, topics.RULES)])
    await admin.close()
    keeper = RuleKeeper(Path("partnerships/luton"))
    process = Process(
        name="triage",
        settings=settings,
        stage=TriageStage(keeper),
        port=0,
        subscriptions=(Subscription(topic_in, BATCH, bulk=True),),
    )
    watch = await asyncpg.connect(settings.database_url)
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(process.app.router.lifespan_context(process.app))
        started = time.perf_counter()
        while not await watch.fetchval(DONE.format(schema="triage"), topic_in, records):
            await asyncio.sleep(0.02)
        taken = time.perf_counter() - started
    decided = await watch.fetchval("SELECT count(*) FROM triage.decisions")
    assert decided == records, f"{decided} of {records} reports were decided"
    await watch.close()
    return records / taken


async def measure_triage(postgres: str, kafka: str, records: int = RECORDS) -> list[dict[str, float]]:
    """The floor and triage, one after the other; reports per second and the ratio."""
    bench = Bench(postgres, kafka)
    floor = await bench.floor(BATCH, records)
    found = await triage(bench, records)
    row = {
        "batch": BATCH,
        "floor_per_second": round(floor),
        "triage_per_second": round(found),
        "ratio": round(found / floor, 2),
    }
    sys.stderr.write(f"{row}\n")
    return [row]
