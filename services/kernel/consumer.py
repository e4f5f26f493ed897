"""FastStream batch subscriptions that lose nothing: they start where our database says, and give back what failed.

The parser never raises on headers and the decoder passes bytes through, so that each record is judged alone, in the
loop. Kafka's committed offsets are written afterwards and serve lag figures only.
"""

import asyncio
import itertools
import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import structlog
from aiokafka import ConsumerRebalanceListener, ConsumerRecord, TopicPartition
from aiokafka.errors import IllegalStateError, KafkaError
from faststream import AckPolicy
from faststream.kafka import KafkaBroker, KafkaMessage
from faststream.kafka.message import KafkaAckableMessage
from sqlalchemy import text

from services.kernel.database import Database
from services.kernel.decision import Stage
from services.kernel.envelope import Raw, Reader, Received, decode
from services.kernel.errors import INFRASTRUCTURE, BadDeploySuspected, Fenced
from services.kernel.loop import Loop
from services.kernel.sources import RecordBatch
from services.kernel.telemetry import LAG

LIVE_BATCH, BULK_BATCH = 100, 500
SESSION_MS, HEARTBEAT_MS, FETCH_WAIT_MS = 10_000, 1_000, 1_000
"""The last: how long our side waits for records before it looks again. What arrives wakes it at once."""
FETCH_HELD_MS = 1_000
"""How long the broker holds a fetch that finds nothing; it answers the first record at once. Asking twice as often, the
default, was a tenth of an idle hub. What else goes over the same connection, as after a rebalance, waits for it."""
WAY_LOOK_SECONDS = 0.005
FIRST_PAUSE, LONGEST_PAUSE = 0.1, 5.0
"""Seconds of back-off after a failure of the infrastructure; doubled each time, with jitter."""

_READ_POSITIONS = text("""
    WITH new AS (
        INSERT INTO positions (topic, partition, next_offset)
        SELECT :topic, unnest(CAST(:partitions AS integer[])), 0 ON CONFLICT DO NOTHING
        RETURNING partition, next_offset
    )
    SELECT partition, next_offset FROM new
    UNION ALL
    SELECT partition, next_offset FROM positions
    WHERE topic = :topic AND partition = ANY(CAST(:partitions AS integer[]))
""")

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Subscription:
    """One topic that a service hears, in batches of at most `batch`; `reader` for topics that are not ours."""

    topic: str
    batch: int = LIVE_BATCH
    reader: Reader | None = None
    bulk: bool = False
    """A bulk batch starts only when no live consumer of the process has a record waiting."""


async def read_positions(database: Database, topic: str, partitions: Iterable[int]) -> dict[int, int]:
    """Where the database says to go on, by partition; partitions that are new to it begin at 0."""
    async with database.writing() as connection:
        rows = await connection.execute(_READ_POSITIONS, {"topic": topic, "partitions": sorted(partitions)})
        return {row.partition: row.next_offset for row in rows}


async def _pass_through(message: Any) -> Any:
    return message.body


def _raw(record: "ConsumerRecord[bytes, bytes]") -> Raw:
    return Raw(record.topic, record.partition, record.offset, record.key, tuple(record.headers), record.value)


