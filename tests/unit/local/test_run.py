"""A start that finds another hub in its way, and an end that keeps its note until everything has stopped."""

import socket
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from deploy.local import run as running
from deploy.local.plan import Plan, plan
from deploy.local.program import Program
from deploy.local.run import run
from deploy.local.supervisor import Child, Supervisor
from deploy.local.trouble import CannotStart
from services.kernel.settings import Settings
from tests.engines.running import free_ports

SLEEPER = Program("intake", (sys.executable, "-c", "import time; time.sleep(60)"), stop_seconds=0.1)


async def nothing(*_: Any) -> None:
    """No download, no migration."""


def ready(_: object) -> None:
    """Ends the run where it would otherwise go on."""
    raise CannotStart("It started.")


@pytest.fixture
def planned(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Plan:
    """A run of one program that does nothing."""
    for name in ("_fetch", "_migrate"):
        monkeypatch.setattr(running, name, nothing)
    for name in ("engines", "companions", "feeder"):
        monkeypatch.setattr(Plan, name, lambda _: [])
    monkeypatch.setattr(Plan, "service_programs", lambda _: [SLEEPER])
    return plan(Settings(port_base=free_ports(following=94), home=tmp_path), "intake")


@pytest.mark.parametrize(("during", "needed"), [("_fetch", "PostgreSQL"), ("_migrate", "intake")])
async def test_a_port_that_was_taken_while_things_started_is_named_before_anything_is_launched_on_it(
    planned: Plan, monkeypatch: pytest.MonkeyPatch, during: str, needed: str
) -> None:
    launched: list[str] = []

    def launch(_: Supervisor, programs: Sequence[Program]) -> list[Child]:
        launched.extend(each.name for each in programs)
        return []

    monkeypatch.setattr(Supervisor, "launch", launch)
    with socket.socket() as other:

        async def meanwhile(*_: Any) -> None:
            other.bind(("127.0.0.1", planned.wanted_ports()[needed]))
            other.listen()

        monkeypatch.setattr(running, during, meanwhile)
        with pytest.raises(CannotStart, match=f"which {needed} needs, is taken"):
            await run(planned, lambda _: None, ready)
    assert launched == []


async def test_the_note_of_a_runs_programs_goes_only_when_all_have_stopped(
    planned: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop = Supervisor.stop

    async def cut_short(self: Supervisor) -> None:
        assert [each["name"] for each in (planned.home.running() or {})["children"]] == ["intake"]
        await stop(self)
        raise KeyboardInterrupt

    monkeypatch.setattr(Supervisor, "stop", cut_short)
    with pytest.raises(KeyboardInterrupt):
        await run(planned, lambda _: None, ready)
    assert planned.home.running() is not None
    monkeypatch.setattr(Supervisor, "stop", stop)
    with pytest.raises(CannotStart):
        await run(planned, lambda _: None, ready)
    assert planned.home.running() is None
