"""The disk of a running hub fills: a sentence says so, reports are refused with when to come back, nothing is lost."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import asyncpg
import httpx2
import pytest

from deploy.local.ports import Ports
from services.kernel.errors import INFRASTRUCTURE
from tests.engines.running import free_ports
from tests.faults.traffic import record
from tests.faults.whole_hub import ROOT, until

pytestmark = pytest.mark.faults
MEGABYTES, PIECE = 700, 1024
SERVICES = "intake,triage,referrals,notify"
FIRST, MORE = 15, 5
SHORTAGE = "Free some space, or set HUB_HOME to a folder on another disk."
POLICE = {"Authorization": "Bearer demo-police"}


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A small disk of its own, in memory; only root may make one."""
    place = tmp_path / "disk"
    place.mkdir()
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={MEGABYTES}m", "tmpfs", place], capture_output=True, check=False
    )
    if made.returncode:
        pytest.skip("a disk can be made here by root only")
    yield place
    subprocess.run(["umount", "--lazy", place], check=True)


class SmallHub:
    """`hub up` with everything that it keeps on one small disk."""

    def __init__(self, disk: Path, jars: Path) -> None:
        self.home, self.said, self.filler = disk / "hub", disk.parent / "up.log", disk / "filler"
        self.home.mkdir()
        (self.home / "java").symlink_to(jars)
        self.ports = Ports(free_ports(following=94))
        told = {name: value for name, value in os.environ.items() if not name.startswith("HUB_")}
        environment = told | {"HUB_HOME": str(self.home), "HUB_PORT_BASE": str(self.ports.base)}
        command = [sys.executable, "-m", "hub", "up", "--only", SERVICES]
        with self.said.open("wb") as output:
            self.up = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=output, stderr=output)
        intake = f"http://127.0.0.1:{self.ports.service('intake')}"
        self.client = httpx2.AsyncClient(base_url=intake, headers=POLICE, timeout=60)
        self.taken: set[str] = set()

    async def started(self) -> bool:
        """Whether everything has started, and reports can come in."""
        return self.says("The hub is ready") and await self.ready()

    async def ready(self) -> bool:
        """Whether reports can come in."""
        assert self.up.poll() is None, f"the hub ended: {self.said.read_text()[-2000:]}"
        try:
            return (await self.client.get("/readyz")).is_success
        except httpx2.HTTPError:
            return False

    async def send(self, source_id: str) -> httpx2.Response:
        """One report."""
        answer = await self.client.post("/api/v1/reports", json=record(source_id))
        if answer.status_code == httpx2.codes.ACCEPTED:
            self.taken.add(source_id)
        return answer

    def fill(self) -> None:
        """Take all the room that is left."""
        with self.filler.open("ab", buffering=0) as file:
            try:
                while file.write(bytes(PIECE)) == PIECE:
                    pass
            except OSError:
                return

    async def rows(self, query: str) -> list[Any]:
        """Look at the tables."""
        connection = await asyncpg.connect(f"postgresql://hub@127.0.0.1:{self.ports.postgres}/hub")
        try:
            return await connection.fetch(query)
        finally:
            await connection.close()

    def says(self, words: str) -> bool:
        """Whether the one-command run has said it."""
        return words in self.said.read_text(errors="replace")


@pytest.fixture
async def starting(disk: Path, jars: Path) -> AsyncIterator[SmallHub]:
    """The hub on the small disk as it starts; stopped as by Ctrl-C."""
    made = SmallHub(disk, jars)
    try:
        yield made
    finally:
        await made.client.aclose()
        made.up.send_signal(signal.SIGINT)
        try:
            await asyncio.to_thread(made.up.wait, 90)
        except subprocess.TimeoutExpired:
            made.up.kill()


@pytest.fixture
async def small(starting: SmallHub) -> SmallHub:
    """The hub on the small disk, all of it ready."""
    await until(starting.started, "the hub to be ready")
    return starting


async def _refused(hub: SmallHub, refusals: list[httpx2.Response]) -> bool:
    """Send one more; whether the hub had no room for it."""
    answer = await hub.send(f"full-{len(hub.taken)}")
    if answer.status_code == httpx2.codes.ACCEPTED:
        return False
    refusals.append(answer)
    return True


async def _taken_again(hub: SmallHub, source_id: str) -> bool:
    return (await hub.send(source_id)).status_code == httpx2.codes.ACCEPTED


async def _says(hub: SmallHub, words: str) -> bool:
    return hub.says(words)


async def _all_answered(hub: SmallHub) -> bool:
    """Whether every report that was taken is there once, and decided."""
    try:
        found = await hub.rows("SELECT source_id, status FROM intake.reports")
        decided = await hub.rows("SELECT count(*) AS n FROM triage.decisions")
    except INFRASTRUCTURE:
        return False
    assert sorted(row["source_id"] for row in found) == sorted(hub.taken)
    return decided[0]["n"] == len(hub.taken) and all(row["status"] != "received" for row in found)


async def test_a_disk_that_fills_while_the_hub_runs_is_said_and_nothing_is_lost_when_there_is_room_again(
    small: SmallHub,
) -> None:
    for number in range(FIRST):
        assert (await small.send(f"first-{number}")).status_code == httpx2.codes.ACCEPTED
    small.fill()
    refusals: list[httpx2.Response] = []
    await until(partial(_refused, small, refusals), "a report for which there is no room")
    assert refusals[0].status_code == httpx2.codes.SERVICE_UNAVAILABLE
    assert int(refusals[0].headers["retry-after"]) > 0
    assert refusals[0].json()["code"] == "unavailable"
    answer = await small.client.get("/readyz")
    assert answer.status_code == httpx2.codes.SERVICE_UNAVAILABLE
    assert answer.json()["database"].startswith("PostgreSQL "), "readiness says what is in the way"
    await until(partial(_says, small, SHORTAGE), "a sentence about the disk")
    small.filler.unlink()
    await until(small.ready, "the hub to be ready again by itself")
    for number in range(MORE):
        await until(partial(_taken_again, small, f"after-{number}"), "a report to be taken again")
    await until(partial(_all_answered, small), "every report to be decided")


async def test_a_disk_that_fills_while_the_hub_starts_is_said(starting: SmallHub) -> None:
    await until(partial(_says, starting, "Starting the services"), "the services to start")
    starting.fill()
    await until(partial(_says, starting, SHORTAGE), "a sentence about the disk")
