"""A case of Luton's, and what becomes of it: commands decided one after another, as the loop would fold them."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

import pytest

from schemas.events import Actor, ReferralState
from services.access.callers import caller_of_person
from services.kernel.decision import Context, Decision, NewTimer
from services.partnership.loading import load_partnership
from services.partnership.models import Partnership
from services.referrals.domain import commands, silence
from services.referrals.domain.state import Case, Done, Happened, Referral, Refused, Rules, case_key, referral_key
from services.referrals.domain.state import visible_to as seen_by
from services.referrals.messages import READERS, Command
from tests.unit.referrals.made import open_case

LUTON = load_partnership(Path(__file__).parents[3] / "partnerships" / "luton")
MONDAY = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
CASE_ID = UUID("0d9c4e63-58a2-5d0f-8e4b-0c2a1b7f9d10")
GIVEN = {"status": "given"}


class Desk:
    """A case and its referrals in memory; people of the demonstration command, time passes, timers fire."""

    def __init__(self, partnership: Partnership = LUTON, **changes: Any) -> None:
        self.partnership, self.now, self._count = partnership, MONDAY, 0
        self.timers: dict[tuple[str, str, str], NewTimer] = {}
        self.events: list[Any] = []
        self.given_at: datetime | None = None
        state = open_case(CASE_ID, MONDAY, **changes)
        case = Case(state=state, kind="Begging", visible_to=seen_by(state, partnership))
        self.state: dict[str, Any] = {case_key(CASE_ID): case}

    @property
    def case(self) -> Case:
        found: Case = self.state[case_key(CASE_ID)]
        return found

    @property
    def referrals(self) -> list[Referral]:
        return [value for value in self.state.values() if isinstance(value, Referral)]

    def referral(self, which: str | None = None) -> ReferralState:
        """The referral to that route, or the only one."""
        found = [each.state for each in self.referrals if which in (None, each.state.panel, each.state.destination)]
        assert len(found) == 1, [each.reference for each in found]
        return found[0]

    def does(self, who: str, name: str, body: Mapping[str, Any] | None = None, on: ReferralState | None = None) -> Any:
        """What the person is answered; the version is the one that stands."""
        caller = caller_of_person(self.partnership.person(who), frozenset({"cases"}))
        command = Command(
            case_id=CASE_ID,
            referral_id=on.referral_id if on else None,
            version=on.version if on else self.case.state.version,
            name=name,
            body=dict(body or {}),
            by=Actor(kind="person", id=caller.id, name=caller.name, agency=caller.agency),
            agencies=tuple(sorted(caller.agencies)),
            sees_all=caller.sees_all,
            at=self.given_at,
        )
        decision = commands.handle(self.state, command, self._context())
        self._keep(decision)
        return decision.answer

    def refused(
        self, who: str, name: str, body: Mapping[str, Any] | None = None, on: ReferralState | None = None
    ) -> str:
        """The code of the refusal; nothing may have changed."""
        before, events = dict(self.state), len(self.events)
        answer = self.does(who, name, body, on)
        assert isinstance(answer, Refused), answer
        assert (self.state, len(self.events)) == (before, events)
        return answer.code

    def done(self, who: str, name: str, body: Mapping[str, Any] | None = None, on: ReferralState | None = None) -> Any:
        """The referral or case after a command that must be carried out."""
        answer = self.does(who, name, body, on)
        assert isinstance(answer, Done), answer
        return answer.referral.state if answer.referral else answer.case.state

    def sent(self, route: str, by: str = "colm-ferris", **more: Any) -> ReferralState:
        """A referral on its way to the panel or destination."""
        kind = "panel" if route in {panel.code for panel in self.partnership.panels} else "destination"
        self.done(by, "refer", {kind: route, "reason": "Help is needed.", "consent": GIVEN} | more)
        return self.referral(route)

    def passes(self, span: timedelta) -> list[str]:
        """Let time pass; the timers that fire on the way, in order."""
        end, fired = self.now + span, []
        while due := sorted((each for each in self.timers.values() if each.due_at <= end), key=lambda t: t.due_at):
            timer = due[0]
            self.timers.pop((timer.kind, timer.subject, timer.name))
            self.now = max(self.now, timer.due_at)
            body: Any = READERS[timer.kind][1].model_validate(timer.payload.model_dump())  # type: ignore[union-attr]
            referral = self.state.get(referral_key(body.referral_id))
            self._keep(silence.due(self.case, referral, body, self._context()))
            fired.append(timer.kind)
        self.now = end
        return fired

    def types(self) -> list[str]:
        """The types of what has happened, oldest first."""
        return [event.TYPE for event in self.events]

    def _context(self) -> Context:
        self._count += 1
        return Context(now=self.now, cause=uuid5(CASE_ID, str(self._count)), rules=Rules(self.partnership))

    def _keep(self, decision: Decision) -> None:
        self.events += [event.body for event in decision.events]
        self.state |= {key: value for key, value in decision.state.items() if not isinstance(value, Happened)}
        for gone in decision.cancelled:
            self.timers.pop((gone.kind, gone.subject, gone.name), None)
        for timer in decision.timers:
            self.timers[timer.kind, timer.subject, timer.name] = timer


@pytest.fixture
def desk() -> Desk:
    return Desk()
