"""Start a program of the local run for tests, wait until it is ready, stop it; kill it on the way when asked."""

import asyncio
import os
import random
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from deploy.local.program import Program, signal_group, spawn

POLL_SECONDS = 0.05
PATIENCE_SECONDS = 600.0
"""Kafka with a tenth of a core needs three minutes to come back; a program that ends is noticed at once."""
PORTS = range(20_000, 32_000)


def own_ports() -> range:
    """The ports of this process of the test run: its own part, so that two processes never choose the same."""
    worker, workers = os.environ.get("PYTEST_XDIST_WORKER", "gw0"), os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1")
    share = len(PORTS) // int(workers)
    begin = PORTS.start + share * int(worker.removeprefix("gw"))
    return range(begin, begin + share)


def free_ports(following: int = 1) -> int:
    """The first of so many ports that are free now, below those that the system gives to outgoing connections:
    an engine that a test kills finds its port free again."""
    ports = own_ports()
    while True:
        start = random.randrange(ports.start, ports.stop - following)
        if _all_free(range(start, start + following)):
            return start


def _all_free(ports: range) -> bool:
    for port in ports:
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                return False
    return True


class Running:
    """A started program. `kill` and `start` again are what fault tests do to it."""

    def __init__(self, program: Program, log: Path) -> None:
        self.program, self.log = program, log
        self.process: subprocess.Popen[bytes] = spawn(program, log)

    def wait_ready(self) -> None:
        """Until the program is ready; fails with the end of its log. Safe beside a running event loop."""
        with ThreadPoolExecutor(1) as thread:
            thread.submit(asyncio.run, self._ready()).result()

    async def _ready(self) -> None:
        deadline = time.monotonic() + max(self.program.ready_seconds, PATIENCE_SECONDS)
        while not await self.program.ready():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise AssertionError(f"{self.program.name} did not start: {self.log.read_text()[-2000:]}")
            await asyncio.sleep(POLL_SECONDS)

    def kill(self) -> None:
        """As if the machine had taken it: no chance to tidy up."""
        signal_group(self.process, signal.SIGKILL)
        self.process.wait(10)

    def freeze(self) -> None:
        """Stop it in its tracks: connections stay open and nothing answers."""
        signal_group(self.process, signal.SIGSTOP)

    def thaw(self) -> None:
        """Go on after `freeze`."""
        signal_group(self.process, signal.SIGCONT)

    def start(self) -> None:
        """Start again after `kill` or `stop`, on the same data."""
        self.process = spawn(self.program, self.log)
        self.wait_ready()

    async def start_again(self) -> None:
        """As `start`, while the running event loop goes on."""
        self.process = spawn(self.program, self.log)
        await self._ready()

    def stop(self) -> None:
        """In order, as the supervisor would; killed when it takes too long."""
        signal_group(self.process, self.program.stop_signal)
        try:
            self.process.wait(self.program.stop_seconds)
        except subprocess.TimeoutExpired:
            self.kill()


@contextmanager
def running(program: Program, log: Path) -> Iterator[Running]:
    """The program, started but perhaps not ready yet; stopped at the end."""
    started = Running(program, log)
    try:
        yield started
    finally:
        started.stop()
