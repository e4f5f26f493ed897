"""A receipt says `quarantined` while a message of its report waits for a repair, and `received` again after it."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from schemas import topics
from schemas.codes import ReportStatus
from schemas.events import ReportFacts
from schemas.receipt_events import ReportFreed, ReportHeld, ReportQuarantined
from services.intake.domain.receipts import moved
from services.intake.domain.receiving import Report
from services.kernel.decision import NOTHING, Context, Decision, NewEvent
from services.kernel.holding import Holding, KeyHeld

REASON = "Something in it could not be read. It is safe, and a person is mending it."
Told = ReportHeld | ReportFreed | Holding


def report_of(body: Told) -> UUID | None:
    """Whose message it is: triage says the report; a dead letter of intake's own on `decisions` has it as its key."""
    if isinstance(body, Holding):
        return body.key_id if body.topic == topics.DECISIONS else None
    return body.report_id


def changed(state: Mapping[str, Any], body: Told, context: Context) -> Decision:
    """Only a report that still waits for its decision is quarantined; the end of the repair makes it wait again."""
    report_id = report_of(body)
    found = ((key, each) for key, each in state.items() if isinstance(each, Report))
    key, known = next(((k, each) for k, each in found if each.facts.report_id == report_id), (None, None))
    held = isinstance(body, ReportHeld | KeyHeld)
    before = ReportStatus.RECEIVED if held else ReportStatus.QUARANTINED
    if key is None or known is None or known.status is not before:
        return NOTHING
    status, reason = (ReportStatus.QUARANTINED, REASON) if held else (ReportStatus.RECEIVED, None)
    after = known.model_copy(update={"status": status, "reason": reason, "updated_at": context.now})
    events = (_told(known.facts, context),) if held else ()
    return Decision(state={key: after}, events=events, tallies=moved(known, after))


def _told(facts: ReportFacts, context: Context) -> NewEvent:
    body = ReportQuarantined(report=facts, at=context.now)
    return NewEvent(topics.REPORT_TOPICS[facts.channel], str(facts.report_id), body)
