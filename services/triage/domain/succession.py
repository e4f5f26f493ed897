"""One decision on a report takes the place of another: the earlier one is kept, its lead known, its clock ended."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from schemas import topics
from schemas.events import Actor, EarlierDecision, ReportTriaged, ReviewOverdue, ReviewRequested
from schemas.facts import AnsweredSign
from schemas.personal import seal
from services.kernel.decision import CancelledTimer, Context, Decision, NewEvent, NewTimer
from services.partnership.models import Partnership
from services.triage.domain.state import Decided, Superseded
from services.triage.messages import ReviewUnanswered

HUB = Actor(kind="hub", id="triage", name="The hub")
REVIEW_TIMER = "review-unanswered"
REVIEW_ANSWER = "review-answer"


def report_key(report_id: Any) -> str:
    """The state key of a report's decision."""
    return f"decision:{report_id}"


def history_key(decided: Decided) -> str:
    """The state key under which a decision is kept once another one took its place."""
    return f"history:{decided.report.report_id}:{decided.version}"


def succeed(
    known: Decided | None, after: Decided, by: Actor, context: Context, tallies: Mapping[str, int] | None = None
) -> Decision:
    """The change from `known` to `after`: state, history, the event that says both, and the review's clock."""
    identity = str(after.report.report_id)
    kept = {history_key(known): Superseded(decided=known)} if known else {}
    made = ReviewRequested if after.in_review else ReportTriaged
    return Decision(
        state={report_key(identity): after, **kept},
        events=(event_of(made, known, after, by),),
        timers=(_review_timer(after, context),) if after.in_review else (),
        cancelled=(CancelledTimer(REVIEW_TIMER, identity),)
        if known and known.in_review and not after.in_review
        else (),
        tallies=tallies or {},
        answer=after,
    )


def still_in_review(known: Decided | None, after: Decided) -> Decided:
    """The decision; a report that waits for a person goes on waiting on its first clock, whatever came of it since."""
    if known is None or not (known.in_review and after.in_review):
        return after
    return after.model_copy(update={"waits_since": known.waited_for_since, "escalated_at": known.escalated_at})


def event_of(
    made: type[ReportTriaged | ReviewRequested | ReviewOverdue], known: Decided | None, after: Decided, by: Actor
) -> NewEvent:
    """The decision as others read it."""
    words = after.personal | {"because": after.because} | ({"reason": after.reason} if after.reason else {})
    body = made(
        report=after.report,
        decision=after.decision,
        decided_at=after.decided_at,
        decided_by=by,
        personal=seal(words),
        version=after.version,
        earlier=_earlier(known) if known else None,
        answer=after.answer,
        withdrawn=after.withdrawn,
        linked=_linked(known, after),
        answered=_answered(known, after),
        undone=after.undone if after.in_review else None,
    )
    return NewEvent(topics.DECISIONS, str(after.report.report_id), body)


def _linked(known: Decided | None, after: Decided) -> str | None:
    """The later report that this decision was made for; None of a decision that only keeps what came of one."""
    return after.linked.report if known and after.linked and after.linked != known.linked else None


def _answered(known: Decided | None, after: Decided) -> AnsweredSign | None:
    """The answer to a sign that this decision was made for."""
    before = known.answers.signs if known and known.answers else ()
    now = after.answers.signs if known and after.answers else ()
    return next((each for each in now if each not in before), None)


def _earlier(known: Decided) -> EarlierDecision:
    before = known.decision
    return EarlierDecision(
        revision=known.report.revision,
        themes=before.themes,
        lead_agency=before.lead_agency,
        disposition=before.disposition,
        risk=before.risk,
        priority=before.priority,
        due_at=before.due_at,
    )


def answer_due(decided: Decided, partnership: Partnership) -> datetime:
    """When a person must have answered: so long after the report came into review."""
    return decided.waited_for_since + timedelta(minutes=partnership.threshold(REVIEW_ANSWER).value)


def _review_timer(after: Decided, context: Context) -> NewTimer:
    payload = ReviewUnanswered(report_id=after.report.report_id, version=after.version)
    return NewTimer(REVIEW_TIMER, str(after.report.report_id), answer_due(after, context.rules.partnership), payload)


def unanswered(known: Decided | None, timer: ReviewUnanswered, context: Context) -> Decision:
    """Nobody answered in time: the duty manager is told, once; the report stays in review."""
    if known is None or not known.in_review or known.version != timer.version or known.escalated_at:
        return Decision()
    after = known.model_copy(update={"escalated_at": context.now})
    return Decision(
        state={report_key(timer.report_id): after},
        events=(event_of(ReviewOverdue, None, after, HUB),),
        tallies={"review/overdue": 1},
        answer=after,
    )
