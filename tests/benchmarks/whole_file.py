"""Whether the hub's figures are a police extract's own: by month and crime type, and row by row for the look-alikes.

Sends the file to a hub that is running, waits until every accepted row is decided, and compares what intake keeps and
triage decided with the file. Usage: python -m tests.benchmarks.whole_file FILE --url URL --database URL; one JSON
document on standard output, and exit code 1 where anything differs.
"""

import argparse
import asyncio
import csv
import gzip
import json
import sys
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import asyncpg
import httpx2

KEY = {"Authorization": "Bearer demo-police"}
SECONDS_AT_MOST, PAUSE = 1800.0, 1.0
SHOWN = 20
_KEPT = """
    SELECT reference, document->'facts'->>'occurred_month' AS month, document->'facts'->>'category' AS category,
        document->>'reason' AS reason, document->'decision'->>'disposition' AS disposition
    FROM intake.reports WHERE partner = 'police' AND document->'extract' IS NOT NULL
"""
_DECIDED = "SELECT reference FROM triage.decisions WHERE historic"

Row = dict[str, str]


def rows_of(path: Path) -> list[Row]:
    """The file's rows, plain or gzip."""
    with gzip.open(path, "rt") if path.suffix == ".gz" else path.open() as file:
        return list(csv.DictReader(file))


def look_alikes(rows: Sequence[Row]) -> list[int]:
    """The places (from 1) of rows without a Crime ID that equal another one in every column."""
    counted = Counter(tuple(row.values()) for row in rows)
    return [place for place, row in enumerate(rows, 1) if not row["Crime ID"] and counted[tuple(row.values())] > 1]


def imported(client: httpx2.Client, path: Path) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The batch when every accepted row is decided, and what became of each row, in order."""
    sent = client.post("/api/v1/batches?format=police-street", content=path.read_bytes()).raise_for_status().json()
    end = time.monotonic() + SECONDS_AT_MOST
    while True:
        status: dict[str, Any] = client.get(sent["url"]).raise_for_status().json()
        if status["status"] == "done" and status["decided"] >= status["accepted"]:
            break
        assert status["status"] != "failed" and time.monotonic() < end, status
        time.sleep(PAUSE)
    lines = client.get(sent["rows_url"]).raise_for_status().text.splitlines()
    return status, sorted(map(json.loads, lines), key=lambda each: each["row"])


async def kept(database: str) -> tuple[dict[str, Any], set[str]]:
    """The police's records as intake keeps them, by reference; and the references that triage has decided on."""
    connection = await asyncpg.connect(database)
    try:
        found = {row["reference"]: row for row in await connection.fetch(_KEPT)}
        return found, {row["reference"] for row in await connection.fetch(_DECIDED)}
    finally:
        await connection.close()


def differences(wanted: Counter[Any], found: Counter[Any]) -> list[dict[str, Any]]:
    """Where two counts differ: what is counted, the file's figure, the hub's."""
    return [
        {"of": list(key), "file": wanted[key], "hub": found[key]}
        for key in sorted(wanted.keys() | found.keys())
        if wanted[key] != found[key]
    ]


def compared(
    rows: Sequence[Row],
    outcomes: Sequence[dict[str, Any]],
    found: dict[str, Any],
    decided: set[str],
    names: dict[str, str],
) -> dict[str, Any]:
    """The file beside the hub; every list and every number under `differences` is empty or 0 where they agree."""
    references = [each["reference"] for each in outcomes]
    mine = [found[reference] for reference in set(references) if reference in found]
    alike = look_alikes(rows)
    apart = {references[place - 1] for place in alike} - {None}
    by_month = differences(
        Counter((row["Month"], names[row["Crime type"]]) for row in rows),
        Counter((each["month"], each["category"]) for each in mine),
    )
    return {
        "rows": len(rows),
        "months_and_types": len({(row["Month"], row["Crime type"]) for row in rows}),
        "look_alikes": len(alike),
        "differences": {
            "by_month_and_type": by_month[:SHOWN],
            "rows_without_a_report": len(rows) - len(set(references) - {None}),
            "look_alikes_that_fell_together": len(alike) - len(apart),
            "undecided": len([each for each in mine if each["reference"] not in decided]),
            "without_a_reason": len([each for each in mine if not each["reason"]]),
            "not_record_only": len([each for each in mine if each["disposition"] != "record-only"]),
        },
    }


def main() -> int:
    """Import, compare, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("--url", default="http://127.0.0.1:8000")
    parser.add_argument("--database", default="postgresql://hub@127.0.0.1:8032/hub")
    given = parser.parse_args()
    rows, began = rows_of(given.file), time.monotonic()
    with httpx2.Client(base_url=given.url, headers=KEY, timeout=120) as client:
        status, outcomes = imported(client, given.file)
        categories = client.get("/api/v1/categories").raise_for_status().json()["items"]
    names = {each["name"]: each["code"] for each in categories if each["scheme"] == "police"}
    found, decided = asyncio.run(kept(given.database))
    made = compared(rows, outcomes, found, decided, names)
    counted = {name: status[name] for name in ("accepted", "duplicate", "rejected", "decided")}
    report = made | counted | {"seconds": round(time.monotonic() - began, 1)}
    sys.stdout.write(json.dumps(report, indent=1) + "\n")
    return 1 if any(made["differences"].values()) else 0


if __name__ == "__main__":
    sys.exit(main())
