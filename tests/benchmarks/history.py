"""How a case's history weighs on opening it: a case of 2,000 events beside one of 20, by turns, as a ratio.

Usage, against a running demonstration on this machine and its PostgreSQL (superuser's address):
python -m tests.benchmarks.history http://127.0.0.1:8000 postgresql://…/hub
"""

import argparse
import asyncio
import json
import re
import statistics
import sys
import time
from typing import Any

import asyncpg
import httpx2

from tests.benchmarks.casework import DUTY, open_cases

SHORT, LONG, OPENINGS = 20, 2_000, 60
AT_MOST = 1.5
"""What a long history may cost beside a short one."""

LENGTHEN = """
    INSERT INTO referrals.case_events (event_id, case_id, sequence, type, at, document)
    SELECT gen_random_uuid(), e.case_id, n, 'NoteAdded', e.at + n * interval '1 second',
        jsonb_set(jsonb_set((e.document::jsonb - 'report'), '{case,sequence}', to_jsonb(n)),
            '{at}', to_jsonb((e.at + n * interval '1 second')))::json
    FROM referrals.case_events e JOIN referrals.cases c USING (case_id), generate_series($2::integer, $3::integer) n
    WHERE c.reference = $1 AND e.type = 'CaseOpened'
"""
LENGTHEN_MODEL = """
    INSERT INTO desk.model_events (event_id, case_id, sequence, type, at, document)
    SELECT gen_random_uuid(), e.case_id, n, 'NoteAdded', e.at + n * interval '1 second',
        (e.document::jsonb - 'report')::json
    FROM desk.model_events e JOIN desk.model_cases c USING (case_id), generate_series($2::integer, $3::integer) n
    WHERE c.reference = $1 AND e.type = 'CaseOpened'
"""
FIRST = 1_000
"""The sequence from which made-up events are counted: past those that the hub itself wrote."""


async def lengthen(connection: asyncpg.Connection, reference: str, events: int) -> None:
    """Give the case so many more events, in the history and in the read model."""
    for statement in (LENGTHEN, LENGTHEN_MODEL):
        await connection.execute(statement, reference, FIRST, FIRST + events - 1)


async def _signed_in(client: httpx2.AsyncClient) -> None:
    page = await client.get("/sign-in")
    assert re.search("helen-strood", page.text), "the demonstration's people cannot sign in here"
    await client.post("/sign-in", data={"person": "helen-strood", "after": "/"})


async def _seconds(client: httpx2.AsyncClient, path: str) -> float:
    started = time.perf_counter()
    answer = await client.get(path, headers=DUTY if path.startswith("/api/") else {})
    answer.raise_for_status()
    return time.perf_counter() - started


async def measure(base: str, database: str) -> list[dict[str, Any]]:
    """Medians of opening both cases by turns, by the API and on the page, and their ratio."""
    async with httpx2.AsyncClient(base_url=base, timeout=60) as client:
        cases = (await open_cases(client, 2))[:2]
        connection = await asyncpg.connect(database)
        for reference, events in zip(cases, (SHORT, LONG), strict=True):
            await lengthen(connection, reference, events)
        await connection.execute("ANALYZE referrals.case_events, desk.model_events")
        await connection.close()
        await _signed_in(client)
        return [await _ratio(client, name, prefix, cases) for name, prefix in (("API", "/api/v1"), ("page", ""))]


async def _ratio(client: httpx2.AsyncClient, name: str, prefix: str, cases: list[str]) -> dict[str, Any]:
    taken: dict[str, list[float]] = {reference: [] for reference in cases}
    for _ in range(OPENINGS):
        for reference in cases:
            taken[reference].append(await _seconds(client, f"{prefix}/cases/{reference}"))
    short, long = (statistics.median(taken[reference]) for reference in cases)
    return {
        "opened": name,
        f"ms_{SHORT}": round(short * 1000, 1),
        f"ms_{LONG}": round(long * 1000, 1),
        "ratio": round(long / short, 2),
    }


def main() -> None:
    """Print the figures; the exit status is 1 where a long history costs more than it may."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("base")
    parser.add_argument("database")
    arguments = parser.parse_args()
    figures = asyncio.run(measure(arguments.base, arguments.database))
    json.dump(figures, sys.stdout, indent=2)
    sys.exit(1 if any(each["ratio"] >= AT_MOST for each in figures) else 0)


if __name__ == "__main__":
    main()
