"""The folder of a local run (`.hub/`): who holds it, what runs from it, its secrets."""

import fcntl
import json
import os
import secrets
import shutil
import signal
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from deploy.local.trouble import CannotStart, disk_trouble

NEEDED_MB = 700
"""A first start writes 60 MB of PostgreSQL, 130 MB of jars, and then the demonstration's records."""
LOW_MB = 200
LEFT_BEHIND_SECONDS = 15.0


class Home:
    """Paths and the record of one `.hub/`."""

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        self.jars = self.path / "java"
        self.logs = self.path / "logs"
        self.lock = self.path / "lock"
        self.record = self.path / "run.json"
        self._secrets = self.path / "secrets.json"

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold the folder for one run. Raises `CannotStart` when another run has it or the disk is full."""
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            self._require_space()
            self.lock.touch()
        except OSError as error:
            raise disk_trouble(error, f"writing to {self.path}") from error
        with self.alone():
            yield

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Keep runs out of a folder that one has held before. Raises `CannotStart` while one holds it."""
        with self.lock.open("r+") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise CannotStart(self._held_already()) from error
            self._end_left_behind()
            yield

    def free_mb(self) -> int:
        """What the disk has left under the folder, or where the folder will be."""
        there = next(each for each in (self.path, *self.path.parents) if each.exists())
        return shutil.disk_usage(there).free // 1_000_000

    def shortage(self) -> str:
        """What to say and do where little room is left for a run; empty where there is enough."""
        if (free := self.free_mb()) >= LOW_MB:
            return ""
        return (
            f"The disk that holds {self.path} has {free} MB left. Free some space, or set HUB_HOME to a folder on "
            "another disk."
        )

    def _require_space(self) -> None:
        if self.free_mb() < NEEDED_MB:
            raise CannotStart(
                f"The disk that holds {self.path} is full: {self.free_mb()} MB free, {NEEDED_MB} MB needed. Free some "
                "space, or set HUB_HOME to a folder on another disk."
            )

    def _held_already(self) -> str:
        run = self.running() or {}
        base = run.get("base", 8000)
        return (
            f"A hub already runs from {self.path} (process {run.get('pid', 'unknown')}): it is at "
            f"http://127.0.0.1:{base}/demo. Stop it with Ctrl-C first, or set HUB_HOME and HUB_PORT_BASE for a second."
        )

    def running(self) -> dict[str, Any] | None:
        """The record of the run that holds the folder, or of one that was killed; None when the last one ended."""
        try:
            found: dict[str, Any] = json.loads(self.record.read_text())
        except (OSError, ValueError):
            return None
        return found

    def alive(self) -> dict[str, Any] | None:
        """The record of the run that goes on now; None when none does, also after one that was killed."""
        run = self.running()
        return run if run is not None and _still(run) else None

    def write_record(self, base: int, children: Iterable[tuple[str, int, int | None]]) -> None:
        """Note the run's processes as (name, pid, port), for `hub status` and for a start after a kill.

        Whoever ends the run removes the note once all of them have stopped.
        """
        listed = [{"name": name, "pid": pid, "port": port, "started": started_at(pid)} for name, pid, port in children]
        partial = self.record.with_suffix(".part")
        run = {"pid": os.getpid(), "started": started_at(os.getpid()), "base": base, "children": listed}
        partial.write_text(json.dumps(run))
        partial.replace(self.record)

    def _end_left_behind(self) -> None:
        """After a `kill -9` of the last run its children are stopping by themselves: wait for them, then kill them."""
        left = [each for each in (self.running() or {}).get("children", ()) if _still(each)]
        deadline = time.monotonic() + LEFT_BEHIND_SECONDS
        while left and time.monotonic() < deadline:
            time.sleep(0.1)
            left = [each for each in left if _still(each)]
        for each in left:
            os.kill(each["pid"], signal.SIGKILL)
        self.record.unlink(missing_ok=True)

    def secret(self, name: str) -> str:
        """A secret of this installation, made at its first use and readable by its owner only."""
        known = self._known_secrets()
        return known[name] if name in known else self._drawn(name)

    def _known_secrets(self) -> dict[str, str]:
        known: dict[str, str] = json.loads(self._secrets.read_text()) if self._secrets.exists() else {}
        return known

    def _drawn(self, name: str) -> str:
        """One process at a time, and the first one's stands: two that drew at once would each go on with its own."""
        self.path.mkdir(parents=True, exist_ok=True)
        with (self.path / "secrets.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            known = {name: secrets.token_urlsafe(32)} | self._known_secrets()
            partial = self._secrets.with_suffix(".part")
            with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
                json.dump(known, file)
            partial.replace(self._secrets)
        return known[name]


def started_at(pid: int) -> str | None:
    """When a process started, in the kernel's own ticks: with the pid it names one process for good."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    except OSError:
        return None


def _still(noted: dict[str, Any]) -> bool:
    """Whether a noted process goes on; a number alone, as older notes have it, may be anybody's by now."""
    return noted.get("started") is not None and started_at(noted["pid"]) == noted["started"]
