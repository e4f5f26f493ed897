"""The demonstration's staff closes a case only after its referrals have ended."""

import json
from pathlib import Path
from random import Random
from typing import Any

import httpx2
import pytest

from deploy.demonstration.staff import CONCLUDED, ENDED_BY, WITHDRAWN, LeftAt, StaffOnDuty
from schemas.codes import ReferralStatus
from services.partnership.loading import load_partnership
from services.referrals.domain.state import OPEN_REFERRAL

CASE = {"reference": "C-1", "version": 3, "next_action": "", "lead_agency": "bedfordshire-police", "owner": None}


class Hub:
    """One case with referrals; it closes only when none of them is open, and refuses to end those in `stubborn`."""

    def __init__(self, referrals: dict[str, str], stubborn: tuple[str, ...] = ()) -> None:
        self.referrals, self.stubborn, self.version, self.closed = referrals, stubborn, 3, False
        self.asked: list[str] = []

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        kind, reference, *name = request.url.path.removeprefix("/api/v1/").split("/")
        if not name:
            return httpx2.Response(200, json=self._seen(kind, reference))
        self.asked.append(f"{reference} {name[0]}")
        if not self._done(reference, name[0], json.loads(request.content)):
            return httpx2.Response(422, json={"code": "refused"})
        self.version += 1
        return httpx2.Response(200, json={"reference": reference, "version": self.version})

    def _seen(self, kind: str, reference: str) -> dict[str, Any]:
        if kind == "cases":
            return CASE | {"version": self.version, "referrals": list(self.referrals)}
        return {"version": 1, "status": self.referrals[reference]}

    def _done(self, reference: str, name: str, body: dict[str, Any]) -> bool:
        if reference in self.stubborn:
            return False
        if reference in self.referrals:
            self.referrals[reference] = {"conclude": "concluded", "withdraw": "withdrawn"}[name]
        elif name == "close":
            self.closed = not any(status in OPEN_REFERRAL for status in self.referrals.values())
            return self.closed
        return bool(body)


async def closed(hub: Hub, tmp_path: Path) -> Hub:
    async with httpx2.AsyncClient(transport=httpx2.MockTransport(hub), base_url="http://hub") as client:
        await StaffOnDuty(client, Random(1), LeftAt(tmp_path / "left"))._close(CASE)
    return hub


async def test_open_referrals_are_concluded_or_withdrawn_before_their_case_is_closed(tmp_path: Path) -> None:
    hub = await closed(Hub({"F-1": "accepted", "F-2": "sent", "F-3": "declined"}), tmp_path)
    assert hub.asked == ["C-1 assign", "F-1 conclude", "F-2 withdraw", "C-1 close"]
    assert hub.closed


async def test_a_case_of_which_a_referral_will_not_end_is_not_asked_to_close(tmp_path: Path) -> None:
    hub = await closed(Hub({"F-1": "in-progress"}, ("F-1",)), tmp_path)
    assert hub.asked == ["C-1 assign", "F-1 conclude"]


@pytest.mark.parametrize("status", ReferralStatus)
def test_every_open_state_of_a_referral_has_an_end_and_no_other_state_has(status: ReferralStatus) -> None:
    assert (status in ENDED_BY) == (status in OPEN_REFERRAL)


def test_the_staffs_words_are_words_of_the_partnership() -> None:
    luton = load_partnership(Path("partnerships/luton"))
    assert WITHDRAWN[1]["code"] in {each.code for each in luton.withdrawal_codes}
    assert CONCLUDED[1]["score"] in {"achieved", "partly", "not"}
