"""A form's command to the service that owns it, and what comes back: done, refused with a sentence, or a conflict."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, tzinfo
from typing import Any

import httpx2

from services.desk import repository
from services.desk.casefile_forms import CASEFILE_BODIES, shaped
from services.desk.meeting_forms import MEETING_BODIES
from services.desk.people import Session, token_for
from services.desk.referral_forms import REFERRAL_BODIES, completed
from services.kernel.http import unavailable
from services.kernel.process import Process

CATCH_UP_SECONDS, LOOK_EVERY = 1.0, 0.03
NO_THEME = "none"
"""What a form sends where a report is none of the strategy's themes."""

BODIES: dict[str, tuple[str, ...]] = {
    "take": (),
    "acknowledge": ("danger_since",),
    "assign": ("owner",),
    "note": ("text", "marking", "fact"),
    "reroute": ("lead_agency", "themes", "reason"),
    "close": ("outcome", "reason"),
    "reopen": ("reason",),
    "refer": ("panel", "destination", "reason"),
    "accept": ("owner",),
    "decline": ("reason", "next_lead"),
    "request-information": ("agency", "question"),
    "conclude": ("outcome", "score"),
    "withdraw": ("code", "reason"),
    **CASEFILE_BODIES,
    **REFERRAL_BODIES,
    **MEETING_BODIES,
}
"""The fields of each form that go into a command's body; an empty one is left out."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a command was answered."""

    status: int
    body: dict[str, Any]
    sent: dict[str, Any]

    @property
    def conflict(self) -> bool:
        """Somebody changed it meanwhile."""
        return self.status == httpx2.codes.PRECONDITION_FAILED

    @property
    def done(self) -> bool:
        """It was carried out."""
        return self.status == httpx2.codes.OK


def body_of(name: str, fields: Mapping[str, str], zone: tzinfo = UTC) -> dict[str, Any]:
    """A command's body from a form's fields; times in a form are in `zone`."""
    body: dict[str, Any] = {field: fields[field] for field in BODIES[name] if fields.get(field)}
    if "themes" in body:
        body["themes"] = [body["themes"]]
    body |= shaped(name, fields, zone) | completed(name, fields)
    return body


def _parts_of(fields: Mapping[str, str]) -> dict[str, Any]:
    """The fields that an answer to a review takes, of those that its form has."""
    action = fields["action"]
    if action in ("change", "split"):
        also = fields.get("second" if action == "split" else "also")
        return {"themes": [theme for theme in (fields.get("theme"), also) if theme]}
    wanted = {"not-ours": "destination", "merge": "case"}.get(action)
    return {wanted: fields[wanted]} if wanted and fields.get(wanted) else {}


