"""The table of contents: each kind of message, and what becomes of it."""

from collections.abc import Mapping
from typing import Any

from schemas.events import CaseEvent, ReportDecided
from schemas.meeting_events import MeetingEvent
from schemas.receipt_events import BatchDone, ReportQuarantined
from services.kernel.decision import NOTHING, Context, Decision, Message
from services.notify.domain.linking import link_report
from services.notify.domain.occasions import (
    Occasion,
    occasion_of_batch,
    occasion_of_case,
    occasion_of_meeting,
    occasion_of_quarantine,
    occasion_of_report,
)
from services.notify.domain.state import CaseLinks, Notification, Webhook
from services.notify.domain.telling import delivery_tried, tell
from services.notify.messages import DeliveryTried, SetWebhook


def decide(state: Mapping[str, Any], message: Message, context: Context) -> Decision:
    """The table of contents: each kind of message and what becomes of it."""
    body = message.body
    webhooks = {key.partition(":")[2]: hook for key, hook in state.items() if key.startswith("webhook:") and hook}
    if isinstance(body, DeliveryTried):
        known: Notification | None = state.get(f"notification:{body.notification_id}")
        if known is None:
            return NOTHING
        return delivery_tried(known, webhooks, body, message, context)
    if isinstance(body, SetWebhook):
        made = Webhook(partner=body.partner, url=body.url, secret=body.secret or "") if body.url else None
        return Decision(state={f"webhook:{body.partner}": made}, answer=made)
    if isinstance(body, CaseEvent):
        return _case(body, state, webhooks, message, context)
    occasion = _occasion(message)
    return NOTHING if occasion is None else tell(occasion, webhooks, message, context)


def _occasion(message: Message) -> Occasion | None:
    """The occasion of what is about no case; None for a report that nobody is told of."""
    body = message.body
    if isinstance(body, MeetingEvent):
        return occasion_of_meeting(message)
    if isinstance(body, BatchDone):
        return occasion_of_batch(message)
    if body.report.historic or (isinstance(body, ReportDecided) and (body.withdrawn or _told_before(body))):
        return None
    return occasion_of_quarantine(message) if isinstance(body, ReportQuarantined) else occasion_of_report(message)


def _told_before(body: ReportDecided) -> bool:
    """A report that was decided again for a later one, or for a sign's answer, rings no second alarm unless its risk
    rose; its case tells."""
    before = body.earlier.risk if body.earlier else None
    if body.answered is not None and not body.answered.confirmed:
        return True
    return (body.linked or body.answered) is not None and (before == body.decision.risk or before == "high")


def _case(
    event: CaseEvent, state: Mapping[str, Any], webhooks: Mapping[str, Webhook], message: Message, context: Context
) -> Decision:
    key = f"case:{event.case.case_id}"
    before: CaseLinks = state.get(key) or CaseLinks(case_id=event.case.case_id)
    links = link_report(event, before)
    decision = tell(occasion_of_case(message, links), webhooks, message, context)
    changed = {key: links} if links != before else {}
    return Decision(state={**decision.state, **changed}, jobs=decision.jobs, tallies=decision.tallies)
