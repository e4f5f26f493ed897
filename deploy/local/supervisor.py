"""Start programs in tiers, keep them running, tell of what goes wrong, and stop everything in reverse order."""

import asyncio
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from deploy.local.logs import LogReader, last_trouble
from deploy.local.program import Program, rotate, signal_group, spawn
from deploy.local.trouble import CannotStart

POLL_SECONDS = 0.1
BINDS_SECONDS = 5.0
"""A program that finds its port taken has ended by then (Kafka after 3 s): before it an answer may be another's."""
BACK_OFF_SECONDS = (0.5, 1, 2, 5, 10, 30)
SETTLED_SECONDS = 60.0
"""A child that ran so long begins its back-off anew when it ends."""

Say = Callable[[str], None]


@dataclass
class Child:
    """A program that is kept running."""

    program: Program
    log: Path
    reader: LogReader
    process: subprocess.Popen[bytes]
    started: float
    failures: int = 0
    restarts: int = 0
    restart_at: float | None = None

    @property
    def running(self) -> bool:
        """Whether the process is there now."""
        return self.process.poll() is None

    @property
    def age(self) -> float:
        """Seconds since its start."""
        return time.monotonic() - self.started


class Stopped(Exception):
    """Someone asked for the end while things were starting."""


class Supervisor:
    """The one parent of a run's processes. All of it happens in the main thread: Linux ties children to the thread."""

    def __init__(self, logs: Path, say: Say, changed: Callable[[], None] = lambda: None) -> None:
        logs.mkdir(parents=True, exist_ok=True)
        self._logs, self._say, self._changed = logs, say, changed
        self.tiers: list[list[Child]] = []
        self.stopping = asyncio.Event()

    def children(self) -> Iterator[Child]:
        """All children in the order of their start."""
        for tier in self.tiers:
            yield from tier

    def listen(self) -> None:
        """Let Ctrl-C, SIGTERM and a closed terminal stop the run; a second one stops it at once."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, self._asked_to_stop)

    def _asked_to_stop(self) -> None:
        if self.stopping.is_set():
            self._say("Stopping at once.")
            for child in self.children():
                signal_group(child.process, signal.SIGKILL)
        self.stopping.set()

    def launch(self, programs: Sequence[Program]) -> list[Child]:
        """Start a tier's programs beside each other, without waiting."""
        tier: list[Child] = []
        self.tiers.append(tier)
        for program in programs:
            log = self._logs / f"{program.name}.log"
            rotate(log)
            tier.append(Child(program, log, LogReader(log), spawn(program, log), time.monotonic()))
        self._changed()
        return tier

    async def wait_ready(self, tier: Sequence[Child]) -> None:
        """Until all of a tier are ready. Raises `CannotStart` for one that ends or takes too long, `Stopped`."""
        for child in tier:
            await self._wait_ready(child)
            self._say(f"  {child.program.name} ready after {child.age:.1f} s")

    async def _wait_ready(self, child: Child) -> None:
        deadline = child.started + child.program.ready_seconds
        while not await self._ready(child):
            if self.stopping.is_set():
                raise Stopped
            if not child.running:
                raise CannotStart(last_trouble(child.program.name, child.log, child.process.returncode))
            if time.monotonic() > deadline:
                raise CannotStart(
                    f"{child.program.name} was not ready after {child.program.ready_seconds:.0f} s. "
                    f"Its log says why: {child.log}"
                )
            await asyncio.sleep(POLL_SECONDS)

    async def _ready(self, child: Child) -> bool:
        """Whether the child itself answers, and not somebody who took its port: then it ends over that."""
        answers = await child.program.ready()
        return answers and child.running and (child.program.port is None or child.age >= BINDS_SECONDS)

    async def keep_running(self) -> None:
        """Until asked to stop: start again what ends, and tell of errors in the logs from now on."""
        for child in self.children():
            child.reader.skip()
        while not self.stopping.is_set():
            for child in list(self.children()):
                self._look_after(child)
            try:
                await asyncio.wait_for(self.stopping.wait(), 0.5)
            except TimeoutError:
                continue

    def _look_after(self, child: Child) -> None:
        now = time.monotonic()
        for line in child.reader.news(child.program.name, now):
            self._say(line)
        if child.restart_at is not None:
            if now >= child.restart_at:
                self._restart(child, now)
        elif not child.running:
            self._plan_restart(child, now)

    def _plan_restart(self, child: Child, now: float) -> None:
        signal_group(child.process, signal.SIGKILL)
        child.failures = 0 if now - child.started > SETTLED_SECONDS else child.failures
        delay = BACK_OFF_SECONDS[min(child.failures, len(BACK_OFF_SECONDS) - 1)]
        child.failures += 1
        child.restart_at = now + delay
        ended = last_trouble(child.program.name, child.log, child.process.returncode)
        self._say(f"{ended} Starting it again in {delay:g} s.")
        self._changed()

    def _restart(self, child: Child, now: float) -> None:
        child.process = spawn(child.program, child.log)
        child.started, child.restart_at, child.restarts = now, None, child.restarts + 1
        self._say(f"{child.program.name} started again (process {child.process.pid}).")
        self._changed()

    async def stop(self) -> None:
        """Every tier, last first; within a tier all at once. What does not end in its time is killed."""
        self.stopping.set()
        while self.tiers:
            tier = self.tiers[-1]
            for child in reversed(tier):
                signal_group(child.process, child.program.stop_signal)
            await asyncio.gather(*(self._stopped(child) for child in tier))
            self.tiers.pop()
        self._changed()

    async def _stopped(self, child: Child) -> None:
        asked = time.monotonic()
        while child.running and time.monotonic() - asked < child.program.stop_seconds:
            await asyncio.sleep(0.05)
        if child.running:
            self._say(f"{child.program.name} did not stop in {child.program.stop_seconds:.0f} s and is killed.")
        signal_group(child.process, signal.SIGKILL)
        child.process.wait()
