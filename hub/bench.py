"""`hub bench`: one stage of the hub and triage beside the floor, on engines of its own, as a table of ratios."""

import asyncio
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import structlog

from deploy.local.home import Home
from deploy.local.jars import KAFKA_LOCK, ensure
from deploy.local.kafka import bootstrap, kafka
from deploy.local.postgres import postgres, url
from deploy.local.provision import provision
from deploy.local.trouble import CannotStart
from hub.settings import local_settings
from hub.telling import AsJson, answer, fail, say, table
from tests.benchmarks.beside import measure
from tests.engines.running import free_ports, running


def bench(as_json: AsJson = False) -> None:
    """Measure batches of 1, 10, 100 and 500: the floor, a stage of the kernel and triage by turns, in one run."""
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    try:
        found = _measured(Home(local_settings().home))
    except CannotStart as trouble:
        fail(str(trouble))
    if as_json:
        answer({"reports_per_second": found})
    else:
        table("Reports a second: the floor, one stage, triage", tuple(found[0]), found)


def _measured(home: Home) -> list[dict[str, Any]]:
    ensure([KAFKA_LOCK], home.jars)
    with tempfile.TemporaryDirectory(dir=home.path) as folder, ExitStack() as stack:
        data = Path(folder)
        say("Starting PostgreSQL and Kafka for the measurement ...")
        database = postgres(data / "postgres", free_ports())
        broker = kafka(data / "kafka", home.jars, free_ports(following=2))
        for program in (database, broker):
            stack.enter_context(running(program, data / f"{program.name}.log")).wait_ready()
        address = url(database.port or 0)
        asyncio.run(provision(address, services=()))
        return asyncio.run(measure(address, bootstrap(broker.port or 0)))
