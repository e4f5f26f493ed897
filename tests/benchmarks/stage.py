"""One stage of the hub beside the floor: raw aiokafka and asyncpg doing the same durable work, in one run.

The work, for each report of about 1.5 kB: consume, validate, write inbox, state and outbox in one transaction, publish
the event, delete the outbox row, move the position. `beside` measures them by turns.
"""

import asyncio
import time
import uuid
from collections.abc import Mapping
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from typing import Any

import asyncpg
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from pydantic import BaseModel
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from schemas.events import ReportFacts, ReportReceived
from schemas.personal import seal
from services.kernel.consumer import Subscription
from services.kernel.decision import Context, Decision, Keys, Message, NewEvent
from services.kernel.envelope import encoded
from services.kernel.process import Process
from services.kernel.settings import Settings
from tests.integration.kernel.probe import provision

PARTITIONS = 4
LONGEST_SECONDS = 120.0
_DONE = """
    SELECT coalesce((SELECT sum(next_offset) FROM {schema}.positions WHERE topic = $1), 0) >= $2
           AND NOT EXISTS (SELECT 1 FROM {schema}.outbox_messages)
"""
"""Everything handled and published. Asked often, so it counts no rows: that took a tenth of the database's core."""


def report(number: int) -> ReportReceived:
    """A report of about 1.5 kB."""
    return ReportReceived(
        report=ReportFacts(
            report_id=uuid.uuid4(),
            reference=f"R-{number:09}",
            source_id=f"bench-{number}",
            channel="partner",
            received_at=datetime.now(UTC),
            street="George Street",
        ),
        personal=seal({"description": "Words of a report, as people write them. " * 26}),
    )


class BenchStage:
    """Stores each report's row and passes one event on: what every real stage does at the least."""

    readers: Mapping[str, Mapping[int, type[BaseModel]]] = {"ReportReceived": {1: ReportReceived}}

    def __init__(self, topic: str) -> None:
        self._topic = topic

    def keys(self, message: Message) -> Keys:
        """The report alone."""
        return Keys(aggregates=frozenset({message.subject}))

    async def load(self, connection: AsyncConnection, keys: Keys) -> dict[str, Any]:
        """Nothing is known of a new report."""
        return {}

    def decide(self, state: Mapping[str, Any], message: Message, context: Context) -> Decision:
        """One state row, one event."""
        return Decision(
            state={message.subject: message.body}, events=(NewEvent(self._topic, message.subject, message.body),)
        )

    async def save(self, connection: AsyncConnection, changed: Mapping[str, Any]) -> None:
        """All rows at once."""
        await connection.execute(
            text("INSERT INTO states SELECT * FROM unnest(CAST(:ids AS text[]), CAST(:bodies AS text[]))"),
            {"ids": list(changed), "bodies": [body.model_dump_json() for body in changed.values()]},
        )

    async def rules(self, connection: AsyncConnection, state: Mapping[str, Any]) -> None:
        """None needed."""


async def until_done(watch: Any, schema: str, topic: str, records: int) -> None:
    """Wait until a topic is handled and published to its end. Raises `TimeoutError` when that does not come."""
    async with asyncio.timeout(LONGEST_SECONDS):
        while not await watch.fetchval(_DONE.format(schema=schema), topic, records):
            await asyncio.sleep(0.02)


