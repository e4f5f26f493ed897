"""Memory of a program and what it started: each process by itself, and with shared parts once."""

import subprocess
import sys
from collections.abc import Iterator

import pytest

from deploy.local.memory import Memory, memory_of

HELD = 64 * 1024 * 1024
PARENT = f"""
import os, sys
kept = bytearray(os.urandom(1)) * {HELD}
if (child := os.fork()) == 0:
    sys.stdin.read()
    os._exit(0)
print("ready", flush=True)
os.waitpid(child, 0)
"""


@pytest.fixture
def family() -> Iterator[int]:
    """A process with 64 MB and a child that shares them."""
    with subprocess.Popen([sys.executable, "-c", PARENT], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as made:
        assert made.stdout is not None
        assert made.stdout.readline() == b"ready\n"
        yield made.pid
        assert made.stdin is not None
        made.stdin.close()


def test_what_a_child_shares_with_its_parent_is_resident_in_both_and_held_once(family: int) -> None:
    found = memory_of(family)
    assert found is not None
    megabytes = found.in_mb()
    assert megabytes["resident_mb"] > 2 * HELD / 1_000_000
    assert HELD / 1_000_000 < megabytes["held_mb"] < megabytes["resident_mb"] - HELD / 1_000_000 / 2


def test_a_process_that_is_not_there_has_no_memory() -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as made:
        made.wait()
    assert memory_of(made.pid) is None


def test_memory_adds_up_in_millions_of_bytes() -> None:
    assert (Memory(1000, 500) + Memory(1000, 1000)).in_mb() == {"resident_mb": 2, "held_mb": 1}
