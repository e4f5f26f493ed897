"""Open referrals whose clocks run out one after another, across a restart and two processes: when, in order, once.

Usage: python -m tests.benchmarks.clocks_due POSTGRES_URL KAFKA [--referrals 10000] [--seconds 60] [--json], on a
database that is provisioned and empty. Two operating-system processes of the service run; the first is killed half-way
with SIGKILL and another one takes its place.
"""

import argparse
import asyncio
import json
import math
import os
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import asyncpg
import httpx2

from schemas.events import ReferralState
from services.kernel.clock import utc_now
from services.kernel.process import Process
from services.kernel.references import reference
from services.kernel.settings import Settings
from services.partnership.models import Partnership
from services.partnership.values import Clock
from services.referrals import repository
from services.referrals.app import build
from services.referrals.domain import clocks
from services.referrals.domain.state import Case, Referral, case_key, referral_key
from services.referrals.messages import ReferralDue
from tests.engines.hub import service_settings
from tests.engines.running import free_ports
from tests.unit.referrals.made import POLICE, open_case

AHEAD_OF_A_THOUSAND = timedelta(seconds=1.5)
"""Until the first clock runs out: as long as it takes to write so many down, and a little more."""
A_CASE_HAS = 10
ANSWER = Clock(minutes=480, calendar="office-hours")
_TIMERS = """
    INSERT INTO referrals.timers (id, kind, subject, due_at, payload, message_id, correlation_id, causation_id)
    SELECT gen_random_uuid(), 'referral-due', subject, due, payload, gen_random_uuid(), gen_random_uuid(),
        gen_random_uuid() FROM unnest($1::text[], $2::timestamptz[], $3::text[]) AS t (subject, due, payload)
"""
_FIRED = """
    SELECT event_id, document->'referral'->>'referral_id' AS referral, at, case_id, sequence FROM referrals.case_events
    WHERE type = 'ReferralEscalated'
"""
LOOK_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class Fired:
    """What came of it; lateness in seconds after each referral's own due time.

    `seen_…` is when another connection could see it, so with the commit; looked for each tenth of a second.
    """

    referrals: int
    fired: int
    lost: int
    more_than_once: int
    out_of_order: int
    latest_seconds: float
    late_50: float
    late_99: float
    seen_latest_seconds: float
    seen_late_50: float
    seen_late_99: float


def _case(number: int, now: datetime) -> Case:
    state = open_case(uuid.uuid4(), now, title=f"Begging · George Street · {number}", sequence=1)
    return Case(state=state, kind="Begging", visible_to=(POLICE,))


def _referral(case: Case, now: datetime, partnership: Partnership) -> Referral:
    identity = uuid.uuid4()
    state = ReferralState(
        referral_id=identity,
        reference=reference("F", identity),
        case_id=case.state.case_id,
        case_reference=case.state.reference,
        panel="tcig",
        to_agency=partnership.panel("tcig").receives,
        status="sent",
        stage="sent",
        sent_at=now,
        consent_status="given",
        clock=clocks.start(now, ANSWER, partnership.working_time),
        version=1,
    )
    return Referral(state=state, reason="Help.")


