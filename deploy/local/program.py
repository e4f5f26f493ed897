"""One program of the local run: how it is started, when it is ready, how it is stopped."""

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None
KEPT_LOGS = 3


async def always() -> bool:
    """Ready as soon as it is started."""
    return True


@dataclass(frozen=True, slots=True)
class Program:
    """Everything that the supervisor has to know of one child; times in seconds."""

    name: str
    command: tuple[str, ...]
    ready: Callable[[], Awaitable[bool]] = always
    port: int | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    directory: Path | None = None
    user: int | None = None
    """The user id to run as, for what refuses to run as root."""
    stop_signal: signal.Signals = signal.SIGTERM
    ready_seconds: float = 180
    """Only what hangs takes so long, on a slow machine too: a program that ends is noticed at once."""
    stop_seconds: float = 10


def rotate(log: Path) -> None:
    """Keep the logs of the last runs beside the new one: `name.log.1` is the newest of the old."""
    for number in range(KEPT_LOGS, 0, -1):
        older = log.with_name(f"{log.name}.{number}")
        newer = log.with_name(f"{log.name}.{number - 1}") if number > 1 else log
        if newer.exists():
            newer.replace(older)


def _die_with_parent(stop_signal: int, parent: int) -> Callable[[], None]:
    """What the child does before it becomes the program: ask for a signal should its parent be killed."""

    def tie() -> None:
        if _LIBC is not None:
            _LIBC.prctl(_PR_SET_PDEATHSIG, stop_signal)
            if os.getppid() != parent:
                os._exit(1)

    return tie


def spawn(program: Program, log: Path) -> subprocess.Popen[bytes]:
    """Start the program in a process group of its own, so that Ctrl-C in the terminal reaches the supervisor alone.

    It writes to the log file itself and so loses nothing when the supervisor is killed. Must be called from the main
    thread: Linux ties the child to the thread that made it.
    """
    with log.open("ab") as output:
        return subprocess.Popen(  # noqa: S603
            program.command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=program.directory,
            env={**os.environ, **program.environment},
            start_new_session=True,
            user=program.user,
            group=program.user,
            extra_groups=None if program.user is None else [],
            preexec_fn=_die_with_parent(program.stop_signal, os.getpid()),
        )


def signal_group(process: subprocess.Popen[bytes], number: int) -> None:
    """Send a signal to the child and all that it started; quietly when it has gone already."""
    try:
        os.killpg(process.pid, number)
    except ProcessLookupError:
        return
