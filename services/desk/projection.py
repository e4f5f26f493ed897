"""What each event becomes in the read model: rows that are upserted by (id, sequence), in any order."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from schemas.codes import ReviewAnswer
from schemas.events import (
    CaseEvent,
    CaseState,
    NotificationFailed,
    NotificationSent,
    NotificationState,
    ReferralState,
    ReportDecided,
    ReportFacts,
    ReportReceived,
    ReportWithdrawn,
    ReviewOverdue,
    ReviewRequested,
    RuleSetPublished,
    TriageDecision,
)
from schemas.meeting_events import MeetingEvent, MeetingState
from schemas.personal import reveal
from services.kernel.decision import NOTHING, Context, Decision, Message
from services.kernel.telemetry import trace_id_of
from services.partnership.models import Partnership

FIRST = 1
"""The revision of a report that was not corrected yet."""


class Row(BaseModel):
    """A row of the read model."""

    model_config = ConfigDict(frozen=True)


class ReportRow(Row):
    """A report as it came."""

    facts: ReportFacts
    personal: dict[str, Any]
    withdrawn: bool
    trace_id: str | None


class DecisionRow(Row):
    """The latest decision on a report, and who may see it."""

    report_id: UUID
    reference: str
    version: int
    decided_at: datetime
    decision: TriageDecision
    because: list[dict[str, Any]]
    in_review: bool
    historic: bool
    intelligence: bool
    received_at: datetime
    visible_to: tuple[str, ...]


class AnswerRow(Row):
    """What a person answered of a report in review, or that she took her answer back (`answer` is None then)."""

    report_id: UUID
    version: int
    at: datetime
    by: str
    agency: str | None
    answer: ReviewAnswer | None
    themes: tuple[str, ...]
    destination: str | None
    reason: str
    """Her words: shown to who may read what the report says."""


class CaseRow(Row):
    """A case as it stands, and who may see it."""

    state: CaseState
    visible_to: tuple[str, ...]


class EventRow(Row):
    """One entry of a case's timeline."""

    event_id: UUID
    case_id: UUID
    sequence: int
    type: str
    at: datetime
    document: dict[str, Any]
    report_id: UUID | None
    trace_id: str | None


class ReferralRow(Row):
    """A referral as it stands."""

    state: ReferralState
    sequence: int


class NotificationRow(Row):
    """A message that was sent or given up."""

    state: NotificationState
    at: datetime
    reason: str | None


class MeetingRow(Row):
    """A panel's meeting as it stands, and who may know of it."""

    state: MeetingState
    visible_to: tuple[str, ...]


class RulesRow(Row):
    """A version of triage's rules came into force."""

    event_id: UUID
    number: int
    digest: str
    author: str
    approved_by: str | None
    published_by: str
    published_at: datetime
    replaces: int | None
    rollback: bool
    reason: str


def seen_by(decision: TriageDecision) -> tuple[str, ...]:
    """Who may see a report before it is in a case: who leads and who acts first."""
    named = {decision.lead_agency, decision.acting_lead, *decision.joint_leads, *decision.act_first}
    return tuple(sorted(code for code in named if code))


def case_seen_by(state: CaseState, partnership: Partnership) -> tuple[str, ...]:
    """Who may see a case: who leads, acts, acts first, or is referred to, and whose desk a panel's referrals reach."""
    desks = {panel.code: panel.receives for panel in partnership.panels}
    desks |= {each.code: each.receives for each in partnership.destinations}
    named = {state.lead_agency, state.acting_lead, *state.joint_leads, *state.act_first, *state.referred_to}
    named |= {*state.followers, *(desks.get(code) for code in state.referred_to)}
    return tuple(sorted(code for code in named if code))


def project(state: Mapping[str, Any], message: Message, context: Context) -> Decision:
    """The rows of one event. Of several events of one thing in a batch the latest wins."""
    body = message.body
    if isinstance(body, ReportReceived | ReportWithdrawn):
        return _came(state, body, message)
    if isinstance(body, ReportDecided):
        return _decided(state, body, message)
    if isinstance(body, NotificationSent | NotificationFailed):
        reason = body.reason if isinstance(body, NotificationFailed) else None
        told = NotificationRow(state=body.notification, at=body.at, reason=reason)
        return Decision(state={f"notification:{body.notification.notification_id}": told})
    if isinstance(body, MeetingEvent):
        return _kept(state, f"meeting:{body.meeting.meeting_id}", _meeting(body.meeting, context.rules))
    if isinstance(body, RuleSetPublished):
        return Decision(state={f"rules:{message.id}": _rules(body, message.id)})
    return _case(state, body, message, context)