class Bench:
    """Engines, a fresh schema and fresh topics for one measurement."""

    def __init__(self, postgres: str, kafka: str) -> None:
        self.settings = Settings(database_url=postgres, kafka=kafka, demonstration=True)

    async def prepare(self, records: int) -> tuple[str, str, str]:
        """A schema with its tables, and a topic that holds `records` reports."""
        name = f"bench_{uuid.uuid4().hex[:8]}"
        topic_in, topic_out = f"{name}-in", f"{name}-out"
        await provision(self.settings, name)
        connection = await asyncpg.connect(self.settings.database_url)
        await connection.execute(f"CREATE TABLE {name}.states (id text PRIMARY KEY, body text NOT NULL)")
        await connection.execute(f"GRANT ALL ON {name}.states TO hub_{name}")
        await connection.close()
        admin = AIOKafkaAdminClient(bootstrap_servers=self.settings.kafka)
        await admin.start()
        await admin.create_topics([NewTopic(topic, PARTITIONS, 1) for topic in (topic_in, topic_out)])
        await admin.close()
        await self._fill(topic_in, records)
        return name, topic_in, topic_out

    async def _fill(self, topic: str, records: int) -> None:
        producer = AIOKafkaProducer(bootstrap_servers=self.settings.kafka, linger_ms=5, max_batch_size=262_144)
        await producer.start()
        for number in range(records):
            body = report(number)
            headers = {
                "ce_id": str(uuid.uuid4()),
                "ce_type": "ReportReceived.v1",
                "ce_time": datetime.now(UTC).isoformat(),
            }
            await producer.send(
                topic,
                body.model_dump_json().encode(),
                key=str(body.report.report_id).encode(),
                headers=list(encoded(headers)),
                partition=number % PARTITIONS,
            )
        await producer.stop()

    async def hub(self, batch: int, records: int) -> float:
        """Reports per second through a whole process of the hub, until everything is published and deleted."""
        name, topic_in, topic_out = await self.prepare(records)
        process = Process(
            name=name,
            settings=self.settings,
            stage=BenchStage(topic_out),
            port=0,
            subscriptions=(Subscription(topic_in, batch),),
        )
        watch = await asyncpg.connect(self.settings.database_url)
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(process.app.router.lifespan_context(process.app))
            started = time.perf_counter()
            await until_done(watch, name, topic_in, records)
            taken = time.perf_counter() - started
        stored = await watch.fetchval(f"SELECT count(*) FROM {name}.states")  # noqa: S608
        assert stored == records, f"{stored} of {records} reports were stored"
        await watch.close()
        return records / taken

    async def floor(self, batch: int, records: int) -> float:
        """Reports per second by hand: the least that does the same durable work."""
        name, topic_in, topic_out = await self.prepare(records)
        connection = await asyncpg.connect(self.settings.database_url, server_settings={"search_path": name})
        consumer = AIOKafkaConsumer(
            topic_in,
            bootstrap_servers=self.settings.kafka,
            group_id=name,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            session_timeout_ms=10_000,
            heartbeat_interval_ms=1_000,
        )
        producer = AIOKafkaProducer(
            bootstrap_servers=self.settings.kafka, enable_idempotence=True, linger_ms=0, max_batch_size=262_144
        )
        await consumer.start()
        await producer.start()
        done, started = 0, time.perf_counter()
        while done < records:
            found = await consumer.getmany(timeout_ms=5, max_records=batch)
            rows = [record for part in found.values() for record in part]
            if rows:
                await _floor_batch(connection, producer, topic_out, rows)
                await consumer.commit({tp: part[-1].offset + 1 for tp, part in found.items()})
                done += len(rows)
        taken = time.perf_counter() - started
        await consumer.stop()
        await producer.stop()
        await connection.close()
        return records / taken


async def _floor_batch(connection: Any, producer: AIOKafkaProducer, topic: str, rows: list[Any]) -> None:
    bodies = [ReportReceived.model_validate_json(row.value) for row in rows]
    ids = [uuid.UUID(dict(row.headers)["ce_id"].decode()) for row in rows]
    keys, texts = [str(body.report.report_id) for body in bodies], [body.model_dump_json() for body in bodies]
    positions = {TopicPartition(row.topic, row.partition): row.offset + 1 for row in rows}
    async with connection.transaction():
        await connection.execute("INSERT INTO inbox (id) SELECT unnest($1::uuid[]) ON CONFLICT DO NOTHING", sorted(ids))
        await connection.execute("INSERT INTO states SELECT * FROM unnest($1::text[], $2::text[])", keys, texts)
        written = await connection.fetch(
            "INSERT INTO outbox_messages (topic, key, headers, body)"
            " SELECT $1, k, '{}', b FROM unnest($2::text[], $3::text[]) AS t (k, b) RETURNING id",
            topic,
            keys,
            texts,
        )
        await connection.execute(
            "INSERT INTO positions SELECT $1, * FROM unnest($2::int[], $3::bigint[])"
            " ON CONFLICT (topic, partition) DO UPDATE SET next_offset = excluded.next_offset",
            rows[0].topic,
            [tp.partition for tp in positions],
            list(positions.values()),
        )
    sent = [
        await producer.send(topic, text_.encode(), key=key.encode()) for key, text_ in zip(keys, texts, strict=True)
    ]
    await asyncio.gather(*sent)
    await connection.execute("DELETE FROM outbox_messages WHERE id = ANY($1::bigint[])", [row["id"] for row in written])
