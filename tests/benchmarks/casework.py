"""Many people work on the same cases at once through HTTP: no update is lost, and every conflict is shown.

Each answer of 200 to a command that replaces something raises its case's version by exactly one; each 412 carries both
versions; at the end every case stands as its accepted commands, in the order of their versions, leave it.
Usage, against a running demonstration: python -m tests.benchmarks.casework http://127.0.0.1:8000 [--seconds 300]
"""

import argparse
import asyncio
import json
import random
import sys
import time
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx2

PEOPLE, CASES, SECONDS, COMMANDS_AT_MOST = 50, 200, 300.0, 100_000
THINKING = (0.0, 0.15)
"""Seconds between reading a case and acting on it: time enough for somebody else to be first."""
TWICE = 0.1
"""The share of commands that are sent a second time under the same key, as after a lost answer."""
DUTY, POLICE = {"Authorization": "Bearer demo-duty"}, {"Authorization": "Bearer demo-police"}
KEYS = ("demo-duty", "demo-caseworker", "demo-town-centre")
"""Who works: the duty manager and two people of the agency that leads on such cases, in turn."""
OWNERS = ("helen-strood", "asha-venn", "ruth-pellow")
REPLACED = {"risk": "risk", "assign": "owner"}
SECONDS_TO_A_CASE = 120.0
AWAY = (409, 429, 502, 503, 504)
ATTEMPTS = 20


@dataclass(slots=True)
class Tally:
    """What was sent and answered."""

    answers: Counter[str] = field(default_factory=Counter)
    accepted: dict[str, dict[int, tuple[str, Any]]] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)

    def took(self, reference: str, sent_version: int, name: str, value: Any, answer: Mapping[str, Any]) -> None:
        """A replacing command was accepted."""
        version = answer["version"]
        mine = self.accepted.setdefault(reference, {})
        if version != sent_version + 1:
            self.faults.append(f"{name}: version {sent_version} became {version}")
        if version in mine:
            self.faults.append(f"two commands made version {version} of one case: one of them was lost")
        mine[version] = (name, value)


async def open_cases(client: httpx2.AsyncClient, how_many: int) -> list[str]:
    """So many new cases, each at a place of its own."""
    run = uuid.uuid4().int % 9_000
    urls = []
    for number in range(how_many):
        place = {"latitude": 51.70 + run / 100_000 + number * 0.0021, "longitude": -0.95 + number * 0.0017}
        sent = {"source_id": str(uuid.uuid4()), "category": "noise", "description": "Loud music.", "place": place}
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


def _wanted(dice: random.Random, case: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    name = dice.choice(("risk", "assign", "note"))
    if name == "risk":
        risk = dice.choice([risk for risk in ("high", "medium", "standard") if risk != case["risk"]])
        return name, {"risk": risk, "reason": "Assessed again."}
    if name == "assign":
        return name, {"owner": dice.choice(OWNERS)}
    return name, {"text": "Visited.", "fact": "fact"}


async def _sure(client: httpx2.AsyncClient, tally: Tally, method: str, path: str, **sent: Any) -> httpx2.Response:
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


async def _work(client: httpx2.AsyncClient, cases: list[str], number: int, until: float, tally: Tally) -> None:
    dice, me = random.Random(number), {"Authorization": f"Bearer {KEYS[number % len(KEYS)]}"}
    while time.monotonic() < until and tally.answers.total() < COMMANDS_AT_MOST:
        reference = dice.choice(cases)
        case = (await _sure(client, tally, "GET", f"/api/v1/cases/{reference}", headers=me)).json()
        name, body = _wanted(dice, case)
        await asyncio.sleep(dice.uniform(*THINKING))
        headers = me | {"If-Match": f'"{case["version"]}"', "Idempotency-Key": str(uuid.uuid4())}
        path = f"/api/v1/cases/{reference}/{name}"
        answer = await _sure(client, tally, "POST", path, json=body, headers=headers)
        _count(tally, reference, case["version"], name, body, answer)
        if dice.random() < TWICE:
            _same(tally, answer, await _sure(client, tally, "POST", path, json=body, headers=headers))


def _count(
    tally: Tally, reference: str, version: int, name: str, body: Mapping[str, Any], answer: httpx2.Response
) -> None:
    code = answer.json().get("code", "")
    tally.answers[f"{answer.status_code} {code}".strip()] += 1
    if answer.status_code == httpx2.codes.OK:
        if name in REPLACED:
            tally.took(reference, version, name, body[REPLACED[name]], answer.json())
    elif answer.status_code == httpx2.codes.PRECONDITION_FAILED:
        shown = answer.json()
        if not (shown["current"]["version"] == shown["version"] > version and body.items() <= shown["yours"].items()):
            tally.faults.append("a conflict did not show both sides")
    else:
        tally.faults.append(f"{name}: {answer.status_code} {code}")


def _same(tally: Tally, first: httpx2.Response, second: httpx2.Response) -> None:
    tally.answers["sent twice"] += 1
    if (second.status_code, second.json().get("version")) != (first.status_code, first.json().get("version")):
        tally.faults.append("a command that was sent twice was answered differently")


async def _check(client: httpx2.AsyncClient, reference: str, tally: Tally) -> None:
    """The case stands as its accepted commands leave it, and its versions have no gap."""
    case = (await _sure(client, tally, "GET", f"/api/v1/cases/{reference}", headers=DUTY)).json()
    accepted = tally.accepted.get(reference, {})
    if sorted(accepted) != list(range(2, case["version"] + 1)):
        tally.faults.append(f"{reference} is at version {case['version']} after {len(accepted)} accepted commands")
    folded = {REPLACED[name]: value for _, (name, value) in sorted(accepted.items())}
    wrong = [name for name, value in folded.items() if case[name] != value]
    tally.faults.extend(f"{reference}: {name} is not what the last accepted command made it" for name in wrong)


async def soak(clients: list[httpx2.AsyncClient], cases: list[str], seconds: float) -> Tally:
    """Everybody works until the time is over; then every case is checked."""
    tally, until = Tally(), time.monotonic() + seconds
    workers = (_work(client, cases, number, until, tally) for number, client in enumerate(clients))
    await asyncio.gather(*workers)
    for reference in cases:
        await _check(clients[0], reference, tally)
    return tally


@asynccontextmanager
async def _clients(base: str, how_many: int) -> AsyncIterator[list[httpx2.AsyncClient]]:
    made = [httpx2.AsyncClient(base_url=base, timeout=60) for _ in range(how_many)]
    yield made
    for client in made:
        await client.aclose()


async def measure(base: str, people: int, cases: int, seconds: float) -> dict[str, Any]:
    """The figures of one run."""
    async with _clients(base, people) as clients:
        found = await open_cases(clients[0], cases)
        started = time.monotonic()
        tally = await soak(clients, found, seconds)
        took = time.monotonic() - started
    changed = sum(len(each) for each in tally.accepted.values())
    return {
        "people": people,
        "keys": len(KEYS),
        "cases": len(found),
        "seconds": round(took, 1),
        "answers": dict(sorted(tally.answers.items())),
        "versions_made": changed,
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
    arguments = parser.parse_args()
    figures = asyncio.run(measure(arguments.base, arguments.people, arguments.cases, arguments.seconds))
    json.dump(figures, sys.stdout, indent=2)
    sys.exit(1 if figures["faults"] else 0)


if __name__ == "__main__":
    main()
