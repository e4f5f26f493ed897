"""How fast triage decides from memory and reads, and what reading costs the others, on engines of its own, in one run.

From memory: reports of 1.5 kB by lexicon and tables, and texts by the second reader, for each second of one core. On
engines: an import and 101 calls alone, and beside 20 live reports a second that the tables are not sure of, once where
nobody reads and once where they are read. Live reports cost what they cost; between the two lies the reading.
Usage: python -m tests.benchmarks.reading [--seconds 30] [--rows 20000]; one JSON document on standard output.
"""

import argparse
import asyncio
import json
import sys
import tempfile
import time
import uuid
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, ExitStack
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import asyncpg
import structlog
from aiokafka import AIOKafkaProducer
from threadpoolctl import threadpool_limits

from deploy.local.home import Home
from deploy.local.jars import KAFKA_LOCK, ensure
from deploy.local.kafka import bootstrap, kafka
from deploy.local.postgres import postgres, url
from deploy.local.provision import provision
from deploy.local.reader_models import ensure_models, sentence_models
from deploy.local.topics import create_topics
from hub.reader import second_reader
from hub.settings import local_settings
from schemas import topics
from schemas.events import ReportFacts, ReportReceived
from schemas.personal import reveal, seal
from services.kernel.envelope import encoded
from services.kernel.migrations import migrate
from services.kernel.settings import Settings
from services.triage.app import build
from services.triage.domain.deciding import Counts, Rules, decide_report
from services.triage.domain.second_look import asks
from services.triage.rule_set import read_rules
from tests.benchmarks.stage import report as plain_report
from tests.engines.running import free_ports, running

LUTON = Path("partnerships/luton")
SIZE = 1_500
"""Characters of a report from memory."""
LIVE_PER_SECOND, CALLS_PER_SECOND = 20, 5
DAY = date(2026, 3, 2)
TOLD = """
    SELECT count(*) AS reports, count(*) FILTER (WHERE document -> 'reading' IS NOT NULL) AS read,
        percentile_cont(ARRAY[0.5, 0.95, 1.0]) WITHIN GROUP (ORDER BY extract(epoch FROM
            (document ->> 'decided_at')::timestamptz - received_at)) AS seconds
    FROM triage.decisions WHERE document -> 'report' ->> 'source_id' LIKE $1
"""


def texts() -> list[str]:
    """The training texts, as people write them."""
    lines = (line for file in sorted((LUTON / "training").glob("*.jsonl")) for line in file.read_text().splitlines())
    return [json.loads(line)["description"] for line in lines]


def glued(pieces: Sequence[str]) -> Iterator[str]:
    """Texts of `SIZE` characters: several reports in one, so that no real one holds more signs."""
    whole = ""
    for piece in pieces:
        whole = f"{whole} {piece}".strip()
        if len(whole) >= SIZE:
            yield whole[:SIZE]
            whole = ""


def facts(number: int, channel: str, name: str, batch: str | None = None) -> ReportFacts:
    """A report's facts; `name` tells what it is for."""
    return ReportFacts.model_validate(
        {
            "report_id": uuid.uuid4(),
            "reference": f"R-{name}-{number:06}",
            "source_id": f"{name}-{number}",
            "channel": channel,
            "received_at": datetime.now(UTC),
            "batch": batch,
        }
    )


def per_core_second(work: Callable[[], object], count: int, times: int = 2) -> int:
    """So many a second of the processor's time, the better of two: what else the machine does counts little."""
    best = float("inf")
    for _ in range(times):
        began = time.process_time()
        work()
        best = min(best, time.process_time() - began)
    return round(count / best)


def decided(rules: Rules, texts: Sequence[str]) -> Callable[[], object]:
    """The work of deciding reports of these words."""
    shown, personal = facts(0, "online", "memory"), [{"description": each} for each in texts]
    return lambda: [decide_report(shown, each, Counts(), rules, DAY) for each in personal]


def from_memory(rules: Rules, pieces: Sequence[str]) -> dict[str, int]:
    """Reports a second by lexicon and tables: texts that were not seen before, and then such as were.

    What is remembered of words and tables helps the latter: one without a sign, texts thick with them, and as written.
    """
    decided(rules, [each for place, each in enumerate(pieces) if place % 8 not in (0, 4)])()
    made = {
        name: per_core_second(decided(rules, fresh), len(fresh), times=1)
        for name, fresh in (("as_written_unseen", pieces[::8]), ("thick_1500_unseen", list(glued(pieces[4::8]))))
    }
    plain, thick = [str(reveal(plain_report(0).personal)["description"])] * 300, list(glued(pieces))[:300]
    for name, seen in (("plain_1500", plain), ("thick_1500", thick), ("as_written", list(pieces)[:1000])):
        made[name] = per_core_second(decided(rules, seen), len(seen))
    return made


