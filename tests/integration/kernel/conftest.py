"""A probe service on real engines, for the kernel's own tests."""

import uuid
from collections.abc import AsyncIterator

import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from services.kernel.consumer import read_positions
from services.kernel.settings import Settings
from tests.integration.kernel import probe
from tests.integration.kernel.bench import TOPIC, Bench


@pytest.fixture
def service() -> str:
    """A name of its own for every test: schemas and consumer groups never meet."""
    return f"probe_{uuid.uuid4().hex[:8]}"


@pytest.fixture
async def settings(postgres_url: str, service: str) -> Settings:
    """Settings of a probe service whose schema is there."""
    found = Settings(database_url=postgres_url, kafka="127.0.0.1:1", demonstration=True)
    await probe.provision(found, service)
    return found


@pytest.fixture
async def topics(kafka_bootstrap: str) -> AsyncIterator[str]:
    """Two fresh topics with four partitions; yields the suffix of their names."""
    suffix = uuid.uuid4().hex[:8]
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka_bootstrap)
    await admin.start()
    names = [f"{probe.TOPIC_IN}-{suffix}", f"{probe.TOPIC_OUT}-{suffix}"]
    await admin.create_topics([NewTopic(name, 4, 1) for name in names])
    yield suffix
    await admin.delete_topics(names)
    await admin.close()


@pytest.fixture
async def bench(service: str, settings: Settings) -> AsyncIterator[Bench]:
    """A bench on a fresh schema."""
    made = Bench(service, settings)
    made.positions = await read_positions(made.database, TOPIC, [0, 1])
    yield made
    await made.database.close()
