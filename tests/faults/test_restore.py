"""PostgreSQL is put back to an earlier hour and the services start anew: everything comes again, and nothing twice."""

import shutil
import subprocess
from pathlib import Path
from uuid import UUID

import pytest

from deploy.local.ports import SERVICES
from tests.faults.ledger import all_exactly_once
from tests.faults.listener import Listener
from tests.faults.traffic import Traffic
from tests.faults.whole_hub import WholeHub, until

pytestmark = pytest.mark.faults
EACH = 12


def _copy(source: Path, target: Path) -> None:
    """With owners and modes, as a backup has them."""
    shutil.rmtree(target, ignore_errors=True)
    subprocess.run(["cp", "-a", str(source), str(target)], check=True)


async def _cases_of(hub: WholeHub, traffic: Traffic) -> dict[UUID, UUID]:
    rows = await hub.rows(
        "SELECT report_id, case_id FROM referrals.case_reports WHERE report_id = ANY($1)", list(traffic.ids())
    )
    return {row["report_id"]: row["case_id"] for row in rows}


async def _put_back(hub: WholeHub, kept: Path) -> None:
    """As operations staff do it: the database, then its services anew."""
    hub.postgres.stop()
    _copy(kept, hub.postgres.program.directory or Path())
    await hub.postgres.start_again()
    for service in SERVICES:
        hub.kill(service)


async def test_a_restore_to_an_earlier_hour_brings_the_same_cases_and_tells_nobody_twice(
    hub: WholeHub, listener: Listener, tmp_path_factory: pytest.TempPathFactory
) -> None:
    await until(hub.ready, "the hub to be ready")
    before = Traffic(hub, "before-the-copy")
    await before.all_doors(EACH)
    await all_exactly_once(hub, listener, before)
    kept = tmp_path_factory.mktemp("backup") / "postgres"
    hub.postgres.stop()
    _copy(hub.postgres.program.directory or Path(), kept)
    await hub.postgres.start_again()
    since = Traffic(hub, "since-the-copy")
    await since.all_doors(EACH)
    await all_exactly_once(hub, listener, since)
    cases = await _cases_of(hub, since)
    references = await _references(hub, since)
    await _put_back(hub, kept)

    async def back() -> bool:
        return await hub.ready() and await _cases_of(hub, since) == cases

    await until(back, "the same cases")
    await until(lambda: _same(hub, since, references), "the same receipts")
    await all_exactly_once(hub, listener, since)
    for traffic in (before, since):
        again = Traffic(hub, traffic.name)
        await again.all_doors(EACH)
        assert again.ids() == traffic.ids()
    await all_exactly_once(hub, listener, since)
    await all_exactly_once(hub, listener, before)


async def _references(hub: WholeHub, traffic: Traffic) -> set[tuple[str, str]]:
    rows = await hub.rows("SELECT reference, status FROM intake.reports WHERE report_id = ANY($1)", list(traffic.ids()))
    return {(row["reference"], row["status"]) for row in rows}


async def _same(hub: WholeHub, traffic: Traffic, references: set[tuple[str, str]]) -> bool:
    return await _references(hub, traffic) == references
