"""`hub up` as a person meets it: started, stopped, killed, in the way of another program, and started again."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from deploy.local.home import started_at
from deploy.local.ports import Ports, is_free
from tests.engines.running import free_ports

pytestmark = pytest.mark.integration

ROOT = Path(__file__).parents[3]
DEADLINE_SECONDS = 240.0


class Up:
    """One `hub up --only engines` in a folder of its own."""

    def __init__(self, home: Path, base: int) -> None:
        self.home, self.base, self.ports = home, base, Ports(base)
        self.said = home.parent / f"{home.name}.said"
        told = {name: value for name, value in os.environ.items() if not name.startswith("HUB_")}
        environment = {**told, "HUB_HOME": str(home), "HUB_PORT_BASE": str(base)}
        with self.said.open("ab") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "hub", "up", "--only", "engines"],
                cwd=ROOT,
                env=environment,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def words(self) -> str:
        return self.said.read_text()

    def wait_ready(self) -> None:
        until(lambda: "The hub is ready" in self.words() or self.process.poll() is not None)
        assert self.process.poll() is None, self.words()

    def children(self) -> list[dict[str, Any]]:
        listed: list[dict[str, Any]] = json.loads((self.home / "run.json").read_text())["children"]
        return listed

    def end(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            self.process.wait(DEADLINE_SECONDS)


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "it did not come about in time"
        time.sleep(0.05)


def gone(children: list[dict[str, Any]]) -> bool:
    return not any(started_at(each["pid"]) == each["started"] for each in children)


@pytest.fixture(scope="module")
def base() -> int:
    return free_ports(following=94)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, jars: Path) -> Path:
    """A folder of its own that borrows the fetched jars."""
    made = tmp_path_factory.mktemp("up") / "hub"
    made.mkdir()
    (made / "java").symlink_to(jars)
    return made


@pytest.fixture(scope="module")
def up(home: Path, base: int) -> Iterator[Up]:
    started = Up(home, base)
    started.wait_ready()
    yield started
    started.end()


async def one(port: int, statement: str) -> object:
    connection = await asyncpg.connect(f"postgresql://hub@127.0.0.1:{port}/hub")
    try:
        return await connection.fetchval(statement)
    finally:
        await connection.close()


def test_a_busy_port_is_named_with_who_holds_it_and_what_to_do(home: Path, base: int) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", base + 32))
        taken.listen()
        refused = Up(home, base)
        assert refused.process.wait(DEADLINE_SECONDS) == 2
    assert f"Port {base + 32}, which PostgreSQL needs, is taken" in refused.words()
    assert f"process {os.getpid()}" in refused.words()
    assert f"HUB_PORT_BASE={base + 1000} make run" in refused.words()
    assert not (home / "postgres").exists()


def test_a_second_run_on_the_same_folder_is_told_where_the_first_is(up: Up, home: Path, base: int) -> None:
    second = Up(home, base)
    assert second.process.wait(DEADLINE_SECONDS) == 2
    assert f"A hub already runs from {home}" in second.words()
    assert f"http://127.0.0.1:{base}/demo" in second.words()


def test_a_killed_child_is_started_again_and_a_line_says_so(up: Up) -> None:
    sink = next(each for each in up.children() if each["name"] == "mail-sink")
    os.kill(sink["pid"], signal.SIGKILL)
    until(lambda: "mail-sink started again" in up.words())
    until(lambda: not is_free(sink["port"]))
    assert "mail-sink was killed by signal 9" in up.words()


async def test_a_kill_leaves_no_orphan_the_next_start_finds_its_data_and_ctrl_c_leaves_nothing(
    up: Up, home: Path, base: int
) -> None:
    await one(up.ports.postgres, "CREATE TABLE kept AS SELECT 42 AS answer")
    children = up.children()
    up.process.kill()
    up.process.wait()
    again = Up(home, base)
    until(lambda: gone(children))
    until(lambda: again.words().count("The hub is ready") == 2 or again.process.poll() is not None)
    assert await one(again.ports.postgres, "SELECT answer FROM kept") == 42
    stopped = again.children()
    again.process.send_signal(signal.SIGINT)
    assert again.process.wait(DEADLINE_SECONDS) == 0
    assert gone(stopped)
    assert all(is_free(each["port"]) for each in stopped)
    assert "Stopped after" in again.words()
