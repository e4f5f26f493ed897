"""Real engines for every test that asks for one: started once for the session, on free ports, in an own folder."""

import asyncio
import gc
import os
import shutil
import tempfile
import uuid
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
import hypothesis
import pytest

from deploy.local import kafka as kafka_engine
from deploy.local import postgres as postgres_engine
from deploy.local.jars import KAFKA_LOCK, ensure
from deploy.local.provision import provision
from deploy.local.reader_models import ensure_models
from deploy.local.topics import create_topics
from tests.engines.running import Running, free_ports, running
from tests.engines.sharing import ByCompany

ROOT = Path(__file__).parents[1]
QUICK = {"fsync": "off", "full_page_writes": "off", "shared_buffers": "128MB"}
"""A killed process loses nothing by it; only a killed machine would, and a test database may be lost then."""


# A deadline is an assertion of milliseconds, and those depend on what else the machine does.
hypothesis.settings.register_profile("hub", deadline=None)
hypothesis.settings.load_profile("hub")

# As the services set it: what tests make lives long, and looking through it for cycles frees next to nothing.
gc.set_threshold(50_000, 20, 100)

_OWN_FOLDER = pytest.StashKey[Path]()


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """A folder of its own for each session: a second one closes the shared folder to the first one's PostgreSQL."""
    if config.option.basetemp is None:
        config.stash[_OWN_FOLDER] = Path(tempfile.mkdtemp(prefix="hub-tests-"))
        config.option.basetemp = str(config.stash[_OWN_FOLDER] / "session")


def pytest_unconfigure(config: pytest.Config) -> None:
    """The engines have stopped: their data goes."""
    if (folder := config.stash.get(_OWN_FOLDER, None)) is not None:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByCompany | None:
    """With `--dist loadscope`, tests that share a hub stay in one process."""
    return ByCompany(config, log) if config.option.dist == "loadscope" else None


@pytest.fixture(scope="session")
def jars() -> Path:
    """The engines' jars and the second reader's models beside them: fetched once for all tests of a checkout."""
    home = Path(os.environ.get("HUB_HOME", ROOT / ".hub"))
    ensure([KAFKA_LOCK], home.absolute() / "java")
    ensure_models(home.absolute() / "java")
    return home.absolute() / "java"


@pytest.fixture(scope="session")
def engines_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the session's engines keep their data and logs."""
    return tmp_path_factory.mktemp("engines")


@pytest.fixture(scope="session")
def postgres_server(engines_folder: Path) -> Iterator[Running]:
    """The session's PostgreSQL, for tests that do something to the server itself (and mend it again)."""
    program = postgres_engine.postgres(engines_folder / "postgres", free_ports(), QUICK)
    with running(program, engines_folder / "postgres.log") as server:
        server.wait_ready()
        yield server


@pytest.fixture(scope="session")
def kafka_server(jars: Path, engines_folder: Path) -> Iterator[Running]:
    """The session's Kafka, for tests that do something to the broker itself (and mend it again)."""
    program = kafka_engine.kafka(engines_folder / "kafka", jars, free_ports(following=2))
    with running(program, engines_folder / "kafka.log") as server:
        server.wait_ready()
        yield server


@pytest.fixture(scope="session")
def postgres_url(postgres_server: Running) -> str:
    """The superuser's address of the session's PostgreSQL: a database `hub` without any role or schema of a service."""
    url = postgres_engine.url(postgres_server.program.port or 0)
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, provision(url, services=())).result()
    return url


@pytest.fixture(scope="session")
def kafka_bootstrap(kafka_server: Running) -> str:
    """The address of the session's Kafka: no topic is made, none makes itself."""
    return kafka_engine.bootstrap(kafka_server.program.port or 0)


@pytest.fixture(scope="session")
def kafka_topics(kafka_bootstrap: str) -> str:
    """The address of the session's Kafka, with all topics of the catalogue."""
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, create_topics(kafka_bootstrap)).result()
    return kafka_bootstrap


@asynccontextmanager
async def _database(postgres_url: str) -> AsyncIterator[str]:
    name = f"test_{uuid.uuid4().hex[:12]}"
    url = f"{postgres_url.rpartition('/')[0]}/{name}"
    await provision(url)
    yield url
    connection = await asyncpg.connect(postgres_url)
    await connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
    await connection.close()


@pytest.fixture
async def fresh_database(postgres_url: str) -> AsyncIterator[str]:
    """The address of a database of this test's own, with every service's roles and empty schema."""
    async with _database(postgres_url) as url:
        yield url


@pytest.fixture(scope="module")
async def module_database(postgres_url: str) -> AsyncIterator[str]:
    """As `fresh_database`, one for all tests of a module."""
    async with _database(postgres_url) as url:
        yield url