class Consumer(ConsumerRebalanceListener):  # type: ignore[misc]  # aiokafka has no types
    """One subscription of one process: positions, back-off, and what health asks."""

    def __init__(
        self, subscription: Subscription, loop: Loop, stage: Stage, database: Database, live_waiting: Callable[[], bool]
    ) -> None:
        self.subscription, self._loop, self._database = subscription, loop, database
        self._reader: Reader = subscription.reader or (lambda raw: decode(raw, stage.readers, "record"))
        self._live_waiting = live_waiting
        self._positions: dict[int, int] = {}
        self._pause = FIRST_PAUSE
        self._subscriber: Any = None
        self._commits: set[asyncio.Task[None]] = set()
        self.busy_since: float | None = None
        self.trouble: str | None = None
        self.stopped: str | None = None

    def subscribe(self, broker: KafkaBroker, service: str, slot: int) -> None:
        """Declare the subscription at the broker; nothing is read before the broker starts."""
        topic, group = self.subscription.topic, f"{service}-{self.subscription.topic}"

        async def parsed(records: tuple[Any, ...]) -> KafkaAckableMessage:
            return KafkaAckableMessage(
                body=[record.value for record in records],
                headers={},
                batch_headers=[],
                reply_to="",
                content_type=None,
                message_id="",
                correlation_id="",
                raw_message=records,
                path={},
                consumer=self._subscriber.consumer,
            )

        self._subscriber = broker.subscriber(
            topic,
            group_id=group,
            group_instance_id=f"{group}-{slot}",
            auto_offset_reset="earliest",
            batch=True,
            max_records=self.subscription.batch,
            session_timeout_ms=SESSION_MS,
            heartbeat_interval_ms=HEARTBEAT_MS,
            consumer_timeout_ms=FETCH_WAIT_MS,
            fetch_max_wait_ms=FETCH_HELD_MS,
            ack_policy=AckPolicy.MANUAL,
            parser=parsed,
            decoder=_pass_through,
            no_reply=True,
            listener=self,
        )
        # FastStream sleeps for its time-out after each empty fetch: short it burns a third of a core in an idle hub,
        # long it delays a report. The fetch itself returns with the first record, so waiting in it costs neither.
        self._subscriber.get_msg = self._fetched
        self._subscriber(self._on_batch)

    async def _fetched(self, consumer: Any) -> tuple[Any, ...]:
        found = await consumer.getmany(timeout_ms=FETCH_WAIT_MS, max_records=self.subscription.batch)
        return tuple(itertools.chain.from_iterable(found.values()))

    async def on_partitions_revoked(self, revoked: Sequence[TopicPartition]) -> None:
        """Forget the positions: whoever gets the partitions reads them from the database."""
        for each in revoked:
            self._positions.pop(each.partition, None)

    async def on_partitions_assigned(self, assigned: Sequence[TopicPartition]) -> None:
        """Seek to our own positions, trying until the database answers."""
        if not assigned:
            return
        while not await self._sought([each.partition for each in assigned]):
            await self._back_off("positions-unread")
        self._recovered()

    async def _sought(self, partitions: Sequence[int]) -> bool:
        try:
            found = await read_positions(self._database, self.subscription.topic, partitions)
        except INFRASTRUCTURE as error:
            log.warning("positions_unread", topic=self.subscription.topic, error=type(error).__name__)
            self.trouble = "positions-unread"
            return False
        self._positions.update(found)
        for partition, offset in found.items():
            self._seek(partition, offset)
        return True

    def _seek(self, partition: int, offset: int) -> None:
        consumer = self._subscriber.consumer
        if consumer is None:
            return
        try:
            consumer.seek(TopicPartition(self.subscription.topic, partition), offset)
        except IllegalStateError:
            # Revoked meanwhile: the next owner seeks for itself.
            self._positions.pop(partition, None)

    async def _on_batch(self, message: KafkaMessage) -> None:
        records: Any = message.raw_message
        self.busy_since = asyncio.get_running_loop().time()
        done = False
        try:
            await self._give_way()
            done = await self._handled(records)
        except INFRASTRUCTURE as error:
            log.warning("batch_put_back", topic=self.subscription.topic, error=type(error).__name__)
            self.trouble = type(error).__name__
        except BadDeploySuspected:
            self.stopped = "20 keys became dead letters among the last 100 messages; look at the last deploy"
            log.exception("consumer_stopped", topic=self.subscription.topic, reason=self.stopped)
        finally:
            self.busy_since = None
            if not done:
                await self._put_back()

    async def _give_way(self) -> None:
        """Bulk waits while live records do, but never for long: two seconds, then it takes its turn."""
        until = asyncio.get_running_loop().time() + 2.0
        while self.subscription.bulk and self._live_waiting() and asyncio.get_running_loop().time() < until:
            await asyncio.sleep(WAY_LOOK_SECONDS)

    async def _handled(self, records: "Sequence[ConsumerRecord[bytes, bytes]]") -> bool:
        """Whether what is not decided will be read again already; else the batch is to be put back."""
        received = [self._reader(_raw(record)) for record in records if record.partition in self._positions]
        if not received or self._found_gap(received):
            return True
        try:
            await self._loop.run(RecordBatch(self.subscription.topic, received, self._positions))
        except Fenced:
            log.info("batch_fenced", topic=self.subscription.topic)
            return await self._sought(list(self._positions))
        self._recovered()
        self._commit_later({each.raw.partition for each in received})
        return True

    def _found_gap(self, received: Sequence[Received]) -> bool:
        """Our own topics keep everything: a record beyond the position means that some were passed over.

        Nothing of the batch is decided then, so each of its partitions goes back.
        """
        if self.subscription.reader is not None:
            return False
        first: dict[int, int] = {}
        for each in received:
            first[each.raw.partition] = min(each.raw.offset, first.get(each.raw.partition, each.raw.offset))
        gaps = {
            partition: self._positions[partition]
            for partition, offset in first.items()
            if offset > self._positions[partition]
        }
        for partition, position in gaps.items():
            self.trouble = f"records of partition {partition} from {position} on were passed over; reading them again"
            log.error("records_passed_over", topic=self.subscription.topic, partition=partition, position=position)
        for partition in first if gaps else ():
            self._seek(partition, self._positions[partition])
        return bool(gaps)

    def _recovered(self) -> None:
        self.trouble, self._pause = None, FIRST_PAUSE

    async def _put_back(self) -> None:
        """Nothing was consumed: read again from where the database stands, after a pause."""
        await self._back_off(self.trouble or "stopped")
        if self.stopped:
            await asyncio.Event().wait()
        for partition, offset in list(self._positions.items()):
            self._seek(partition, offset)

    async def _back_off(self, reason: str) -> None:
        self.trouble = reason
        await asyncio.sleep(self._pause * random.uniform(0.5, 1.0))
        self._pause = min(self._pause * 2, LONGEST_PAUSE)

    def _commit_later(self, partitions: set[int]) -> None:
        offsets = {
            TopicPartition(self.subscription.topic, partition): self._positions[partition]
            for partition in partitions
            if partition in self._positions
        }
        if self._commits or not offsets:
            return  # one commit under way at a time: the next one carries the newer offsets
        task = asyncio.create_task(self._commit(self._subscriber.consumer, offsets))
        self._commits.add(task)
        task.add_done_callback(self._commits.discard)

    async def _commit(self, consumer: Any, offsets: Mapping[TopicPartition, int]) -> None:
        try:
            await asyncio.wait_for(consumer.commit(dict(offsets)), timeout=5)
        except (KafkaError, TimeoutError, IllegalStateError) as error:
            log.debug("lag_offsets_uncommitted", topic=self.subscription.topic, error=type(error).__name__)

    def waiting(self) -> int:
        """Records that the broker holds beyond our positions, as far as the last fetch told."""
        consumer = self._subscriber.consumer if self._subscriber else None
        if consumer is None:
            return 0
        behind = 0
        for partition, position in list(self._positions.items()):
            end = consumer.highwater(TopicPartition(self.subscription.topic, partition))
            if end is not None and end < position:
                self.trouble = "the topic is shorter than our position: it was made anew, so set the positions by hand"
            behind += max(0, (end or 0) - position)
        LAG.labels(self.subscription.topic).set(behind)
        return behind

    def health(self) -> dict[str, Any]:
        """What an operator asks first: assigned partitions, lag, trouble, how long the running batch has run."""
        busy = asyncio.get_running_loop().time() - self.busy_since if self.busy_since else 0.0
        return {
            "topic": self.subscription.topic,
            "partitions": len(self._positions),
            "lag": self.waiting(),
            "busy_seconds": round(busy, 1),
            "trouble": self.stopped or self.trouble,
        }
