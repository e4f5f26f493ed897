"""Make the topics of the catalogue; nothing else makes a topic, so a misspelt name is an error and not a new topic."""

import asyncio
import time
from collections.abc import Iterable, Sequence

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import NoError, TopicAlreadyExistsError, for_code

from deploy.local.trouble import CannotStart
from schemas.topics import TOPICS, Topic

VISIBLE_SECONDS = 15
COPIES = 3


async def create_topics(kafka: str, wanted: Iterable[Topic] = TOPICS) -> list[str]:
    """Create what is missing; the names that were made. Raises `CannotStart` for a topic with other partitions.

    Three copies of each where the cluster has as many brokers. A partition count is fixed at creation: more
    partitions later would move keys and break their order.
    """
    wanted = tuple(wanted)
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka, request_timeout_ms=15_000)
    await admin.start()
    try:
        known = set(await admin.list_topics())
        fresh = [topic for topic in wanted if topic.name not in known]
        made = await _create(admin, fresh)
        await _check(admin, wanted)
    finally:
        await admin.close()
    return made


async def _create(admin: AIOKafkaAdminClient, fresh: list[Topic]) -> list[str]:
    """The names that were made here; another run may have been quicker, and the broker's list may lag behind it."""
    if not fresh:
        return []
    brokers = (await admin.describe_cluster())["brokers"]
    replication = min(COPIES, len(brokers))
    answer = await admin.create_topics([_new(topic, replication) for topic in fresh])
    errors = {name: for_code(code) for name, code, *_ in answer.topic_errors}
    for name, error in errors.items():
        if error not in (NoError, TopicAlreadyExistsError):
            raise CannotStart(f"Kafka did not make topic {name} ({error.__name__}). Look at Kafka's log, then again.")
    return [name for name, error in errors.items() if error is NoError]


def _new(topic: Topic, replication: int) -> NewTopic:
    return NewTopic(topic.name, topic.partitions, replication, topic_configs={"retention.ms": str(topic.retention_ms)})


async def _check(admin: AIOKafkaAdminClient, wanted: Sequence[Topic]) -> None:
    counted = await _partitions(admin, [topic.name for topic in wanted])
    for topic in wanted:
        if counted.get(topic.name) != topic.partitions:
            raise CannotStart(
                f"Topic {topic.name} has {counted.get(topic.name, 0)} partitions and the catalogue says "
                f"{topic.partitions}. Partitions are fixed at creation: point HUB_KAFKA at a broker of this hub's own."
            )


async def _partitions(admin: AIOKafkaAdminClient, names: list[str]) -> dict[str, int]:
    """How many partitions each topic has, as soon as the broker knows them all: a new one takes a moment."""
    deadline = time.monotonic() + VISIBLE_SECONDS
    while True:
        described = await admin.describe_topics(names) if names else []
        counted = {each["topic"]: len(each["partitions"]) for each in described if each["error_code"] == 0}
        if len(counted) == len(names) or time.monotonic() > deadline:
            return counted
        await asyncio.sleep(0.05)


async def partitions(kafka: str, names: list[str]) -> dict[str, int]:
    """How many partitions each of these topics has; one that does not exist is left out."""
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka, request_timeout_ms=15_000)
    await admin.start()
    try:
        described = await admin.describe_topics(names)
    finally:
        await admin.close()
    return {each["topic"]: len(each["partitions"]) for each in described if each["error_code"] == 0}
