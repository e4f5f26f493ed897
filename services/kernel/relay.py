"""The relay reads the outbox forward and publishes it, one producer batch per partition and round. Nothing else does.

An advisory lock elects one relay per service; correctness does not rest on it, for every inbox downstream drops ids
that it has seen. A second look from the beginning finds rows that committed late, once a second and at the start.
"""

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from typing import Any
from zlib import crc32

import asyncpg
import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError
from pydantic_core import from_json

from services.kernel.database import Database
from services.kernel.errors import INFRASTRUCTURE
from services.kernel.telemetry import OUTBOX_AGE, OUTBOX_ROWS, PUBLISHED

ROUND = 2000
"""Outbox rows read at once."""
BATCH_BYTES = 262_144
SWEEP_SECONDS, POLL_SECONDS, NOTIFY_EVERY, SEND_SECONDS, STOP_SECONDS = 1.0, 0.2, 0.02, 30.0, 5.0

_READ = "SELECT id, topic, key, headers, body FROM outbox_messages WHERE id > $1 ORDER BY id LIMIT $2"
_DELETE = "DELETE FROM outbox_messages WHERE id = ANY($1::bigint[])"
_STATE = """
    SELECT (SELECT count(*) FROM (SELECT 1 FROM outbox_messages LIMIT 200000) AS first_rows) AS n,
           (SELECT extract(epoch FROM now() - written_at) FROM outbox_messages ORDER BY id LIMIT 1) AS age
"""

log = structlog.get_logger()


def partition_of(key: str, partitions: Sequence[int]) -> int:
    """The partition of a key, as librdkafka's `consistent` partitioner chooses it.

    Only this relay writes to our topics, so it need not be Java's murmur2, which takes Python forty times as long.
    """
    return partitions[crc32(key.encode()) % len(partitions)]


