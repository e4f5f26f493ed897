"""What a case makes of a report that triage decided again because a sign of it was confirmed or struck out.

Like any decision made again it makes the case stricter; only where a person said that the sign is not so may risk, due
time and suggestions fall, and only where the report is all the case holds and nobody graded its risk.
"""

from typing import Any

from schemas.codes import GRAVITY, CaseStatus
from schemas.events import EarlierDecision, ReportDecided
from services.referrals.domain.state import Case

CONFIRMED = "Decided again, since a sign of it was confirmed"
STRUCK_OUT = "Decided again, since a sign of it was struck out"
FOLLOWS = "the case follows, since this report is all it holds"
STAYS = "the case holds more or was sent elsewhere, so a person decides whether it follows"
HOLDS_MORE = "the case holds other reports, so a person says what its risk is now"
NOT_ITS_OWN = "the case has its risk not from this report alone, so a person says what it is now"
GRADED = "its risk stays as a person graded it"
STRICTER = "with it the risk is higher than a person had graded it"


def eases(case: Case, event: ReportDecided, earlier: EarlierDecision) -> bool:
    """Whether the case's risk, times and suggested panels are the report's own, so that a strike may lower them."""
    state = case.state
    return (
        event.answered is not None
        and not event.answered.confirmed
        and state.report_count == 1
        and state.status is CaseStatus.OPEN
        and not case.graded
        and state.risk == earlier.risk
    )


def facts(case: Case, event: ReportDecided, earlier: EarlierDecision) -> dict[str, Any]:
    """Risk, priority and due time where they do not simply grow stricter: her grade gives way to more risk alone."""
    if eases(case, event, earlier):
        return _eased(case, event, earlier)
    risen = GRAVITY[event.decision.risk] > GRAVITY[earlier.risk]
    return {"risk": case.state.risk} if case.graded and not risen else {}


def _eased(case: Case, event: ReportDecided, earlier: EarlierDecision) -> dict[str, Any]:
    """The risk as it is without the sign; priority and due time too, where they are still the report's own."""
    state, decision = case.state, event.decision
    lower: dict[str, Any] = {"risk": decision.risk}
    if state.priority == earlier.priority:
        lower["priority"] = decision.priority
    if state.due_at == earlier.due_at:
        lower["due_at"] = decision.due_at
    return lower


def as_triaged(case: Case, earlier: EarlierDecision) -> bool:
    """Whether theme and acting lead are still those that triage named: what a person changed is hers to change."""
    state = case.state
    return set(state.themes) == set(earlier.themes) and state.acting_lead == state.lead_agency


def why(case: Case, event: ReportDecided, earlier: EarlierDecision, *, follows: bool, moved: bool) -> str:
    """What was done for the answer, and what was left to a person."""
    answered = CONFIRMED if event.answered and event.answered.confirmed else STRUCK_OUT
    left = FOLLOWS if follows else STAYS if moved else of_risk(case, event, earlier)
    return f"{answered}; {left}" if left else answered


def of_risk(case: Case, event: ReportDecided, earlier: EarlierDecision) -> str | None:
    """What a person is told of the case's risk: why it did not fall with the report's, or that it passed her grade."""
    now, then = GRAVITY[event.decision.risk], GRAVITY[earlier.risk]
    held = case.graded or GRAVITY[case.state.risk] > now
    if now < then and held and not eases(case, event, earlier):
        return HOLDS_MORE if case.state.report_count > 1 else GRADED if case.graded else NOT_ITS_OWN
    return STRICTER if case.graded and now > max(then, GRAVITY[case.state.risk]) else None
