"""Engines of their own for the fault tests, the whole hub on them, and a partner's system that listens."""

import signal
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from deploy.local import kafka as kafka_engine
from deploy.local import postgres as postgres_engine
from tests.conftest import QUICK
from tests.engines.running import Running, free_ports, running
from tests.faults.listener import Listener, listening
from tests.faults.whole_hub import WholeHub, until


@pytest.fixture(scope="package")
def own_engines(jars: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Running, Running]]:
    """PostgreSQL and Kafka that only these tests use."""
    folder = tmp_path_factory.mktemp("fault-engines")
    database = postgres_engine.postgres(folder / "postgres", free_ports(), QUICK)
    broker = kafka_engine.kafka(folder / "kafka", jars, free_ports(following=2))
    with running(database, folder / "postgres.log") as postgres, running(broker, folder / "kafka.log") as kafka:
        postgres.wait_ready()
        kafka.wait_ready()
        yield postgres, kafka


@pytest.fixture(scope="package")
async def listener() -> AsyncIterator[Listener]:
    """A partner's system that takes webhooks."""
    async with listening() as made:
        yield made


@pytest.fixture(scope="package")
async def hub(
    own_engines: tuple[Running, Running], listener: Listener, jars: Path, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[WholeHub]:
    """All services, ready, with the partners' webhooks set."""
    home = tmp_path_factory.mktemp("faults") / "hub"
    home.mkdir()
    (home / "java").symlink_to(jars)
    made = WholeHub(home, free_ports(following=94), *own_engines)
    try:
        await until(made.ready, "the hub to be ready")
        await listener.announce(made)
        yield made
    finally:
        made.end()
        if made.up.poll() is None:
            made.up.send_signal(signal.SIGKILL)
