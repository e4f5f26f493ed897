"""Many systems work on the same cases at once by the cases' API, each with a key: the worker of `casework`'s soak."""

import asyncio
import random
import time
import uuid
from collections.abc import Mapping
from typing import Any

import httpx2

from tests.benchmarks.casework_record import COMMANDS_AT_MOST, REPLACED, THINKING, TWICE, Tally, begin, check, sure

KEYS = ("demo-duty", "demo-caseworker", "demo-town-centre")
"""Who works: the duty manager and two people of the agency that leads on such cases, in turn."""
OWNERS = ("helen-strood", "asha-venn", "ruth-pellow")


def _wanted(dice: random.Random, case: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    name = dice.choice(("risk", "assign", "note"))
    if name == "risk":
        risk = dice.choice([risk for risk in ("high", "medium", "standard") if risk != case["risk"]])
        return name, {"risk": risk, "reason": "Assessed again."}
    if name == "assign":
        return name, {"owner": dice.choice(OWNERS)}
    return name, {"text": "Visited.", "fact": "fact"}


async def _work(client: httpx2.AsyncClient, cases: list[str], number: int, until: float, tally: Tally) -> None:
    dice, me = random.Random(number), {"Authorization": f"Bearer {KEYS[number % len(KEYS)]}"}
    while time.monotonic() < until and tally.answers.total() < COMMANDS_AT_MOST:
        reference = dice.choice(cases)
        case = (await sure(client, tally, "GET", f"/api/v1/cases/{reference}", headers=me)).json()
        name, body = _wanted(dice, case)
        await asyncio.sleep(dice.uniform(*THINKING))
        headers = me | {"If-Match": f'"{case["version"]}"', "Idempotency-Key": str(uuid.uuid4())}
        path = f"/api/v1/cases/{reference}/{name}"
        answer = await sure(client, tally, "POST", path, json=body, headers=headers)
        _count(tally, reference, case["version"], name, body, answer)
        if dice.random() < TWICE:
            _same(tally, answer, await sure(client, tally, "POST", path, json=body, headers=headers))


def _count(
    tally: Tally, reference: str, version: int, name: str, body: Mapping[str, Any], answer: httpx2.Response
) -> None:
    code = answer.json().get("code", "")
    tally.answers[f"{answer.status_code} {code}".strip()] += 1
    if answer.status_code == httpx2.codes.OK:
        if name in REPLACED:
            tally.took(reference, version, name, body[REPLACED[name]], answer.json()["version"])
        else:
            tally.notes[reference] += 1
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


async def soak(clients: list[httpx2.AsyncClient], cases: list[str], seconds: float) -> Tally:
    """Everybody works until the time is over; then every case is checked."""
    tally = Tally()
    await begin(clients[0], cases, tally)
    until = time.monotonic() + seconds
    workers = (_work(client, cases, number, until, tally) for number, client in enumerate(clients))
    await asyncio.gather(*workers)
    for reference in cases:
        await check(clients[0], reference, tally)
    return tally
