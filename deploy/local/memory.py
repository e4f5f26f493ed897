"""How much memory a program and all that it started keep, with what processes share counted for each or once."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Self

_PROCESSES = Path("/proc")


@dataclass(frozen=True, slots=True)
class Memory:
    """In the machine, in units of 1,024 bytes: `resident` as each process sees it, `held` with shared parts once."""

    resident: int = 0
    held: int = 0

    def __add__(self, other: Self) -> "Memory":
        return Memory(self.resident + other.resident, self.held + other.held)

    def in_mb(self) -> dict[str, int]:
        """Both in millions of bytes."""
        return {"resident_mb": self.resident * 1024 // 1_000_000, "held_mb": self.held * 1024 // 1_000_000}


def memory_of(process: int) -> Memory | None:
    """Of a process and all that it started; None when it is not there or belongs to somebody else."""
    if (found := _one(process)) is None:
        return None
    children = _children()
    return sum((each for pid in _below(process, children) if (each := _one(pid))), found)


def _one(process: int) -> Memory | None:
    """The kernel shares each page that several processes hold out among them: added up, it is counted once."""
    try:
        lines = (_PROCESSES / str(process) / "smaps_rollup").read_text().splitlines()
    except OSError:
        return None
    told = {name: int(rest.split()[0]) for name, _, rest in (line.partition(":") for line in lines[1:])}
    return Memory(told["Rss"], told["Pss"])


def _children() -> dict[int, list[int]]:
    found: dict[int, list[int]] = defaultdict(list)
    for folder in _PROCESSES.glob("[0-9]*"):
        try:
            status = (folder / "stat").read_text()
        except OSError:
            continue  # it ended while we looked
        found[int(status.rpartition(")")[2].split()[1])].append(int(folder.name))
    return found


def _below(process: int, children: dict[int, list[int]]) -> Iterator[int]:
    for child in children.get(process, ()):
        yield child
        yield from _below(child, children)
