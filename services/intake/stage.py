"""Intake's stage: what the kernel's loop is given."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncConnection

from schemas.codes import ReportStatus
from schemas.events import ReportTriaged, ReviewRequested
from services.intake import repository
from services.intake.domain import receipts, receiving
from services.intake.messages import READERS, DangerMail, DangerTold, DangerUnanswered, FeedRowRefused, ReceiveReport
from services.kernel.decision import NOTHING, Context, Decision, Keys, Message, NewJob, WorkingSet
from services.kernel.telemetry import trace_id_of
from services.partnership.models import Partnership


@dataclass(frozen=True, slots=True)
class IntakeRules:
    """The partnership, and its categories for quick asking."""

    partnership: Partnership
    categories: frozenset[str]


class IntakeStage:
    """Takes reports in and keeps their receipts."""

    readers: Mapping[str, Mapping[int, type[BaseModel]]] = READERS

    def __init__(self, partnership: Partnership) -> None:
        self._rules = IntakeRules(partnership, frozenset(category.code for category in partnership.categories))

    def keys(self, message: Message) -> Keys:
        """The sender's record, the report or the case."""
        body = message.body
        if isinstance(body, ReceiveReport):
            key = frozenset({receiving.source_key(body.partner, body.submission.source_id)})
            return Keys(match=key, aggregates=key)
        if isinstance(body, DangerUnanswered):
            return Keys(aggregates=frozenset({body.source}))
        if isinstance(body, DangerTold | FeedRowRefused):
            return Keys()
        if isinstance(body, ReportTriaged | ReviewRequested):
            return Keys(aggregates=frozenset({f"report:{body.report.report_id}"}))
        named = {f"report:{body.report.report_id}"} if body.report else {f"case:{body.case.case_id}"}
        return Keys(aggregates=frozenset(named))

    async def load(self, connection: AsyncConnection, keys: Keys) -> WorkingSet:
        """See `repository.load`."""
        return await repository.load(connection, keys.aggregates)

    def decide(self, state: Mapping[str, Any], message: Message, context: Context) -> Decision:
        """The table of contents: each kind of message and what becomes of it."""
        body = message.body
        if isinstance(body, ReceiveReport):
            known = state.get(receiving.source_key(body.partner, body.submission.source_id))
            decision = receiving.receive(known, body, trace_id_of(message.traceparent), context)
            return _with_row(decision, body, message, context)
        if isinstance(body, ReportTriaged | ReviewRequested):
            key = receiving.source_key(str(body.report.partner), body.report.source_id)
            return receipts.decided(state.get(key), body, key, context)
        if isinstance(body, DangerUnanswered):
            return _unanswered(state.get(body.source))
        if isinstance(body, FeedRowRefused):
            return _refused_row(body, context)
        if isinstance(body, DangerTold):
            return Decision(tallies={f"danger-told/{body.status}": 1})
        return receipts.case_changed(dict(state), body, context)

    async def save(self, connection: AsyncConnection, changed: Mapping[str, Any]) -> None:
        """See `repository.save`."""
        await repository.save(connection, changed)

    async def rules(self, connection: AsyncConnection) -> IntakeRules:
        """The partnership as it was read at the start."""
        return self._rules


def _with_row(decision: Decision, body: ReceiveReport, message: Message, context: Context) -> Decision:
    """A record of a partner's topic that was not taken leaves a row with the reason: nobody waits for an answer."""
    answer = decision.answer
    if message.origin == "command" or not isinstance(answer, receiving.Refused):
        return decision
    reasons = [{"field": answer.field, "code": answer.code, "message": answer.message}]
    place = str(message.id)
    return _refused_row(FeedRowRefused(partner=body.partner, topic=place, offset=0, reasons=reasons), context)


def _refused_row(body: FeedRowRefused, context: Context) -> Decision:
    """Kept under its place on the topic, and counted for the partner's day."""
    day = context.now.date().isoformat()
    return Decision(state={f"refused:{body.topic}/{body.offset}": body}, tallies={f"refused/{body.partner}/{day}": 1})


def _unanswered(known: receiving.Report | None) -> Decision:
    """Still without a decision a minute after it came: the duty contact is told by mail, without Kafka."""
    if known is None or known.status is not ReportStatus.RECEIVED:
        return NOTHING
    return Decision(jobs=(NewJob("danger-mail", known.facts.reference, DangerMail(reference=known.facts.reference)),))
