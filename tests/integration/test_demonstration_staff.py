"""The demonstration's staff closes cases whose referrals are in any open state, by the commands that anybody sends."""

from pathlib import Path
from random import Random

import pytest

from deploy.demonstration.staff import LeftAt, StaffOnDuty
from tests.integration.conftest import Pipeline
from tests.integration.test_casework import case_of, command, get, street
from tests.integration.test_meetings import call

pytestmark = pytest.mark.integration
ASKED = {"agency": "bedfordshire-police", "question": "Is she known to you?"}
STATES = {"sent": None, "information-requested": ("request-information", ASKED), "accepted": ("accept", {})}


async def test_a_case_is_the_staffs_until_a_person_writes_to_it(pipeline: Pipeline, tmp_path: Path) -> None:
    staff = StaffOnDuty(pipeline.clients["referrals"], Random(1), LeftAt(tmp_path / "left"))
    _, case = await case_of(pipeline, street())
    assert await staff._ours((await get(pipeline, case)).json())
    note = {"text": "Rang back.", "marking": "OFFICIAL", "fact": "fact"}
    assert (await command(pipeline, case, "note", note)).status_code == 200
    assert not await staff._ours((await get(pipeline, case)).json())


@pytest.mark.parametrize("panel", ["mash", "gang-panel", "tcig"])
async def test_a_case_is_closed_after_its_referrals_whatever_open_state_they_are_in(
    pipeline: Pipeline, panel: str, tmp_path: Path
) -> None:
    staff = StaffOnDuty(pipeline.clients["referrals"], Random(1), LeftAt(tmp_path / "left"))
    for status, led_by in STATES.items():
        _, case = await case_of(pipeline, street())
        sent = {"panel": panel, "reason": "Help beside what is done.", "consent": {"status": "given"}}
        referral = (await command(pipeline, case, "referrals", sent)).json()
        path = f"referrals/{referral['reference']}"
        if led_by is not None:
            headers = {"If-Match": f'"{referral["version"]}"'}
            answer = await call(pipeline, "POST", f"{path}/{led_by[0]}", "demo-duty", json=led_by[1], headers=headers)
            assert answer.status_code == 200, answer.text
        assert (await call(pipeline, "GET", path, "demo-duty")).json()["status"] == status
        await staff._close((await get(pipeline, case)).json())
        assert (await get(pipeline, case)).json()["status"] == "closed"
        ended = (await call(pipeline, "GET", path, "demo-duty")).json()["status"]
        assert ended == ("concluded" if status == "accepted" else "withdrawn")
