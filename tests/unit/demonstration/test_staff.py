"""The demonstration's staff closes a case only after its referrals have ended."""

import asyncio
import json
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

import httpx2
import pytest

from deploy.demonstration import staff
from deploy.demonstration.plays import DANGER
from deploy.demonstration.staff import CONCLUDED, ENDED_BY, THE_HUB, WITHDRAWN, LeftAt, StaffOnDuty
from schemas.codes import ReferralStatus
from services.partnership.loading import load_partnership
from services.referrals.domain.reports import HUB
from services.referrals.domain.state import OPEN_REFERRAL

CASE = {"reference": "C-1", "version": 3, "next_action": "", "lead_agency": "bedfordshire-police", "owner": None}
NOW = datetime(2026, 3, 5, 10, tzinfo=UTC)
TIMES = {"opened_at": "2026-03-05T09:50:00+00:00", "due_at": "2026-03-05T11:00:00+00:00"}


class Hub:
    """One case with referrals; it closes only when none of them is open, and refuses to end those in `stubborn`."""

    def __init__(
        self,
        referrals: dict[str, str],
        stubborn: tuple[str, ...] = (),
        touched_by: Iterable[str] = (),
        next_action: str = "",
    ) -> None:
        self.referrals, self.stubborn, self.version, self.closed = referrals, stubborn, 3, False
        self.timeline, self.owner, self.next_action = [{"who": each} for each in touched_by], "", next_action
        self.asked: list[str] = []

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        kind, *rest = request.url.path.removeprefix("/api/v1/").split("/")
        if not rest:
            return httpx2.Response(200, json={"items": [] if self.closed else [self._case()], "next": None})
        reference, *name = rest
        if not name:
            return httpx2.Response(200, json=self._seen(kind, reference))
        self.asked.append(f"{reference} {name[0]}")
        if not self._done(reference, name[0], json.loads(request.content)):
            return httpx2.Response(422, json={"code": "refused"})
        self.version += 1
        return httpx2.Response(200, json={"reference": reference, "version": self.version})

    def _seen(self, kind: str, reference: str) -> dict[str, Any]:
        if kind == "cases":
            return self._case()
        return {"version": 1, "status": self.referrals[reference]}

    def _case(self) -> dict[str, Any]:
        return (
            CASE
            | TIMES
            | {"version": self.version, "referrals": list(self.referrals), "timeline": self.timeline}
            | {"owner": self.owner or None, "next_action": self.next_action, "risk": "medium"}
        )

    def _done(self, reference: str, name: str, body: dict[str, Any]) -> bool:
        if reference in self.stubborn:
            return False
        if reference in self.referrals:
            self.referrals[reference] = {"conclude": "concluded", "withdraw": "withdrawn"}[name]
        elif name == "close":
            self.closed = not any(status in OPEN_REFERRAL for status in self.referrals.values())
            return self.closed
        self.owner = body.get("owner", self.owner)
        self.next_action = "" if name == "acknowledge" else self.next_action
        return True


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


@pytest.mark.parametrize(
    ("touched_by", "asked"),
    [([THE_HUB], ["C-1 assign", "C-1 assign", "C-1 close"]), ([THE_HUB, "Tom Visitor"], ["C-1 assign"])],
    ids=["nobody", "visitor"],
)
@pytest.mark.parametrize("next_action", ["", DANGER], ids=["unowned", "danger"])
async def test_a_case_that_a_visitor_wrote_to_is_looked_after_and_never_closed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, touched_by: list[str], asked: list[str], next_action: str
) -> None:
    hub = Hub({}, touched_by=touched_by, next_action=next_action)
    monkeypatch.setattr(staff, "OPEN_KEPT", 0)
    async with httpx2.AsyncClient(transport=httpx2.MockTransport(hub), base_url="http://hub") as client:
        duty = StaffOnDuty(client, Random(3), LeftAt(tmp_path / "left"))
        for _ in range(6):
            await duty.once(NOW)
    first = ["C-1 acknowledge"] if next_action else []
    assert hub.asked == first + asked


async def test_a_hub_that_asks_to_wait_is_looked_at_again_in_the_next_round(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    again = asyncio.Event()

    def away(request: httpx2.Request) -> httpx2.Response:
        asked.append(request.url.path)
        if len(asked) > 1:
            again.set()
        return httpx2.Response(503, json={"code": "unavailable"})

    monkeypatch.setattr(staff, "ROUND_SECONDS", 0.01)
    async with httpx2.AsyncClient(transport=httpx2.MockTransport(away), base_url="http://hub") as client:
        running = asyncio.create_task(StaffOnDuty(client, Random(1), LeftAt(tmp_path / "left")).run())
        waiting = asyncio.create_task(again.wait())
        await asyncio.wait({running, waiting}, timeout=10, return_when=asyncio.FIRST_COMPLETED)
        assert not running.done()
        running.cancel()
    assert asked[:2] == ["/api/v1/cases"] * 2


def test_the_hub_is_called_in_a_timeline_what_the_staff_knows_it_by() -> None:
    assert HUB.name == THE_HUB


@pytest.mark.parametrize("status", ReferralStatus)
def test_every_open_state_of_a_referral_has_an_end_and_no_other_state_has(status: ReferralStatus) -> None:
    assert (status in ENDED_BY) == (status in OPEN_REFERRAL)


def test_the_staffs_words_are_words_of_the_partnership() -> None:
    luton = load_partnership(Path("partnerships/luton"))
    assert WITHDRAWN[1]["code"] in {each.code for each in luton.withdrawal_codes}
    assert CONCLUDED[1]["score"] in {"achieved", "partly", "not"}