class Casework:
    """Speaks to referrals and triage for the person who is signed in."""

    def __init__(self, referrals: httpx2.AsyncClient, triage: httpx2.AsyncClient, zone: tzinfo = UTC) -> None:
        self._referrals, self._triage, self._zone = referrals, triage, zone

    async def read(self, hub: Process, session: Session, path: str, **query: str) -> dict[str, Any] | None:
        """What referrals answers her; None for what is not there for her. Raises a 503 problem while it is away."""
        headers = {"Authorization": f"Bearer {token_for(session, hub)}"}
        try:
            answer = await self._referrals.get(f"/api/v1/{path}", headers=headers, params=query)
        except httpx2.HTTPError as error:
            raise unavailable("The case could not be read just now. Try again.") from error
        found: dict[str, Any] = answer.json()
        return found if answer.status_code == httpx2.codes.OK else None

    async def command(self, hub: Process, session: Session, path: str, name: str, fields: Mapping[str, str]) -> Outcome:
        """Carry a form's command out. Raises a 503 problem while referrals is away."""
        body = body_of(name, fields, self._zone)
        headers = {
            "Authorization": f"Bearer {token_for(session, hub)}",
            "If-Match": f'"{fields.get("version", "")}"',
            "Idempotency-Key": fields.get("idempotency_key", ""),
        }
        kept = {header: value for header, value in headers.items() if value.strip('"')}
        try:
            answer = await self._referrals.post(f"/api/v1/{path}", json=body, headers=kept)
        except httpx2.HTTPError as error:
            raise unavailable("The case could not be changed just now. Nothing was lost; try again.") from error
        return Outcome(answer.status_code, answer.json(), body)

    async def reviews(self, hub: Process, session: Session, after: str | None = None) -> dict[str, Any]:
        """A page of the reports that wait for this person's decision: `items`, `next`, and how many are `waiting`."""
        return await self._of_triage(hub, session, "/internal/reviews", {"after": after} if after else {})

    async def one_review(self, hub: Process, session: Session, reference: str) -> dict[str, Any] | None:
        """One report with its history and what fired; None where there is none for her."""
        found = await self._of_triage(hub, session, f"/internal/reviews/{reference}", {})
        return found if "report" in found else None

    async def _of_triage(self, hub: Process, session: Session, path: str, asked: dict[str, str]) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {token_for(session, hub)}"}
        try:
            answer = await self._triage.get(path, params=asked, headers=headers)
            if answer.status_code != httpx2.codes.NOT_FOUND:
                answer.raise_for_status()
        except httpx2.HTTPError as error:
            raise unavailable("The reports in review could not be read just now.") from error
        found: dict[str, Any] = answer.json()
        return found

    async def answer_review(self, hub: Process, session: Session, reference: str, fields: Mapping[str, str]) -> Outcome:
        """A person's answer to a report in review."""
        body: dict[str, Any] = {
            "version": int(fields["version"]),
            "action": fields["action"],
            "reason": fields.get("reason") or "Confirmed as proposed.",
        }
        body |= _parts_of(fields)
        return await self._review(hub, session, f"/internal/reviews/{reference}", body)

    async def undo_review(self, hub: Process, session: Session, reference: str, version: int) -> Outcome:
        """She takes her answer to a report in review back."""
        return await self._review(hub, session, f"/internal/reviews/{reference}/undo", {"version": version})

    async def samples(self, hub: Process, session: Session) -> list[dict[str, Any]]:
        """Reports that were decided without a person and that she may look at afterwards."""
        items: list[dict[str, Any]] = (await self._of_triage(hub, session, "/internal/samples", {}))["items"]
        return items

    async def check_sample(self, hub: Process, session: Session, reference: str, fields: Mapping[str, str]) -> Outcome:
        """What she says of one of them."""
        right = fields["answer"] == "right"
        named = [] if right or fields.get("theme") == NO_THEME else [fields.get("theme", "")]
        body = {"version": int(fields["version"]), "right": right, "themes": named, "reason": fields.get("reason", "")}
        return await self._review(hub, session, f"/internal/samples/{reference}", body)

    async def _review(self, hub: Process, session: Session, path: str, body: dict[str, Any]) -> Outcome:
        headers = {"Authorization": f"Bearer {token_for(session, hub)}"}
        try:
            answer = await self._triage.post(path, json=body, headers=headers)
        except httpx2.HTTPError as error:
            raise unavailable("The review could not be answered just now. Try again.") from error
        return Outcome(answer.status_code, answer.json(), body)


def behind(reference: str, sequence: int) -> str:
    """The case's page while the read model stands at `sequence`: it says so, and looks again once that has moved."""
    return f"/cases/{reference}?since={sequence}"


async def caught_up(hub: Process, session: Session, reference: str, sequence: int) -> bool:
    """Wait, one second at most, until the read model has moved past `sequence`."""
    clock = asyncio.get_running_loop().time
    until = clock() + CATCH_UP_SECONDS
    while clock() < until:
        async with hub.database.reading(**session.reading()) as connection:
            state = await repository.case(connection, reference)
        if state is None or state["sequence"] > sequence:
            return True
        await asyncio.sleep(LOOK_EVERY)
    return False
