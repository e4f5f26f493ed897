"""`hub bench`: one stage of the hub beside the floor, on engines of its own, as a table of ratios."""

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
from tests.benchmarks.stage import measure
from tests.benchmarks.triage import measure_triage
from tests.engines.running import free_ports, running


def bench(as_json: AsJson = False) -> None:
    """Measure batches of 1, 10, 100 and 500 by turns with the floor, in one run."""
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    try:
        found, triage = _measured(Home(local_settings().home))
    except CannotStart as trouble:
        fail(str(trouble))
    if as_json:
        answer({"stage": found, "triage": triage})
    else:
        table("One stage beside the floor", tuple(found[0]), found)
        table("Triage beside the floor", tuple(triage[0]), triage)


def _measured(home: Home) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
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
        stage = asyncio.run(measure(address, bootstrap(broker.port or 0)))
        return stage, asyncio.run(measure_triage(address, bootstrap(broker.port or 0)))
