"""How soon a 101 report stands on the worklist while a file is being imported, on a hub that is running.

Begins when the first rows are accepted. Posts calls one after the other, each about a street of its own, and asks for
the worklist page until its title is there.
Usage: python -m tests.benchmarks.while_importing FILE [--url URL] [--calls 100]; one JSON document on standard output.
"""

import argparse
import json
import re
import statistics
import sys
import threading
import time
from pathlib import Path
from secrets import choice
from string import ascii_lowercase
from typing import Any
from uuid import uuid4

import httpx2

PERSON, KEY = "helen-strood", {"Authorization": "Bearer demo-police"}
SECONDS_AT_MOST = 30.0
PAUSE_BETWEEN_LOOKS, PAUSE_BETWEEN_CALLS = 0.02, 0.2
PERCENTILE = 0.95
LETTERS, LETTERS_OF_A_RUN = len(ascii_lowercase), 5
_NEXT = re.compile(r'href="(/\?[^"]*after=[^"]*)"')


def _signed_in(url: str) -> httpx2.Client:
    client = httpx2.Client(base_url=url, follow_redirects=True, timeout=30)
    client.post("/sign-in", data={"person": PERSON}).raise_for_status()
    return client


def _shows(client: httpx2.Client, street: str) -> bool:
    """Whether the worklist of unowned cases has the case at that street."""
    address: str | None = "/?view=unowned"
    while address:
        page = client.get(address).raise_for_status().text
        if street in page:
            return True
        following = _NEXT.search(page)
        address = following.group(1).replace("&amp;", "&") if following else None
    return False


def _street(run: str, number: int) -> str:
    """A street of this call's own; in letters, for a number would be taken for a house."""
    return f"Measured {run}{ascii_lowercase[number // LETTERS % LETTERS]}{ascii_lowercase[number % LETTERS]} Way"


def _call(client: httpx2.Client, number: int, street: str) -> None:
    body = {
        "source_id": f"while-importing-{uuid4()}",
        "category": "noise",
        "description": f"Loud music through the wall since midnight again, call {number}",
        "place": {"text": street},
    }
    client.post("/api/v1/calls", json=body, headers=KEY).raise_for_status()


def measure(url: str, calls: int) -> list[float]:
    """Seconds from the start of each POST to the first worklist page with its case; the limit where it never came."""
    client, taken, run = _signed_in(url), [], "".join(choice(ascii_lowercase) for _ in range(LETTERS_OF_A_RUN))
    for number in range(calls):
        street = _street(run.capitalize(), number)
        started = time.monotonic()
        _call(client, number, street)
        while not _shows(client, street) and time.monotonic() - started < SECONDS_AT_MOST:
            time.sleep(PAUSE_BETWEEN_LOOKS)
        taken.append(time.monotonic() - started)
        time.sleep(PAUSE_BETWEEN_CALLS)
    return taken


def _send(url: str, file: Path, into: dict[str, Any]) -> None:
    with httpx2.Client(base_url=url, headers=KEY, timeout=600) as client:
        answer = client.post("/api/v1/batches", params={"format": "police-street"}, content=file.read_bytes())
        into["batch"] = answer.raise_for_status().json()["url"]


def _progress(url: str, batch: str) -> dict[str, Any]:
    found: dict[str, Any] = httpx2.get(f"{url}{batch}", headers=KEY, timeout=30).raise_for_status().json()
    return {name: found[name] for name in ("status", "rows", "accepted", "decided")}


def main() -> None:
    """Import, measure meanwhile, and say how far the import was when the last call was seen."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("--url", default="http://127.0.0.1:8000")
    parser.add_argument("--calls", type=int, default=100)
    asked = parser.parse_args()
    batch: dict[str, Any] = {}
    sender = threading.Thread(target=_send, args=(asked.url, asked.file, batch))
    sender.start()
    sender.join()
    while not (before := _progress(asked.url, batch["batch"]))["accepted"]:
        time.sleep(PAUSE_BETWEEN_CALLS)
    taken = sorted(measure(asked.url, asked.calls))
    document = {
        "calls": len(taken),
        "median_seconds": round(statistics.median(taken), 3),
        "p95_seconds": round(taken[int(PERCENTILE * (len(taken) - 1))], 3),
        "longest_seconds": round(taken[-1], 3),
        "import_at_the_first_call": before,
        "import_at_the_last_call": _progress(asked.url, batch["batch"]),
    }
    sys.stdout.write(json.dumps(document, indent=2) + "\n")


if __name__ == "__main__":
    main()
