"""What the children's logs say that the person at the terminal should know: errors, in one line each."""

import json
import re
import shutil
from contextlib import suppress
from pathlib import Path

TAIL_BYTES = 20_000
LARGEST_BYTES = 64_000_000
QUIET_SECONDS = 30.0
"""The same error of the same child is told again only after this time."""
_LEVELS = {"error", "critical"}
_STARTING = "the database system is starting up"
"""What PostgreSQL tells those who come early, our own readiness question among them."""
_ENGINE_ERROR = re.compile(r"^(?:\S+ \S+ \S+ \[\d+\] )?(?:FATAL|PANIC)[:\s]|\[[^\]]*\] ERROR\b")


_TRACEBACK = "Traceback (most recent call last):"
_OF_A_GROUP = re.compile(r"^ *\| ?")
"""What stands before each line of an exception that came in a group."""


class LogReader:
    """Reads what a child has written since the last look."""

    def __init__(self, log: Path) -> None:
        self._log, self._place = log, log.stat().st_size if log.exists() else 0
        self._told: dict[str, float] = {}
        self._counted: dict[str, int] = {}

    def skip(self) -> None:
        """Leave out what was written so far: what a program says while it starts is not news once it is ready."""
        self._place = self._log.stat().st_size

    def news(self, name: str, now: float) -> list[str]:
        """One line for each kind of error that is new or was last told a while ago; `now` in monotonic seconds."""
        told = []
        for event in self._errors():
            self._counted[event] = self._counted.get(event, 0) + 1
            if now - self._told.get(event, -QUIET_SECONDS) >= QUIET_SECONDS:
                self._told[event] = now
                told.append(f"{name}: {event} ({self._counted[event]} so far), see {self._log}")
        return told

    def _errors(self) -> list[str]:
        if not self._log.exists():
            return []
        if self._log.stat().st_size < self._place:  # a person emptied it, to free a full disk
            self._place = 0
        with self._log.open("rb") as file:
            file.seek(self._place)
            lines = file.read(LARGEST_BYTES).split(b"\n")
        self._place += sum(len(line) + 1 for line in lines[:-1])
        self._shorten()
        return [event for line in lines[:-1] if (event := error_of(line.decode("utf-8", "replace")))]

    def _shorten(self) -> None:
        """Move a log that grew large aside; the child goes on appending to the emptied file.

        Without room for a second one its lines are given up: a full disk must not end the run.
        """
        if self._place > LARGEST_BYTES:
            with suppress(OSError):
                shutil.copyfile(self._log, self._log.with_name(f"{self._log.name}.1"))
            with self._log.open("r+b") as file:
                file.truncate(0)
            self._place = 0


def error_of(line: str) -> str | None:
    """The event of a log line that reports an error, else None. Only its name: values stay in the log."""
    if line.startswith("{"):
        try:
            entry = json.loads(line)
        except ValueError:
            return None
        return str(entry.get("event"))[:120] if entry.get("level") in _LEVELS else None
    if _STARTING in line:
        return None
    found = _ENGINE_ERROR.search(line)
    return line.strip()[:160] if found else None


def last_trouble(name: str, log: Path, code: int | None) -> str:
    """One sentence on how a child ended and the last that it said."""
    tail = log.read_bytes()[-TAIL_BYTES:].decode("utf-8", "replace") if log.exists() else ""
    if "No space left on device" in tail:
        return f"{name} ended: the disk is full. Free some space, or set HUB_HOME to a folder on another disk."
    how = f"was killed by signal {-code}" if code is not None and code < 0 else f"ended with code {code}"
    said = next((event for line in reversed(tail.splitlines()) if (event := error_of(line))), last_line(tail)[:160])
    return f"{name} {how}{f' ({said})' if said and code and code > 0 else ''}, see {log}."


def last_line(words: str) -> str:
    """The last line that says something: where our own commands put their sentence.

    Of a traceback only the exception's class: its message may quote a person's row.
    """
    lines = [line for each in words.splitlines() if (line := _OF_A_GROUP.sub("", each)).strip()]
    begun = [number for number, line in enumerate(lines, 1) if line.endswith(_TRACEBACK)]
    if not begun:
        return lines[-1].strip() if lines else ""
    return next((line.partition(":")[0] for line in lines[begun[-1] :] if not line[0].isspace()), "")
