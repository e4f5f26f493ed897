"""What lies on the topics of a running Kafka, read by a consumer of no group."""

from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition


async def records_on(kafka: str, topic: str) -> list[Any]:
    """Everything on a topic, from its beginning to its present end."""
    async with _consumer(kafka, [topic]) as consumer:
        parts = consumer.assignment()
        assert parts, f"no partition of {topic} is known"
        ends = await consumer.end_offsets(parts)
        found: list[Any] = []
        while any([await consumer.position(part) < ends[part] for part in parts]):
            for records in (await consumer.getmany(timeout_ms=200)).values():
                found.extend(records)
        return found


async def ends_of(kafka: str, topics: Collection[str]) -> dict[TopicPartition, int]:
    """The next offset of each partition of those of these topics that are there."""
    async with _consumer(kafka, ()) as consumer:
        there = await consumer.topics()
    if not (asked := there.intersection(topics)):
        return {}
    async with _consumer(kafka, asked) as consumer:
        ends: dict[TopicPartition, int] = await consumer.end_offsets(consumer.assignment())
        return ends


@asynccontextmanager
async def _consumer(kafka: str, topics: Collection[str]) -> AsyncIterator[AIOKafkaConsumer]:
    # Of its own topics, given at its start, a consumer without a group has all partitions and learns of new leaders;
    # and it begins at their beginning by policy, since a seek there may be undone by a first look still under way.
    consumer = AIOKafkaConsumer(
        *topics, bootstrap_servers=kafka, enable_auto_commit=False, auto_offset_reset="earliest"
    )
    await consumer.start()
    try:
        yield consumer
    finally:
        await consumer.stop()
