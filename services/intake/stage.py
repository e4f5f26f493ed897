"""Intake's stage: what the kernel's loop is given."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncConnection

from schemas import topics
from schemas.codes import ReportStatus
from schemas.events import ReportTriaged, ReviewRequested
from schemas.receipt_events import BatchDone
from services.intake import repository
from services.intake.domain import outcomes, quarantine, receipts, receiving, recovering
from services.intake.messages import (
    READERS,
    DangerMail,
    DangerTold,
    DangerUnanswered,
    FeedRowRefused,
    FinishBatch,
    ReceiveReport,
    TakeOutcome,
)
from services.kernel.decision import NOTHING, Context, Decision, Keys, Message, NewEvent, NewJob, WorkingSet
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
            return _keys_of_report(body)
        if isinstance(body, TakeOutcome):
            first = receiving.source_key(body.partner, outcomes.crime_source(body.crime_id, 1))
            crime = outcomes.crime_key(body.partner, body.crime_id)
            return Keys(match=frozenset({first}), aggregates=frozenset({first, crime}))
        if isinstance(body, DangerUnanswered):
            return Keys(aggregates=frozenset({body.source}))
        if isinstance(body, DangerTold | FeedRowRefused | FinishBatch):
            return Keys()
        return _keys_of_receipt(body)

    async def load(self, connection: AsyncConnection, keys: Keys) -> WorkingSet:
        """See `repository.load`."""
        return await repository.load(connection, keys.aggregates)

    def decide(self, state: Mapping[str, Any], message: Message, context: Context) -> Decision:
        """The table of contents: each kind of message and what becomes of it."""
        body = message.body
        if isinstance(body, ReceiveReport):
            return _received(state, body, message, context)
        if isinstance(body, TakeOutcome):
            return outcomes.take(state, body, trace_id_of(message.traceparent), context)
        if isinstance(body, FeedRowRefused | FinishBatch):
            return _refused_row(body, context) if isinstance(body, FeedRowRefused) else _finished(body, context)
        if isinstance(body, DangerUnanswered | DangerTold):
            return _danger(state, body)
        return _receipt(state, body, context)

    async def save(self, connection: AsyncConnection, changed: Mapping[str, Any]) -> None:
        """See `repository.save`."""
        await repository.save(connection, changed)

    async def rules(self, connection: AsyncConnection, state: Mapping[str, Any]) -> IntakeRules:
        """The partnership as it was read at the start."""
        return self._rules


def _keys_of_receipt(body: Any) -> Keys:
    """The report that others decided on or hold, or all reports of a case."""
    if isinstance(body, quarantine.Told):
        held = quarantine.report_of(body)
        return Keys(aggregates=frozenset({f"report:{held}"} if held else ()))
    report = body.report
    if report is None:
        return Keys(aggregates=frozenset({f"case:{body.case.case_id}"}))
    own = recovering.key_of(report)
    return Keys(match=frozenset({own} if own else ()), aggregates=frozenset({f"report:{report.report_id}"}))


def _receipt(state: Mapping[str, Any], body: Any, context: Context) -> Decision:
    """What others decided reaches the receipts."""
    if isinstance(body, ReportTriaged | ReviewRequested):
        return receipts.decided(state, body, context)
    if isinstance(body, quarantine.Told):
        return quarantine.changed(state, body, context)
    return receipts.case_changed(dict(state), body, context)


def _keys_of_report(body: ReceiveReport) -> Keys:
    """The sender's record; for an extract's row its Crime ID too, under the lock of the ID's first row."""
    own = receiving.source_key(body.partner, body.submission.source_id)
    named = outcomes.crime_of(body.submission.source_id) if body.extract else None
    if named is None:
        return Keys(match=frozenset({own}), aggregates=frozenset({own}))
    first = receiving.source_key(body.partner, outcomes.crime_source(named[0], 1))
    crime = outcomes.crime_key(body.partner, named[0])
    return Keys(match=frozenset({own, first}), aggregates=frozenset({own, crime}))


def _received(state: Mapping[str, Any], body: ReceiveReport, message: Message, context: Context) -> Decision:
    known = state.get(receiving.source_key(body.partner, body.submission.source_id))
    command, crime = outcomes.joined(state, known, body)
    if (again := recovering.sent_again(known, command)) is not None:
        return again
    decision = receiving.receive(known, command, trace_id_of(message.traceparent), context)
    if crime and not isinstance(decision.answer, receiving.Refused):
        decision = replace(decision, state={**decision.state, **crime})
    return _with_row(decision, body, message, context)


def _with_row(decision: Decision, body: ReceiveReport, message: Message, context: Context) -> Decision:
    """A record of a partner's topic that was not taken leaves a row with the reason: nobody waits for an answer."""
    answer = decision.answer
    if message.origin == "command" or not isinstance(answer, receiving.Refused):
        return decision
    reasons = [{"field": answer.field, "code": answer.code, "message": answer.message}]
    refused = FeedRowRefused(partner=body.partner, topic=str(message.topic), offset=body.row or 0, reasons=reasons)
    return _refused_row(refused, context)


def _refused_row(body: FeedRowRefused, context: Context) -> Decision:
    """Kept under its place on the topic, and counted for the partner's day."""
    day = context.now.date().isoformat()
    return Decision(state={f"refused:{body.topic}/{body.offset}": body}, tallies={f"refused/{body.partner}/{day}": 1})


def _finished(body: FinishBatch, context: Context) -> Decision:
    """The sender's system may be told."""
    event = BatchDone(at=context.now, **body.model_dump())
    return Decision(events=(NewEvent(topics.BATCHES, body.batch, event),))


def _danger(state: Mapping[str, Any], body: DangerUnanswered | DangerTold) -> Decision:
    if isinstance(body, DangerTold):
        return Decision(tallies={f"danger-told/{body.status}": 1})
    return _unanswered(state.get(body.source))


def _unanswered(known: receiving.Report | None) -> Decision:
    """Still without a decision a minute after it came: the duty contact is told by mail, without Kafka."""
    if known is None or known.status not in (ReportStatus.RECEIVED, ReportStatus.QUARANTINED):
        return NOTHING
    return Decision(jobs=(NewJob("danger-mail", known.facts.reference, DangerMail(reference=known.facts.reference)),))
