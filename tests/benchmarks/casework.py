"""Fifty signed-in people work on the same cases at once through the desk: no update is lost, every conflict is shown.

Each has a session of her own, opens the case's page and sends its forms, as a browser would. The demonstration's people
who see such cases sit at several desks each; with --crowd, against a hub with the partnership that `crowd` writes,
everybody is a person of her own. At the end every case is compared with what was accepted.
Usage, against a running demonstration: python -m tests.benchmarks.casework http://127.0.0.1:8000 [--crowd]
"""

import argparse
import asyncio
import json
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import httpx2

from tests.benchmarks.casework_pages import Seat, sign_in, work
from tests.benchmarks.casework_record import BEGGING, NOISE, Tally, begin, check, open_cases
from tests.benchmarks.crowd import AGENCIES, of_agency

PEOPLE, CASES, SECONDS = 50, 200, 300.0
STREETS, POLICE = ("helen-strood", "asha-venn", "ruth-pellow"), ("helen-strood", "colm-ferris")
"""Who sees the cases that Neighbourhood Services lead, and who those that police lead; the duty manager sees all."""


Crews = tuple[tuple[str, ...], tuple[str, ...]]
"""Who works on the one half of the cases, and who on the other."""


@asynccontextmanager
async def _seats(
    base: str, people: int, crews: Crews, noise: Sequence[str], begging: Sequence[str]
) -> AsyncIterator[list[Seat]]:
    """So many sessions of those who see the cases, in turn."""
    streets, police = crews
    staff = [(person, noise, streets) for person in streets] + [(person, begging, police) for person in police]
    seats = [await sign_in(base, *staff[number % len(staff)]) for number in range(people)]
    yield seats
    for seat in seats:
        await seat.client.aclose()


async def soak(base: str, seats: list[Seat], seconds: float) -> tuple[Tally, float]:
    """Everybody works until the time is over; then every case is checked. The seconds that the work took."""
    tally, cases = Tally(), sorted({each for seat in seats for each in seat.cases})
    async with httpx2.AsyncClient(base_url=base, timeout=60) as client:
        await begin(client, cases, tally)
        started = time.monotonic()
        await asyncio.gather(*(work(seat, number, started + seconds, tally) for number, seat in enumerate(seats)))
        took = time.monotonic() - started
        for reference in cases:
            await check(client, reference, tally)
    return tally, took


async def measure(base: str, people: int, cases: int, seconds: float, crews: Crews) -> dict[str, Any]:
    """The figures of one run."""
    async with httpx2.AsyncClient(base_url=base, timeout=60) as client:
        noise, begging = await open_cases(client, cases // 2, NOISE), await open_cases(client, cases // 2, BEGGING)
    async with _seats(base, people, crews, noise, begging) as seats:
        tally, took = await soak(base, seats, seconds)
    return {
        "sessions": len(seats),
        "people": len({seat.person for seat in seats}),
        "cases": len({*noise, *begging}),
        "seconds": round(took, 1),
        "answers": dict(sorted(tally.answers.items())),
        "versions_made": sum(len(each) for each in tally.accepted.values()),
        "notes_taken": tally.notes.total(),
        "per_second": round(tally.answers.total() / took, 1),
        "faults": tally.faults[:20],
    }


def main() -> None:
    """Print the figures; the exit status is 1 where an update was lost or a conflict hidden."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("base")
    parser.add_argument("--people", type=int, default=PEOPLE)
    parser.add_argument("--cases", type=int, default=CASES)
    parser.add_argument("--seconds", type=float, default=SECONDS)
    parser.add_argument("--crowd", action="store_true")
    arguments = parser.parse_args()
    crews = (of_agency(AGENCIES[0]), of_agency(AGENCIES[1])) if arguments.crowd else (STREETS, POLICE)
    figures = asyncio.run(measure(arguments.base, arguments.people, arguments.cases, arguments.seconds, crews))
    json.dump(figures, sys.stdout, indent=2)
    sys.exit(1 if figures["faults"] else 0)


if __name__ == "__main__":
    main()
