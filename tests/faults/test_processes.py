"""Several processes of one service: at one place they make one case, and when one is killed nothing is lost."""

import asyncio
import json
import signal
import subprocess
from collections.abc import AsyncIterator
from functools import partial

import httpx2
import pytest

from tests.engines.running import free_ports
from tests.faults.ledger import all_exactly_once
from tests.faults.listener import Listener
from tests.faults.traffic import Traffic, place, record
from tests.faults.whole_hub import WholeHub, until

pytestmark = pytest.mark.faults
MORE = {"triage": 1, "referrals": 3}
"""Processes of a service beside the one that the hub runs: four of them choose between opening and joining."""
MEETING = 24
"""Reports that meet at one place, from so many senders at once."""


@pytest.fixture(scope="module")
async def processes(hub: WholeHub) -> AsyncIterator[list["subprocess.Popen[bytes]"]]:
    """The other processes, ready; ended after the tests of this module, whose last one kills two of them."""
    ports = free_ports(following=sum(MORE.values()))
    slots = [(service, slot) for service, count in MORE.items() for slot in range(1, count + 1)]
    started = [hub.another(service, slot, ports + place) for place, (service, slot) in enumerate(slots)]
    try:
        for number in range(len(slots)):
            await until(partial(_ready, ports + number), f"process {slots[number]} to be ready")
        yield started
    finally:
        for process in started:
            process.send_signal(signal.SIGTERM)
        for process in started:
            process.wait(120)


async def _ready(port: int) -> bool:
    """Whether the process is ready and has its share of every topic that it hears."""
    async with httpx2.AsyncClient(timeout=30) as client:
        try:
            answer = await client.get(f"http://127.0.0.1:{port}/healthz")
        except httpx2.HTTPError:
            return False
    return answer.is_success and all(each["partitions"] for each in answer.json()["consumers"])


async def test_four_processes_that_meet_one_place_at_once_make_one_case(
    hub: WholeHub, listener: Listener, processes: list["subprocess.Popen[bytes]"]
) -> None:
    traffic = Traffic(hub, "met")
    here = place("met")
    async with httpx2.AsyncClient(base_url=hub.address("intake"), timeout=60) as client:
        await asyncio.gather(*(_send(client, traffic, f"met-{number}", here) for number in range(MEETING)))
    await all_exactly_once(hub, listener, traffic)
    rows = await hub.rows(
        "SELECT case_id, count(*) AS n FROM referrals.case_reports WHERE report_id = ANY($1) GROUP BY case_id",
        list(traffic.ids()),
    )
    assert [row["n"] for row in rows] == [MEETING]


async def _send(client: httpx2.AsyncClient, traffic: Traffic, source_id: str, here: dict[str, object]) -> None:
    headers = {"Authorization": "Bearer demo-police", "Content-Type": "application/json"}
    body = json.dumps(record(source_id) | {"place": here, "line": "101", "grade": "3"})
    answer = await client.post("/api/v1/calls", content=body, headers=headers)
    assert answer.status_code == 202, answer.text
    traffic.taken.add(("police", source_id))


async def test_a_process_that_is_killed_beside_others_leaves_its_work_to_them(
    hub: WholeHub, listener: Listener, processes: list["subprocess.Popen[bytes]"]
) -> None:
    def strike(taken: int) -> None:
        if taken in (40, 80):
            processes[taken // 40].kill()

    traffic = Traffic(hub, "beside", after_each=strike)
    await traffic.all_doors(30)
    await all_exactly_once(hub, listener, traffic)
    assert [process.poll() for process in processes].count(-signal.SIGKILL) == 2
