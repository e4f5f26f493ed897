"""What the staff does: in the fourteen days before the demonstration begins, and beside a visitor while it runs."""

import asyncio
import json
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

import httpx2
import structlog

from deploy.demonstration.plays import DANGER
from schemas.codes import ReferralStatus

OWNERS = {
    "bedfordshire-police": "colm-ferris",
    "luton-council": "miriam-lunt",
    "luton-council-youth-partnership": "jerome-tansley",
    "luton-council-neighbourhood-services": "asha-venn",
}
DUTY = {"Authorization": "Bearer demo-duty"}
SERGEANT = {"Authorization": "Bearer demo-sergeant"}
THE_HUB = "The hub"
"""Who a case's timeline says did what nobody did by hand."""
OPEN_KEPT, CLOSED_AT_ONCE = 120, 4
ROUND_SECONDS, DANGER_WAITS_SECONDS, UNOWNED_WAITS_SECONDS = 15.0, 180, 120
"""A visitor has so long to acknowledge a danger or to take a case herself before the staff does."""
LATE_LEFT, REFERRED = 9, 31
SETTLE_SECONDS, SETTLE_TRIES = 0.5, 60
CONCLUDED = ("conclude", {"outcome": "Plan agreed and kept.", "score": "achieved"})
WITHDRAWN = ("withdraw", {"code": "needs-met-otherwise", "reason": "The case ends, so nothing is asked any more."})
ENDED_BY = {
    ReferralStatus.SENT: WITHDRAWN,
    ReferralStatus.INFORMATION_REQUESTED: WITHDRAWN,
    ReferralStatus.ACCEPTED: CONCLUDED,
    ReferralStatus.SCHEDULED: CONCLUDED,
    ReferralStatus.DISCUSSED: CONCLUDED,
    ReferralStatus.IN_PROGRESS: CONCLUDED,
}
"""How the staff ends each open referral of a case that it closes."""
OUTCOMES = ("behaviour-stopped", "place-made-safe", "support-accepted", "no-further-action")

log = structlog.get_logger()


class LeftAt:
    """The version at which the staff left each of its cases: one that has moved since is a visitor's now.

    Kept on disk, so that the staff knows its own cases after a restart.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._versions: dict[str, int] = json.loads(file.read_text()) if file.exists() else {}

    def note(self, reference: str, version: int) -> None:
        """The staff leaves the case at that version."""
        self._versions[reference] = version

    def ours(self, reference: str, version: int) -> bool:
        """Whether nobody but the staff has touched the case."""
        return self._versions.get(reference) == version

    def forget(self, reference: str) -> None:
        """The case is a visitor's, whatever the staff did to it."""
        self._versions.pop(reference, None)

    def keep(self, still_open: Iterable[str]) -> None:
        """Write down the open ones; what is closed needs nobody any more."""
        self._versions = {each: self._versions[each] for each in still_open if each in self._versions}
        beside = self._file.with_suffix(".new")
        beside.write_text(json.dumps(self._versions))
        beside.replace(self._file)


