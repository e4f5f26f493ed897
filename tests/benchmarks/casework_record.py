"""What many people did to the same cases at once, and whether the cases stand as they left them.

Each accepted command that replaces something raises its case's version by exactly one; at the end every case stands as
its accepted commands, in the order of their versions, leave it, and holds every note that was taken.
"""

import asyncio
import time
import uuid
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx2

COMMANDS_AT_MOST = 100_000
THINKING = (0.0, 0.15)
"""Seconds between reading a case and acting on it: time enough for somebody else to be first."""
TWICE = 0.1
"""The share of commands that are sent a second time under the same key, as after a lost answer."""
DUTY, POLICE = {"Authorization": "Bearer demo-duty"}, {"Authorization": "Bearer demo-police"}
NOISE, BEGGING = ("noise", "Loud music."), ("begging-vagrancy", "Men begging at the doors.")
"""Category and words of what Neighbourhood Services lead, and of what police lead."""
REPLACED = {"risk": "risk", "assign": "owner"}
SECONDS_TO_A_CASE = 120.0
AWAY = (409, 429, 502, 503, 504)
ATTEMPTS = 20


@dataclass(slots=True)
class Tally:
    """What was sent and answered."""

    answers: Counter[str] = field(default_factory=Counter)
    accepted: dict[str, dict[int, tuple[str, Any]]] = field(default_factory=dict)
    notes: Counter[str] = field(default_factory=Counter)
    began: dict[str, tuple[int, int]] = field(default_factory=dict)
    """Version and notes of each case before anybody worked on it: a report of the soak may join an older case."""
    faults: list[str] = field(default_factory=list)

    def took(self, reference: str, sent_version: int, name: str, value: Any, version: int) -> None:
        """A replacing command was accepted."""
        mine = self.accepted.setdefault(reference, {})
        if version != sent_version + 1:
            self.faults.append(f"{name}: version {sent_version} became {version}")
        if version in mine:
            self.faults.append(f"two commands made version {version} of one case: one of them was lost")
        mine[version] = (name, value)


async def open_cases(client: httpx2.AsyncClient, how_many: int, what: tuple[str, str] = NOISE) -> list[str]:
    """So many new cases, each at a place of its own."""
    run = uuid.uuid4().int % 9_000
    urls = []
    for number in range(how_many):
        place = {"latitude": 51.70 + run / 100_000 + number * 0.0021, "longitude": -0.95 + number * 0.0017}
        sent = {"source_id": str(uuid.uuid4()), "category": what[0], "description": what[1], "place": place}
        posted = await client.post("/api/v1/reports", json=sent, headers=POLICE)
        posted.raise_for_status()
        urls.append(posted.json()["url"])
    found = [await _case_of(client, url) for url in urls]
    return sorted(set(found))


async def _case_of(client: httpx2.AsyncClient, url: str) -> str:
    end = time.monotonic() + SECONDS_TO_A_CASE
    while time.monotonic() < end:
        decision = (await client.get(url, headers=POLICE)).json()["decision"]
        if decision and decision["case"]:
            return str(decision["case"])
        await asyncio.sleep(0.05)
    raise TimeoutError("a report did not come to a case")


async def sure(client: httpx2.AsyncClient, tally: Tally, method: str, path: str, **sent: Any) -> httpx2.Response:
    """A definite answer: what is away for a moment, or still being handled, is asked again under the same key."""
    for attempt in range(ATTEMPTS):
        try:
            answer = await client.request(method, path, **sent)
        except httpx2.HTTPError as error:
            tally.answers[type(error).__name__] += 1
        else:
            if answer.status_code not in AWAY:
                return answer
            tally.answers[f"{answer.status_code} asked again"] += 1
        await asyncio.sleep(0.2 * (attempt + 1))
    raise TimeoutError(f"{method} had no definite answer")


async def begin(client: httpx2.AsyncClient, cases: Sequence[str], tally: Tally) -> None:
    """Note how the cases stand."""
    for reference in cases:
        case = (await sure(client, tally, "GET", f"/api/v1/cases/{reference}", headers=DUTY)).json()
        tally.began[reference] = (case["version"], await _notes(client, reference, tally))


async def check(client: httpx2.AsyncClient, reference: str, tally: Tally) -> None:
    """The case stands as its accepted commands leave it, its versions have no gap, and every note is there."""
    case = (await sure(client, tally, "GET", f"/api/v1/cases/{reference}", headers=DUTY)).json()
    accepted, (version, notes) = tally.accepted.get(reference, {}), tally.began[reference]
    if sorted(accepted) != list(range(version + 1, case["version"] + 1)):
        tally.faults.append(f"{reference} is at version {case['version']} after {len(accepted)} accepted commands")
    folded = {REPLACED[name]: value for _, (name, value) in sorted(accepted.items())}
    wrong = [name for name, value in folded.items() if case[name] != value]
    tally.faults.extend(f"{reference}: {name} is not what the last accepted command made it" for name in wrong)
    if (noted := await _notes(client, reference, tally) - notes) != tally.notes[reference]:
        tally.faults.append(f"{reference} holds {noted} notes of {tally.notes[reference]} that were taken")


async def _notes(client: httpx2.AsyncClient, reference: str, tally: Tally) -> int:
    """How many notes the whole timeline of a case holds."""
    found, before = 0, ""
    while True:
        path = f"/api/v1/cases/{reference}/timeline" + (f"?before={before}" if before else "")
        page = (await sure(client, tally, "GET", path, headers=DUTY)).json()
        found += [each["type"] for each in page["items"]].count("NoteAdded")
        if not (before := str(page["next"] or "")):
            return found
