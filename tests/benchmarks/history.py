"""How a case's history weighs on opening it: a case of 2,000 events beside one of 20, by turns, as a ratio.

Real PostgreSQL, the services' own pages and queries; no broker is needed, since nothing changes while it is measured.
Usage, on an empty database (superuser's address): python -m tests.benchmarks.history postgresql://…/name
"""

import argparse
import asyncio
import json
import statistics
import sys
import time
import uuid
from typing import Any

import httpx2

from deploy.local.provision import provision
from services.access.callers import caller_of_person
from services.access.tokens import mint_token
from services.desk import projection, write_repository
from services.desk.app import build as build_desk
from services.desk.commands import Casework
from services.kernel.clock import utc_now
from services.kernel.decision import Context, Message
from services.kernel.process import Process
from services.referrals import repository
from services.referrals.app import build as build_referrals
from tests.engines.hub import service_settings
from tests.unit.referrals.made import PARTNERSHIP, cases, command, memory_loop, triaged

SHORT, LONG, OPENINGS, WARM = 20, 2_000, 60, 5
AT_MOST = 1.5
"""What a long history may cost beside a short one."""
NOWHERE = "127.0.0.1:1"
LENGTHEN = """
    INSERT INTO referrals.case_events (event_id, case_id, sequence, type, at, document)
    SELECT gen_random_uuid(), e.case_id, n, 'NoteAdded', e.at + n * interval '1 second',
        jsonb_set(jsonb_set((e.document::jsonb - 'report'), '{case,sequence}', to_jsonb(n)),
            '{at}', to_jsonb((e.at + n * interval '1 second')))::json
    FROM referrals.case_events e JOIN referrals.cases c USING (case_id), generate_series($2::integer, $3::integer) n
    WHERE c.reference = $1 AND e.type = 'CaseOpened'
"""
"""Gives a case that the hub opened so many notes more."""
FIRST = 1_000
"""The sequence from which made-up events are counted: past those that the hub itself wrote."""


async def grown(referrals: Process, desk: Process, events: int) -> str:
    """A case with so many events, kept by both services; its reference."""
    loop = memory_loop()
    loop.send(triaged(), str(uuid.uuid4()))
    for _ in range(events - 1):
        body = {"text": "Visited. The music was off.", "fact": "fact"}
        loop.send(command(cases(loop)[0], "note", body), str(uuid.uuid4()))
    async with referrals.database.writing() as connection:
        await repository.save(connection, dict(sorted(loop.state.items())))
    rows: dict[str, Any] = {}
    for event in loop.events:
        identity = uuid.uuid4()
        message = Message(identity, event.body.TYPE, event.key, event.body, loop.now, "record", identity)
        rows |= projection.project(rows, message, Context(loop.now, identity, PARTNERSHIP)).state
    async with desk.database.writing() as connection:
        await write_repository.save(connection, rows)
    return cases(loop)[0].state.reference


async def _seconds(client: httpx2.AsyncClient, path: str, headers: dict[str, str]) -> float:
    started = time.perf_counter()
    answer = await client.get(path, headers=headers)
    answer.raise_for_status()
    return time.perf_counter() - started


async def measure(database: str) -> list[dict[str, Any]]:
    """Medians of opening both cases by turns, by the API and on the page, and their ratio."""
    await provision(database)
    settings = await service_settings("referrals", database, NOWHERE)
    referrals, desk = build_referrals(settings), build_desk(await service_settings("desk", database, NOWHERE))
    secret = settings.service_secret.get_secret_value()
    caller = caller_of_person(PARTNERSHIP.person("helen-strood"), frozenset({"cases"}))
    async with _client(referrals) as api, _client(desk) as page:
        desk.app.state.casework = Casework(api, api, PARTNERSHIP.zone)
        await page.post("/sign-in", data={"person": "helen-strood", "after": "/"})
        made = [await grown(referrals, desk, events) for events in (SHORT, LONG)]
        token = {"Authorization": f"Bearer {mint_token(caller, secret, utc_now())}"}
        found = [
            await _ratio("API", api, [f"/api/v1/cases/{each}" for each in made], token),
            await _ratio("page", page, [f"/cases/{each}" for each in made], {}),
        ]
    await referrals.database.close()
    await desk.database.close()
    return found


def _client(process: Process) -> httpx2.AsyncClient:
    return httpx2.AsyncClient(transport=httpx2.ASGITransport(app=process.app), base_url="http://hub", timeout=60)


async def _ratio(opened: str, client: httpx2.AsyncClient, paths: list[str], headers: dict[str, str]) -> dict[str, Any]:
    taken: dict[str, list[float]] = {path: [] for path in paths}
    for turn in range(OPENINGS + WARM):
        for path in paths:
            seconds = await _seconds(client, path, headers)
            if turn >= WARM:
                taken[path].append(seconds)
    short, long = (statistics.median(taken[path]) for path in paths)
    figures = {f"ms_{SHORT}": round(short * 1000, 1), f"ms_{LONG}": round(long * 1000, 1)}
    return {"opened": opened} | figures | {"ratio": round(long / short, 2)}


def main() -> None:
    """Print the figures; the exit status is 1 where a long history costs more than it may."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("database")
    figures = asyncio.run(measure(parser.parse_args().database))
    json.dump(figures, sys.stdout, indent=2)
    sys.exit(1 if any(each["ratio"] >= AT_MOST for each in figures) else 0)


if __name__ == "__main__":
    main()
