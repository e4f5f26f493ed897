"""One notification and one delivery job for everybody whom the rules name; and what follows each attempt."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from schemas import topics
from schemas.events import NotificationFailed, NotificationSent, NotificationState
from services.kernel.decision import Context, Decision, Message, NewEvent, NewJob, together
from services.notify.domain.directory import Addressed, Directory
from services.notify.domain.occasions import Occasion, applies
from services.notify.domain.state import Notification, Rules, Webhook
from services.notify.domain.webhooks import webhook_body, webhook_type
from services.notify.messages import Delivery, DeliveryTried
from services.partnership.rules import NotificationRule

RETRY_EVERY = timedelta(seconds=300)
ATTEMPTS = {"mail": 49, "webhook": 6}
"""The first at once, then spaced: mail up to 48 more times, a webhook 5 (after GOV.UK Notify)."""
GIVE_UP_AFTER = timedelta(days=3)
STATUS_PAGE = "/report/status"
"""Where a reporter sees what became of her report."""


def tell(occasion: Occasion, webhooks: Mapping[str, Webhook], message: Message, context: Context) -> Decision:
    """A notification and its delivery job for everybody whom the rules name, once per address."""
    rules: Rules = context.rules
    directory = Directory(rules.partnership, webhooks)
    state: dict[str, Any] = {}
    jobs: list[NewJob] = []
    told: set[str] = set()
    for rule in rules.partnership.notification_rules(occasion.type):
        if not applies(rule.when, occasion):
            continue
        for recipient in directory.recipients(rule.to, occasion):
            if recipient.address not in told:
                told.add(recipient.address)
                made = _notification(rule, recipient, occasion, message, context)
                state[_key(made)] = made
                jobs.append(_job(made, recipient.secret, context.now))
    return Decision(state=state, jobs=tuple(jobs), tallies={"created": len(jobs)} if jobs else {})


def _notification(
    rule: NotificationRule, to: Addressed, occasion: Occasion, message: Message, context: Context
) -> Notification:
    rules: Rules = context.rules
    template = rules.partnership.template(rule.template)
    about = to.own or occasion.about
    subject, body = template.render(
        reference=about,
        link=rules.public_url + (STATUS_PAGE if to.own else occasion.link),
        partnership=rules.partnership.identity.name,
    )
    if rule.channel == "webhook":
        subject, body = webhook_type(occasion), webhook_body(occasion, to.code, context.now)
    return Notification(
        state=NotificationState(
            notification_id=context.derive(f"{rule.template}/{to.address}"),
            about=about,
            case_id=occasion.case_id,
            recipient=to.code,
            channel=rule.channel,
            template=rule.template,
            attempts=0,
            status="created",
        ),
        address=to.address,
        subject=subject,
        body=body,
        link=occasion.link,
        created_at=context.now,
        trace=message.traceparent,
    )


def _job(made: Notification, secret: str | None, due_at: datetime) -> NewJob:
    state = made.state
    kind = "send-mail" if state.channel == "mail" else "send-webhook"
    delivery = Delivery(
        notification_id=state.notification_id,
        address=made.address,
        subject=made.subject,
        body=made.body,
        secret=secret,
    )
    return NewJob(kind, state.about, delivery, name=f"{state.notification_id}/{state.attempts}", due_at=due_at)


def delivery_tried(
    known: Notification, webhooks: Mapping[str, Webhook], tried: DeliveryTried, message: Message, context: Context
) -> Decision:
    """Delivered, or another attempt after a pause, or given up."""
    attempts = known.state.attempts + 1
    state = known.state.model_copy(update={"status": tried.status, "attempts": attempts})
    after = known.model_copy(update={"state": state})
    if tried.status == "delivered":
        sent = NotificationSent(notification=state, at=context.now)
        return Decision(state={_key(after): after}, events=(_event(sent),), tallies={"delivered": 1})
    may_retry = attempts < ATTEMPTS[state.channel] and context.now - known.created_at < GIVE_UP_AFTER
    if tried.status == "permanent-failure" or not may_retry:
        return _given_up(after, tried.reason or tried.status, webhooks, message, context)
    pause = timedelta(0) if attempts == 1 else RETRY_EVERY
    if state.channel == "mail":
        return Decision(state={_key(after): after}, jobs=(_job(after, None, context.now + pause),))
    hook = webhooks.get(state.recipient)
    if hook is None:
        return _given_up(after, "not-listening", webhooks, message, context)
    # It may listen elsewhere by now, under another secret.
    moved = after.model_copy(update={"address": hook.url})
    return Decision(state={_key(moved): moved}, jobs=(_job(moved, hook.secret, context.now + pause),))


def _given_up(
    after: Notification, reason: str, webhooks: Mapping[str, Webhook], message: Message, context: Context
) -> Decision:
    """It reached nobody: an occasion of its own, so that somebody else hears of what cannot wait."""
    state = after.state
    failed = NotificationFailed(notification=state, at=context.now, reason=reason)
    ended = Decision(state={_key(after): after}, events=(_event(failed),), tallies={"failed": 1})
    occasion = Occasion(
        type=failed.TYPE, about=state.about, link=after.link, case_id=state.case_id, given_up=state.template
    )
    return together(ended, tell(occasion, webhooks, message, context))


def _key(notification: Notification) -> str:
    return f"notification:{notification.state.notification_id}"


def _event(body: NotificationSent | NotificationFailed) -> NewEvent:
    return NewEvent(topics.NOTIFICATIONS, str(body.notification.notification_id), body)