class CaseDesk:
    """Speaks the cases' own commands, as the duty manager may."""

    def __init__(self, client: httpx2.AsyncClient, random: Random, left_at: LeftAt) -> None:
        self._client, self._random, self._left_at = client, random, left_at

    async def _all(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        after: str | None = ""
        while after is not None:
            query = {"status": "open"} | ({"after": after} if after else {})
            answer = await self._client.get("/api/v1/cases", params=query, headers=DUTY)
            answer.raise_for_status()
            page = answer.json()
            found.extend(page["items"])
            after = page["next"]
        return found

    async def _command(
        self, path: str, version: int, body: dict[str, Any], by: dict[str, str] = DUTY
    ) -> dict[str, Any] | None:
        headers = by | {"If-Match": f'"{version}"'}
        answer = await self._client.post(f"/api/v1/{path}", json=body, headers=headers)
        if answer.is_error:
            log.info("demonstration_command_refused", code=answer.json().get("code"))
            return None
        made: dict[str, Any] = answer.json()
        self._left_at.note(made.get("case") or made["reference"], made.get("case_version") or made["version"])
        return made

    async def _own(self, case: dict[str, Any]) -> dict[str, Any]:
        owner = OWNERS.get(case["lead_agency"], "helen-strood")
        return await self._command(f"cases/{case['reference']}/assign", case["version"], {"owner": owner}) or case

    async def _close(self, case: dict[str, Any]) -> None:
        """Its referrals end first; a case of which one will not end stays open."""
        path = f"cases/{case['reference']}"
        if case["next_action"] == DANGER:
            await self._command(f"{path}/acknowledge", case["version"], {})
        await self._own(case)
        if not await self._ended((await self._read(path))["referrals"]):
            return
        body = {"outcome": self._random.choice(OUTCOMES), "reason": "Visited, spoken to, and not seen again."}
        await self._command(f"{path}/close", (await self._read(path))["version"], body)

    async def _ended(self, referrals: Iterable[str]) -> bool:
        for reference in referrals:
            referral = await self._read(f"referrals/{reference}")
            if (way := ENDED_BY.get(referral["status"])) is None:
                continue
            name, body = way
            if await self._command(f"referrals/{reference}/{name}", referral["version"], body) is None:
                return False
        return True

    async def _read(self, path: str) -> dict[str, Any]:
        answer = await self._client.get(f"/api/v1/{path}", headers=DUTY)
        answer.raise_for_status()
        found: dict[str, Any] = answer.json()
        return found


class StaffAtWork(CaseDesk):
    """Works the history off."""

    async def fortnight(self) -> None:
        """Leave the worklist as a Tuesday finds it: most owned, a few late, referrals in every state."""
        cases = await self._settled()
        now = datetime.now(UTC)
        late = [case for case in cases if case["due_at"] and datetime.fromisoformat(case["due_at"]) < now]
        old = late[: max(0, len(late) - LATE_LEFT)]
        for case in old:
            await self._close(case)
        open_cases = [case for case in cases if case not in old]
        for number, case in enumerate(open_cases):
            owned = await self._own(case) if self._random.random() < 0.9 else case
            if number < REFERRED:
                await self._refer(owned, number)
        self._left_at.keep(case["reference"] for case in open_cases)
        log.info("demonstration_staff_worked", cases=len(cases), closed=len(old))

    async def _settled(self) -> list[dict[str, Any]]:
        """All open cases, once their number no longer grows."""
        before = -1
        for _ in range(SETTLE_TRIES):
            cases = await self._all()
            if cases and len(cases) == before:
                return cases
            before = len(cases)
            await asyncio.sleep(SETTLE_SECONDS)
        return await self._all()

    async def _refer(self, case: dict[str, Any], number: int) -> None:
        """A referral, left in one of its states."""
        panel = ("mash", "gang-panel", "tcig")[number % 3]
        body = {"panel": panel, "reason": "Help beside what is done already.", "consent": {"status": "given"}}
        sent = await self._command(f"cases/{case['reference']}/referrals", case["version"], body)
        if sent is None or number % 5 == 0:
            return
        path, version = f"referrals/{sent['reference']}", sent["version"]
        if number % 5 == 1:
            asked = {"agency": "bedfordshire-police", "question": "Is she known to you?"}
            await self._command(f"{path}/request-information", version, asked)
            return
        if number % 5 == 2:
            decline = {"reason": "Another service leads on this.", "next_lead": "luton-council-public-health"}
            await self._command(f"{path}/decline", version, decline)
            return
        accepted = await self._command(f"{path}/accept", version, {"owner": "miriam-lunt"})
        if accepted is not None and number % 5 == 4:
            name, done = CONCLUDED
            await self._command(f"{path}/{name}", accepted["version"], done)


class StaffOnDuty(CaseDesk):
    """Keeps the demonstration's worklist as full as a working day's: acknowledges, owns, closes."""

    async def run(self) -> None:
        """For ever; a hub that does not answer is asked again in the next round."""
        while True:
            await asyncio.sleep(ROUND_SECONDS)
            try:
                await self.once(datetime.now(UTC))
            except httpx2.HTTPError as error:
                log.warning("demonstration_staff_waits", error=type(error).__name__)

    async def once(self, now: datetime) -> None:
        """One round over all open cases."""
        cases = await self._all()
        for case in cases:
            await self._look_at(case, (now - datetime.fromisoformat(case["opened_at"])).total_seconds())
        for case in self._closable(cases, now)[:CLOSED_AT_ONCE]:
            await self._close(case)
        self._left_at.keep(case["reference"] for case in cases)

    async def _look_at(self, case: dict[str, Any], age: float) -> None:
        danger = case["next_action"] == DANGER and age > DANGER_WAITS_SECONDS
        unowned = case["owner"] is None and age > UNOWNED_WAITS_SECONDS
        if not danger and not (unowned and self._random.random() < 0.5):
            return
        ours = await self._ours(case)
        await (self._acknowledge(case) if danger else self._own(case))
        if not ours:
            self._left_at.forget(case["reference"])

    async def _ours(self, case: dict[str, Any]) -> bool:
        """Whether nobody but the hub and the staff has touched the case."""
        if self._left_at.ours(case["reference"], case["version"]):
            return True
        seen = await self._read(f"cases/{case['reference']}")
        return all(each["who"] == THE_HUB for each in seen["timeline"])

    async def _acknowledge(self, case: dict[str, Any]) -> None:
        path = f"cases/{case['reference']}/acknowledge"
        if await self._command(path, case["version"], {}, SERGEANT) is None:
            await self._command(path, case["version"], {})

    def _closable(self, cases: list[dict[str, Any]], now: datetime) -> list[dict[str, Any]]:
        """Cases beyond the number kept open, soonest due first, as long as nobody but the staff has touched them."""
        dated = [case for case in cases if case["due_at"]]
        dated.sort(key=lambda case: str(case["due_at"]))
        late = sum(datetime.fromisoformat(case["due_at"]) < now for case in dated)
        many = max(len(cases) - OPEN_KEPT, late - LATE_LEFT, 0)
        plain = [case for case in dated if case["risk"] != "high"]
        ours = [case for case in plain if self._left_at.ours(case["reference"], case["version"])]
        return ours[:many]