def readings(rules: Rules, pieces: Sequence[str]) -> dict[str, int]:
    """Texts a second by the second reader, on one core: as written, and of 1.5 kB."""
    second, lexicon = second_reader(LUTON), rules.reader.lexicon
    assert second is not None
    long = list(glued(pieces))[:20]
    every = pieces[:: max(1, len(pieces) // 100)]
    threadpool_limits(1, user_api="blas")  # as a process of triage has it: two threads that wait count as two cores
    return {
        "as_written": per_core_second(lambda: [second.read(each, lexicon) for each in every], len(every)),
        "of_1500": per_core_second(lambda: [second.read(each, lexicon) for each in long], len(long)),
    }


@dataclass(frozen=True, slots=True)
class Run:
    """One measurement on engines: what is sent, and where."""

    settings: Settings
    unsure: Sequence[str]
    producer: AIOKafkaProducer
    rows: int
    seconds: float

    async def send(self, topic: str, report: ReportFacts, words: str) -> None:
        """One report onto its topic."""
        body = ReportReceived(report=report, personal=seal({"description": words}))
        headers = {"ce_id": str(uuid.uuid4()), "ce_type": "ReportReceived.v1", "ce_time": datetime.now(UTC).isoformat()}
        key = str(report.report_id).encode()
        await self.producer.send(topic, body.model_dump_json().encode(), key=key, headers=list(encoded(headers)))

    async def imported(self, name: str) -> None:
        """All rows of an import at once."""
        for number in range(self.rows):
            words = self.unsure[number % len(self.unsure)]
            await self.send(topics.REPORTS_PARTNER, facts(number, "partner", name, "B-222-222-222"), words)

    async def steady(self, name: str, topic: str, channel: str, each_second: int, words: Sequence[str]) -> None:
        """So many a second, for as long as the measurement lasts."""
        for number in range(round(each_second * self.seconds)):
            await self.send(topic, facts(number, channel, name), words[number % len(words)])
            await asyncio.sleep(1 / each_second)


async def phase(run: Run, name: str, *, live: bool) -> dict[str, Any]:
    """An import and calls, with or without live reports beside them: how long each kind took."""
    sure = ["Mattresses, litter and graffiti by the garages again, fly-tipping."]
    work: list[Awaitable[None]] = [run.imported(f"{name}-import")]
    work.append(run.steady(f"{name}-call", topics.REPORTS_101, "101", CALLS_PER_SECOND, sure))
    due = run.rows + round(CALLS_PER_SECOND * run.seconds)
    if live:
        work.append(run.steady(f"{name}-live", topics.REPORTS_ONLINE, "online", LIVE_PER_SECOND, run.unsure))
        due += round(LIVE_PER_SECOND * run.seconds)
    began = datetime.now(UTC)
    await asyncio.gather(*work)
    watch = await asyncpg.connect(run.settings.database_url)
    query = "SELECT count(*) FROM triage.decisions WHERE document -> 'report' ->> 'source_id' LIKE $1"
    while await watch.fetchval(query, f"{name}-%") < due:
        await asyncio.sleep(0.2)
    last = "SELECT max((document ->> 'decided_at')::timestamptz) FROM triage.decisions"
    ended = await watch.fetchval(f"{last} WHERE document -> 'report' ->> 'source_id' LIKE $1", f"{name}-import-%")
    told = {"import_seconds": round((ended - began).total_seconds(), 1)}
    for kind in ("call", "live") if live else ("call",):
        row = await watch.fetchrow(TOLD, f"{name}-{kind}-%")
        assert row is not None
        middle, most, longest = (round(each, 2) for each in row["seconds"])
        told |= {kind: {"reports": row["reports"], "read": row["read"], "p50": middle, "p95": most, "max": longest}}
    await watch.close()
    return told


async def on_engines(address: str, broker: str, jars: tuple[Path, ...], asked: argparse.Namespace) -> dict[str, Any]:
    """The import and the calls: alone, beside live reports that nobody reads, and beside such as are read."""
    await provision(address, services=("triage",))
    settings = Settings(database_url=address, kafka=broker, demonstration=True, sentence_models=jars)
    await asyncio.to_thread(migrate, "triage", settings)
    await create_topics(broker)
    rules = read_rules(LUTON)
    unsure = [each for each in texts() if asks_reading(each, rules)][:2000]
    async with AsyncExitStack() as stack:
        producer = AIOKafkaProducer(bootstrap_servers=broker, linger_ms=5)
        await producer.start()
        stack.push_async_callback(producer.stop)
        run = Run(settings, unsure, producer, asked.rows, asked.seconds)
        found: dict[str, Any] = {}
        for reader, phases in ((False, {"beside_unread": True}), (True, {"alone": False, "beside_read": True})):
            process = build(settings if reader else settings.model_copy(update={"sentence_models": ()}))
            async with process.app.router.lifespan_context(process.app):
                while not await process.ready():
                    await asyncio.sleep(0.1)
                found |= {name: await phase(run, name, live=live) for name, live in phases.items()}
        return found


def asks_reading(words: str, rules: Rules) -> bool:
    """Whether the tables are not sure of these words."""
    shown, personal = facts(0, "online", "asked"), {"description": words}
    return asks(shown, personal, decide_report(shown, personal, Counts(), rules, DAY), rules)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--rows", type=int, default=20_000)
    asked = parser.parse_args()
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    rules, pieces, home = read_rules(LUTON), texts(), Home(local_settings().home)
    ensure([KAFKA_LOCK], home.jars)
    ensure_models(home.jars)
    share = sum(asks_reading(each, rules) for each in pieces[::10]) / len(pieces[::10])
    found: dict[str, Any] = {
        "decided_per_core_second": from_memory(rules, pieces),
        "read_per_core_second": readings(rules, pieces),
        "share_that_is_read": round(share, 2),
    }
    with tempfile.TemporaryDirectory(dir=home.path) as folder, ExitStack() as stack:
        database = postgres(Path(folder) / "postgres", free_ports())
        broker = kafka(Path(folder) / "kafka", home.jars, free_ports(following=2))
        for program in (database, broker):
            stack.enter_context(running(program, Path(folder) / f"{program.name}.log")).wait_ready()
        address = url(database.port or 0)
        asyncio.run(provision(address, services=()))
        found |= asyncio.run(on_engines(address, bootstrap(broker.port or 0), sentence_models(home.jars), asked))
    json.dump(found, sys.stdout, indent=1)
    sys.stdout.write("\n")


if __name__ == "__main__":
    main()