class Relay:
    """Publishes one service's outbox. Every process of the service runs one; the lock lets one work at a time."""

    def __init__(self, service: str, database: Database, bootstrap: str) -> None:
        self._service, self._database, self._bootstrap = service, database, bootstrap
        self._woken = asyncio.Event()
        self._notify_due = False
        self._producer: AIOKafkaProducer | None = None
        self._partitions: dict[str, list[int]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self.leading = False
        self.trouble: str | None = "starting"
        self.rows, self.age = 0, 0.0

    @property
    def _channel(self) -> str:
        return f"outbox_{self._service}"

    def wake(self) -> None:
        """Called after a commit that wrote to the outbox: at once here, by one coalesced NOTIFY elsewhere."""
        self._woken.set()
        if not self.leading and not self._notify_due:
            self._notify_due = True
            task = asyncio.create_task(self._notify())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _notify(self) -> None:
        await asyncio.sleep(NOTIFY_EVERY)
        self._notify_due = False
        try:
            async with self._database.writing() as connection:
                await connection.exec_driver_sql(f"NOTIFY {self._channel}")
        except INFRASTRUCTURE as error:
            # The relay polls as well: the wake-up is only for speed.
            log.debug("relay_not_notified", error=type(error).__name__)

    async def run(self) -> None:
        """Lead when elected, until cancelled; every trouble ends in another try."""
        while True:
            try:
                await self._lead()
            except INFRASTRUCTURE as error:
                self.trouble = type(error).__name__
                log.warning("relay_interrupted", error=type(error).__name__)
            finally:
                self.leading = False
                await self._drop_producer()
            await asyncio.sleep(0.5)

    async def _lead(self) -> None:
        connection = await self._database.dedicated()
        try:
            while not await connection.fetchval("SELECT pg_try_advisory_lock(hashtext($1))", f"relay {self._service}"):
                self.trouble = None
                await self._measure(connection)  # whoever leads: a full outbox refuses what comes to this process too
                await asyncio.sleep(0.5)
            self.leading = True
            await connection.add_listener(self._channel, lambda *_: self._woken.set())
            await self._relay(connection)
        finally:
            connection.terminate()

    async def _relay(self, connection: "asyncpg.Connection[Any]") -> None:
        clock, last, swept = asyncio.get_running_loop().time, 0, 0.0
        while True:
            if clock() - swept > SWEEP_SECONDS:
                last, swept = 0, clock()
                await self._measure(connection)
            self._woken.clear()
            rows = await connection.fetch(_READ, last, ROUND)
            if not rows:
                self.trouble = None
                await self._nap()
                continue
            last = await self._publish(connection, rows, last)
            self.trouble = None

    async def _nap(self) -> None:
        try:
            await asyncio.wait_for(self._woken.wait(), POLL_SECONDS)
        except TimeoutError:
            return

    async def _measure(self, connection: "asyncpg.Connection[Any]") -> None:
        row = await connection.fetchrow(_STATE)
        if row is not None:
            self.rows, self.age = int(row["n"]), float(row["age"] or 0.0)
        OUTBOX_ROWS.set(self.rows)
        OUTBOX_AGE.set(self.age)

    async def _publish(self, connection: "asyncpg.Connection[Any]", rows: Sequence[Any], last: int) -> int:
        """Publish, delete what is confirmed; where to read on: before the first row that was not."""
        producer = await self._ready_producer({row["topic"] for row in rows})
        by_partition: dict[tuple[str, int], list[Any]] = defaultdict(list)
        for row in rows:
            topic = row["topic"]
            by_partition[topic, partition_of(row["key"], self._partitions[topic])].append(row)
        sent = await asyncio.gather(
            *(self._send(producer, topic, partition, part) for (topic, partition), part in by_partition.items())
        )
        confirmed = [row_id for part in sent for row_id in part]
        if confirmed:
            await connection.execute(_DELETE, confirmed)
        left = {row["id"] for row in rows} - set(confirmed)
        if left:
            await self._drop_producer()
            return int(min(left)) - 1
        return int(rows[-1]["id"])

    async def _send(self, producer: AIOKafkaProducer, topic: str, partition: int, rows: Sequence[Any]) -> list[int]:
        """Send one partition's rows in order; the ids that the broker confirmed."""
        confirmed: list[int] = []
        start = 0
        while start < len(rows):
            batch, end = producer.create_batch(), start
            while end < len(rows) and self._append(batch, rows[end]):
                end += 1
            batch.close()
            try:
                future = await asyncio.wait_for(producer.send_batch(batch, topic, partition=partition), SEND_SECONDS)
                await asyncio.wait_for(future, SEND_SECONDS)
            except (KafkaError, TimeoutError) as error:
                self.trouble = type(error).__name__
                log.warning("batch_unconfirmed", topic=topic, partition=partition, error=type(error).__name__)
                return confirmed
            confirmed.extend(row["id"] for row in rows[start:end])
            PUBLISHED.labels(topic).inc(end - start)
            start = end
        return confirmed

    @staticmethod
    def _append(batch: Any, row: Any) -> bool:
        headers = [(name, value.encode()) for name, value in from_json(row["headers"]).items()]
        added = batch.append(key=row["key"].encode(), value=row["body"].encode(), timestamp=None, headers=headers)
        return added is not None

    async def _ready_producer(self, topics: set[str]) -> AIOKafkaProducer:
        if self._producer is None:
            producer = AIOKafkaProducer(
                bootstrap_servers=self._bootstrap,
                enable_idempotence=True,
                acks="all",
                linger_ms=0,
                max_batch_size=max(BATCH_BYTES, 1_000_000),
                max_request_size=1_048_576,
                request_timeout_ms=10_000,
            )
            await asyncio.wait_for(producer.start(), SEND_SECONDS)
            self._producer, self._partitions = producer, {}
        for topic in topics - self._partitions.keys():
            self._partitions[topic] = sorted(await asyncio.wait_for(self._producer.partitions_for(topic), SEND_SECONDS))
        return self._producer

    async def _drop_producer(self) -> None:
        """After a refused or unanswered batch an idempotent producer fails every later one: begin with a new one."""
        producer, self._producer = self._producer, None
        if producer is None:
            return
        # Not wait_for: it would wait for the stop's own cancellation, and a relay that hangs publishes nothing.
        stopping = asyncio.ensure_future(producer.stop())
        done, _ = await asyncio.wait((stopping,), timeout=STOP_SECONDS)
        if not done or stopping.cancelled():
            stopping.cancel()
            log.warning("producer_not_stopped", error="unfinished")
        elif (failure := stopping.exception()) is not None:
            log.warning("producer_not_stopped", error=type(failure).__name__)
