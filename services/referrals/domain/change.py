"""One change of a case: the new state, its event, its place in the history, and who may see it from now on."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from schemas import topics
from schemas.codes import ReferralStatus
from schemas.events import Actor, CaseEvent, CaseState, ReportFacts
from schemas.personal import Personal
from services.kernel.decision import CancelledTimer, Context, Decision, NewEvent, NewTimer
from services.referrals.domain.state import (
    OPEN_REFERRAL,
    Case,
    Done,
    Happened,
    Referral,
    case_key,
    referral_key,
    visible_to,
)
from services.referrals.domain.titles import next_action, title


def stricter(before: CaseState, after: Mapping[str, Any]) -> dict[str, Any]:
    """The case's risk and who acts first on it, old and new, where `after` has others: by it notify tells who hears of
    the case for the first time."""
    found: dict[str, Any] = {}
    if after["risk"] != before.risk:
        found["risk"] = {"old": before.risk, "new": after["risk"]}
    if after["act_first"] != before.act_first:
        found["act_first"] = {"old": list(before.act_first), "new": list(after["act_first"])}
    return found


class Change:
    """Gathers what happens to one case in one decision; `decision()` gives it to the kernel."""

    def __init__(self, case: Case, by: Actor, context: Context, first: int = 0) -> None:
        """`first` keeps the events of several changes in one decision apart."""
        self._case, self._by, self._context, self._first = case, by, context, first
        self._events: list[NewEvent] = []
        self._state: dict[str, Any] = {}
        self._timers: list[NewTimer] = []
        self._cancelled: list[CancelledTimer] = []
        self._referral: Referral | None = None

    def keep(self, key: str, value: Any) -> None:
        """Further state that changes with it."""
        self._state[key] = value

    def kept(self, key: str) -> Any:
        """What was kept under a key in this change so far."""
        return self._state.get(key)

    def arm(self, timer: NewTimer) -> None:
        """A timer that starts with it."""
        self._timers.append(timer)

    def cancel(self, timer: CancelledTimer) -> None:
        """A timer that is no longer wanted."""
        self._cancelled.append(timer)

    def happens(
        self,
        event: type[CaseEvent],
        *,
        replaces: bool = True,
        why: str | None = None,
        referral: Referral | None = None,
        report: ReportFacts | None = None,
        changed: dict[str, Any] | None = None,
        personal: Personal | None = None,
        suggested: tuple[str, ...] | None = None,
        parts: Mapping[str, Any] | None = None,
        **updates: Any,
    ) -> UUID:
        """Apply `updates` and append the event; its id in the history.

        `replaces`: whether something changed that a person can replace. `parts`: task, person or proposal it is about.
        """
        before = self._case.state
        state = before.model_copy(
            update=updates | {"sequence": before.sequence + 1, "version": before.version + (1 if replaces else 0)}
        )
        case = self._case if suggested is None else self._case.model_copy(update={"suggested": suggested})
        self._case = self._settled(case, state, referral)
        body = event(
            case=self._case.state,
            at=self._context.now,
            by=self._by,
            why=why,
            report=report,
            changed=changed or {},
            personal=personal,
            **{"referral": referral.state if referral else None, **(parts or {})},
        )
        if referral is not None:
            self._referral = referral
            self._state[referral_key(referral.state.referral_id)] = referral
        return self._recorded(body)

    def _recorded(self, body: CaseEvent) -> UUID:
        """The event for the topic, and for the case's own history."""
        place = self._first + len(self._events)
        self._events.append(NewEvent(topics.CASES, str(body.case.case_id), body))
        event_id = self._context.derive(f"history/{body.TYPE}", place)
        self._state[f"event:{event_id}"] = Happened(event_id=event_id, type=body.TYPE, event=body)
        return event_id

    @property
    def case(self) -> Case:
        """The case as it stands after what has happened so far."""
        return self._case

    def note(self, **updates: Any) -> None:
        """What only this service needs to know of the case, from the next event on."""
        self._case = self._case.model_copy(update=updates)

    def _settled(self, case: Case, state: CaseState, referral: Referral | None) -> Case:
        """Title, next action and visibility follow from the rest."""
        partnership = self._context.rules.partnership
        if referral is not None:
            under_way = _among(case.under_way, referral, OPEN_REFERRAL)
            awaiting = _among(case.awaiting, referral, (ReferralStatus.AWAITING_APPROVAL,))
            case = case.model_copy(update={"under_way": under_way, "awaiting": awaiting})
        action, action_by = next_action(state, case.suggested, partnership, case.pending, referred=bool(case.under_way))
        state = state.model_copy(
            update={
                "title": title(case.kind, state.street, state.report_count),
                "next_action": action,
                "next_action_by": action_by,
            }
        )
        return case.model_copy(update={"state": state, "visible_to": visible_to(state, partnership)})

    def decision(self) -> Decision:
        """Everything of this change."""
        return Decision(
            state={case_key(self._case.state.case_id): self._case, **self._state},
            events=tuple(self._events),
            timers=tuple(self._timers),
            cancelled=tuple(self._cancelled),
            answer=Done(self._case, self._referral),
        )


def _among(known: dict[UUID, str], referral: Referral, statuses: tuple[ReferralStatus, ...]) -> dict[UUID, str]:
    """The case's referrals of these statuses with their routes, now that this one stands as it does."""
    identity = referral.state.referral_id
    others = {each: route for each, route in known.items() if each != identity}
    return others | ({identity: referral.route} if referral.state.status in statuses else {})
