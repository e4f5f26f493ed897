"""`hub import` while intake is killed under it, more than once: it waits, goes on, and no row is taken twice."""

import asyncio
import json
import sys
from asyncio.subprocess import PIPE, Process
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.faults.traffic import record
from tests.faults.whole_hub import ROOT, WholeHub, until

pytestmark = pytest.mark.faults
ROWS, LONG_AGO = 3000, "2021-05-01T10:00:00+01:00"


def _file(folder: Path) -> Path:
    file = folder / "rows.ndjson"
    rows = [record(f"imported-{number}") | {"occurred_at": LONG_AGO} for number in range(ROWS)]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return file


async def _importing(hub: WholeHub, file: Path, said: Path) -> Process:
    asked = ("import", str(file), "--partner", "police", "--url", hub.address("desk"), "--json")
    command = (sys.executable, "-m", "hub", *asked)
    with said.open("wb") as output:
        return await asyncio.create_subprocess_exec(*command, cwd=ROOT, env=hub.environment, stdout=PIPE, stderr=output)


def _words(said: Path) -> str:
    return " ".join(said.read_text().split())


async def _told_to_wait(hub: WholeHub, importing: Process, said: Path) -> bool:
    """Keep intake away until the import has said that it waits for it, or has ended."""
    hub.kill("intake")
    return importing.returncode is not None or "asks to wait" in _words(said)


async def _struck(hub: WholeHub) -> bool:
    """Whether intake was there to be killed: it may still be starting after the last time."""
    return hub.kill("intake")


async def _kept(hub: WholeHub) -> dict[str, Any]:
    query = """
        SELECT count(*) AS reports, count(DISTINCT source_id) AS sources,
               count(*) FILTER (WHERE status = 'received') AS undecided
        FROM intake.reports WHERE source_id LIKE 'imported-%'
    """
    return dict((await hub.rows(query))[0])


async def _some_kept(hub: WholeHub, count: int) -> bool:
    return bool((await _kept(hub))["reports"] >= count)


async def test_an_import_waits_for_an_intake_that_is_killed_under_it_and_goes_on_with_nothing_twice(
    hub: WholeHub, tmp_path: Path
) -> None:
    await until(hub.ready, "the hub to be ready")
    told = tmp_path / "told"
    importing = await _importing(hub, _file(tmp_path), told)
    await until(partial(_told_to_wait, hub, importing, told), "the import to be told to wait")
    for share in (1, ROWS // 2):
        await until(partial(_some_kept, hub, share), f"{share} rows to be kept")
        await until(partial(_struck, hub), "intake to be there to be killed")
    said, _ = await importing.communicate()
    assert importing.returncode == 0, told.read_text()
    found = json.loads(said)
    assert found["rows"] == found["accepted"] + found["duplicate"] + found["rejected"] == ROWS
    assert (found["rejected"], found["decided"]) == (0, found["accepted"])
    assert await _kept(hub) == {"reports": ROWS, "sources": ROWS, "undecided": 0}
    words = _words(told)
    assert "The hub asks to wait (503)" in words
    assert "The hub answers again" in words