async def _prepared(hub: Process, count: int, seconds: float) -> dict[str, datetime]:
    """Cases and referrals, and the moment at which each one's clock is to run out."""
    partnership: Partnership = hub.app.state.partnership
    now = utc_now()
    cases = [_case(number, now) for number in range(-(-count // A_CASE_HAS))]
    referrals = [_referral(cases[number // A_CASE_HAS], now, partnership) for number in range(count)]
    async with hub.database.writing() as connection:
        kept: dict[str, Any] = {case_key(each.state.case_id): each for each in cases}
        await repository.save(connection, kept)
        await repository.save(connection, {referral_key(each.state.referral_id): each for each in referrals})
    start = utc_now() + AHEAD_OF_A_THOUSAND * max(count / 1000, 1)
    return {
        ReferralDue(case_id=each.state.case_id, referral_id=each.state.referral_id).model_dump_json(): start
        + timedelta(seconds=seconds * number / count)
        for number, each in enumerate(referrals)
    }


@contextmanager
def _process(settings: Settings, slot: int, port: int) -> Iterator["subprocess.Popen[bytes]"]:
    """One process of the service beside others; ended afterwards, however it ended."""
    told = {
        "HUB_DATABASE_URL": settings.database_url,
        "HUB_KAFKA": settings.kafka,
        "HUB_DEMONSTRATION": "true",
        "HUB_SERVICE_SECRET": settings.service_secret.get_secret_value(),
        "HUB_KEY_PEPPER": settings.key_pepper.get_secret_value(),
    }
    command = [sys.executable, "-m", "hub", "run", "referrals", "--slot", str(slot), "--port", str(port)]
    process = subprocess.Popen(command, env=os.environ | told, stdout=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.terminate()
        process.wait(30)


async def _ready(port: int) -> None:
    """Wait until a process answers that it is ready. Raises `TimeoutError` after a minute and a half."""
    async with httpx2.AsyncClient(timeout=5) as client, asyncio.timeout(90):
        while True:
            try:
                if (await client.get(f"http://127.0.0.1:{port}/readyz")).is_success:
                    return
            except httpx2.HTTPError:
                pass  # not listening yet
            await asyncio.sleep(0.2)


async def measure(database_url: str, kafka: str, count: int, seconds: float) -> Fired:
    """Run it."""
    settings = await service_settings("referrals", database_url, kafka)
    ports = free_ports(following=3)
    with ExitStack() as stack:
        first, *_ = [stack.enter_context(_process(settings, slot, ports + slot)) for slot in (0, 1)]
        await asyncio.gather(_ready(ports), _ready(ports + 1))
        due = await _prepared(build(settings), count, seconds)
        connection = await asyncpg.connect(database_url)
        subjects = [str(ReferralDue.model_validate_json(payload).referral_id) for payload in due]
        moments = dict(zip(subjects, due.values(), strict=True))
        await connection.execute(_TIMERS, subjects, list(due.values()), list(due))
        watching = asyncio.create_task(_watched(database_url, moments))
        await _until(next(iter(due.values())) + timedelta(seconds=seconds / 2))
        first.kill()
        stack.enter_context(_process(settings, 2, ports + 2))
        seen = await watching
        rows = await connection.fetch(_FIRED)
        await connection.close()
    return _figures(moments, rows, seen)


async def _until(moment: datetime) -> None:
    await asyncio.sleep(max((moment - utc_now()).total_seconds(), 0))


async def _watched(database_url: str, due: dict[str, datetime]) -> dict[str, datetime]:
    """When each one was first seen; given up two minutes after the last one was due."""
    connection = await asyncpg.connect(database_url)
    seen: dict[str, datetime] = {}
    end = max(due.values()) + timedelta(minutes=2)
    while len(seen) < len(due) and utc_now() < end:
        await asyncio.sleep(LOOK_SECONDS)
        rows = await connection.fetch(f"SELECT referral FROM ({_FIRED}) AS f")  # noqa: S608
        now = utc_now()
        for row in rows:
            seen.setdefault(row["referral"], now)
    await connection.close()
    return seen


def _figures(due: dict[str, datetime], rows: list[Any], seen: dict[str, datetime]) -> Fired:
    fired: dict[str, list[Any]] = {}
    for row in rows:
        fired.setdefault(row["referral"], []).append(row)
    firsts = [fired[subject][0] for subject in due if subject in fired]
    late = _late(due, {subject: found[0]["at"] for subject, found in fired.items()})
    late_seen = _late(due, seen)
    return Fired(
        referrals=len(due),
        fired=len(fired),
        lost=len(due) - len(fired),
        more_than_once=sum(len(each) > 1 for each in fired.values()),
        out_of_order=sum(_swapped(earlier, later) for earlier, later in pairwise(firsts)),
        latest_seconds=late[-1],
        late_50=late[len(late) // 2],
        late_99=late[int(len(late) * 0.99)],
        seen_latest_seconds=late_seen[-1],
        seen_late_50=late_seen[len(late_seen) // 2],
        seen_late_99=late_seen[int(len(late_seen) * 0.99)],
    )


def _swapped(earlier: Any, later: Any) -> bool:
    """Whether the one that was due later came first: by time, and in one case by its place in the history."""
    one_case = earlier["case_id"] == later["case_id"]
    return bool(later["at"] < earlier["at"] or (one_case and later["sequence"] < earlier["sequence"]))


def _late(due: dict[str, datetime], came: dict[str, datetime]) -> list[float]:
    """Seconds after their time, the smallest first; one infinity where none came at all."""
    found = (round((came[subject] - moment).total_seconds(), 3) for subject, moment in due.items() if subject in came)
    return sorted(found) or [math.inf]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("database_url")
    parser.add_argument("kafka")
    parser.add_argument("--referrals", type=int, default=10_000)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    found = asdict(asyncio.run(measure(given.database_url, given.kafka, given.referrals, given.seconds)))
    text = json.dumps(found) if given.json else "\n".join(f"{name}: {value}" for name, value in found.items())
    sys.stdout.write(text + "\n")


if __name__ == "__main__":
    main()
