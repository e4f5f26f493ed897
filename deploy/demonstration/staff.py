"""What the staff did in the fourteen days before the demonstration begins: owned, referred, answered, closed."""

import asyncio
from datetime import UTC, datetime
from random import Random
from typing import Any

import httpx2
import structlog

OWNERS = {
    "bedfordshire-police": "colm-ferris",
    "luton-council": "miriam-lunt",
    "luton-council-youth-partnership": "jerome-tansley",
    "luton-council-neighbourhood-services": "asha-venn",
}
DUTY = {"Authorization": "Bearer demo-duty"}
LATE_LEFT, REFERRED = 9, 31
SETTLE_SECONDS, SETTLE_TRIES = 0.5, 60
OUTCOMES = ("behaviour-stopped", "place-made-safe", "support-accepted", "no-further-action")

log = structlog.get_logger()


class StaffAtWork:
    """Works the history off through the cases' own commands, as the duty manager may."""

    def __init__(self, client: httpx2.AsyncClient, random: Random) -> None:
        self._client, self._random = client, random

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

    async def _all(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        after: str | None = ""
        while after is not None:
            query = {"status": "open"} | ({"after": after} if after else {})
            answer = (await self._client.get("/api/v1/cases", params=query, headers=DUTY)).json()
            found.extend(answer["items"])
            after = answer["next"]
        return found

    async def _command(self, path: str, version: int, body: dict[str, Any]) -> dict[str, Any] | None:
        headers = DUTY | {"If-Match": f'"{version}"'}
        answer = await self._client.post(f"/api/v1/{path}", json=body, headers=headers)
        if answer.is_error:
            log.info("demonstration_command_refused", code=answer.json().get("code"))
            return None
        made: dict[str, Any] = answer.json()
        return made

    async def _own(self, case: dict[str, Any]) -> dict[str, Any]:
        owner = OWNERS.get(case["lead_agency"], "helen-strood")
        return await self._command(f"cases/{case['reference']}/assign", case["version"], {"owner": owner}) or case

    async def _close(self, case: dict[str, Any]) -> None:
        await self._command(f"cases/{case['reference']}/acknowledge", case["version"], {})
        owned = await self._own(case)
        body = {"outcome": self._random.choice(OUTCOMES), "reason": "Visited, spoken to, and not seen again."}
        await self._command(f"cases/{case['reference']}/close", owned["version"], body)

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
            done = {"outcome": "Plan agreed and kept.", "score": "achieved"}
            await self._command(f"{path}/conclude", accepted["version"], done)
