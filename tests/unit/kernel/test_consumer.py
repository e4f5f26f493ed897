"""A batch that is not decided is read again, all of it."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any

import pytest

from services.kernel.consumer import Consumer, Subscription
from services.kernel.envelope import Raw, Reader, Received
from services.kernel.errors import Fenced
from tests.integration.kernel.probe import ProbeStage


class Kafka:
    """Notes where it is sought to."""

    def __init__(self) -> None:
        self.seeks: dict[int, int] = {}

    def seek(self, at: Any, offset: int) -> None:
        self.seeks[at.partition] = offset


class Outside:
    """Stands for loop and database: another consumer was first, and the positions cannot be read."""

    async def run(self, _: Any) -> None:
        raise Fenced

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[None]:
        raise ConnectionResetError
        yield


def consumer(positions: Mapping[int, int], reader: Reader | None = None) -> tuple[Consumer, Kafka]:
    kafka, outside = Kafka(), Outside()
    made = Consumer(Subscription("pokes", reader=reader), outside, ProbeStage(), outside, lambda: False)  # type: ignore[arg-type]
    made._subscriber, made._pause = SimpleNamespace(consumer=kafka), 0.0
    made._positions.update(positions)
    return made, kafka


def batch(*places: tuple[int, int]) -> Any:
    """Records at these partitions and offsets."""
    records = [
        SimpleNamespace(topic="pokes", partition=partition, offset=offset, key=b"a", headers=(), value=b"")
        for partition, offset in places
    ]
    return SimpleNamespace(raw_message=records)


async def test_records_passed_over_in_one_partition_bring_back_every_partition_of_the_batch() -> None:
    made, kafka = consumer({0: 3, 1: 7, 2: 9})
    await made._on_batch(batch((0, 5), (1, 7)))
    assert kafka.seeks == {0: 3, 1: 7}


async def test_a_fenced_batch_comes_again_when_the_positions_cannot_be_read() -> None:
    made, kafka = consumer({0: 3, 1: 7})
    await made._on_batch(batch((0, 3), (1, 7)))
    assert kafka.seeks == {0: 3, 1: 7}
    assert made.trouble == "positions-unread"
    assert made.busy_since is None


async def test_a_batch_comes_again_that_its_reader_cannot_read() -> None:
    def raises(_: Raw) -> Received:
        raise KeyError

    made, kafka = consumer({0: 3}, raises)
    with pytest.raises(KeyError):
        await made._on_batch(batch((0, 3)))
    assert kafka.seeks == {0: 3}