def _rules(body: RuleSetPublished, event_id: UUID) -> RulesRow:
    return RulesRow(
        event_id=event_id,
        number=body.number,
        digest=body.digest,
        author=body.author.name,
        approved_by=body.approved_by.name if body.approved_by else None,
        published_by=body.published_by.name,
        published_at=body.published_at,
        replaces=body.replaces,
        rollback=body.rollback,
        reason=str(reveal(body.personal).get("reason") or ""),
    )


def _meeting(state: MeetingState, partnership: Partnership) -> MeetingRow:
    """Its panel's own people and member agencies know of it."""
    panel = partnership.panel(state.panel)
    return MeetingRow(state=state, visible_to=tuple(sorted({panel.code, panel.receives, *panel.members})))


def _came(state: Mapping[str, Any], body: ReportReceived | ReportWithdrawn, message: Message) -> Decision:
    """A report as it first came; a later revision comes with the decision on it (`_decided`)."""
    if body.report.revision > FIRST:
        return NOTHING
    row = ReportRow(
        facts=body.report,
        personal=reveal(body.personal),
        withdrawn=isinstance(body, ReportWithdrawn),
        trace_id=trace_id_of(message.traceparent),
    )
    return _kept(state, f"report:{body.report.report_id}", row)


def _decided(state: Mapping[str, Any], body: ReportDecided, message: Message) -> Decision:
    """The decision; with it the words of a report that a split made, since it came on no channel, and those of a later
    revision: before it is decided whose they are, the former words stand for who saw those."""
    decision = _kept(state, f"decision:{body.report.report_id}", _decision(body))
    decision = Decision(state={**decision.state, **_answer(body)})
    if body.report.split_from is None and body.report.revision == FIRST:
        return decision
    words = {name: value for name, value in reveal(body.personal).items() if name not in ("because", "reason")}
    trace = trace_id_of(message.traceparent)
    row = ReportRow(facts=body.report, personal=words, withdrawn=body.withdrawn, trace_id=trace)
    return Decision(state={**decision.state, **_kept(state, f"report:{body.report.report_id}", row).state})


def _answer(body: ReportDecided) -> dict[str, AnswerRow]:
    """A person's answer, or that she took it back; what the hub decides beside an answer is none."""
    if body.decided_by.kind != "person" or body.version is None:
        return {}
    row = AnswerRow(
        report_id=body.report.report_id,
        version=body.version,
        at=body.decided_at,
        by=body.decided_by.name,
        agency=body.decided_by.agency,
        answer=body.answer,
        themes=body.decision.settled_themes,
        destination=body.decision.destination,
        reason=str(reveal(body.personal).get("reason") or ""),
    )
    return {f"answer:{row.report_id}:{row.version}": row}


def _decision(body: ReportDecided) -> DecisionRow:
    return DecisionRow(
        report_id=body.report.report_id,
        reference=body.report.reference,
        version=body.version or 0,
        decided_at=body.decided_at,
        decision=body.decision,
        because=reveal(body.personal).get("because") or [],
        in_review=isinstance(body, ReviewRequested | ReviewOverdue),
        historic=body.report.historic,
        intelligence=body.report.kind == "intelligence",
        received_at=body.report.received_at,
        visible_to=seen_by(body.decision),
    )


def _order(row: Any) -> Any:
    """What makes one row of a thing later than another."""
    if isinstance(row, CaseRow):
        return row.state.sequence
    if isinstance(row, ReferralRow):
        return row.sequence
    if isinstance(row, MeetingRow):
        return row.state.version
    return row.facts.revision if isinstance(row, ReportRow) else (row.version, row.decided_at)


def _kept(state: Mapping[str, Any], key: str, row: Any) -> Decision:
    known = state.get(key)
    return Decision(state={key: row if known is None or _order(row) >= _order(known) else known})


def _case(state: Mapping[str, Any], event: CaseEvent, message: Message, context: Context) -> Decision:
    case_id = event.case.case_id
    row = CaseRow(state=event.case, visible_to=case_seen_by(event.case, context.rules))
    changed = dict(_kept(state, f"case:{case_id}", row).state)
    if event.referral is not None and event.referral.private_to is not None:
        # A draft is its author's agency's alone: the pages ask for it where it is kept.
        return Decision(state=changed)
    changed[f"event:{message.id}"] = EventRow(
        event_id=message.id,
        case_id=case_id,
        sequence=event.case.sequence,
        type=event.TYPE,
        at=event.at,
        document=event.model_dump(mode="json", exclude={"case", "proposal"}, exclude_none=True),
        report_id=event.report.report_id if event.report else None,
        trace_id=trace_id_of(message.traceparent),
    )
    if event.referral is not None:
        referral = ReferralRow(state=event.referral, sequence=event.case.sequence)
        changed |= _kept(state, f"referral:{event.referral.referral_id}", referral).state
    return Decision(state=changed)
