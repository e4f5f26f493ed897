"""The events on the hub's own topics: one pydantic model each, and the JSON Schema is exported from them.

Within version 1 only optional additions are made. Personal data, free text included, stands only in `personal`,
which one codec writes and reads (`schemas.personal`): logs, traces and dead-letter listings never open it.
All times are UTC with offset. Ids of events are in the envelope (CloudEvents headers), not in the body.
"""

from datetime import datetime
from typing import ClassVar

from pydantic import Field

from schemas.case_event import (
    CaseEvent as CaseEvent,
)
from schemas.case_life import CASE_LIFE
from schemas.codes import ReviewAnswer
from schemas.facts import (
    Actor as Actor,
)
from schemas.facts import (
    AnsweredSign as AnsweredSign,
)
from schemas.facts import (
    CaseState as CaseState,
)
from schemas.facts import (
    Contract as Contract,
)
from schemas.facts import (
    EarlierDecision as EarlierDecision,
)
from schemas.facts import (
    Entitlement as Entitlement,
)
from schemas.facts import (
    Event as Event,
)
from schemas.facts import (
    NotificationState as NotificationState,
)
from schemas.facts import (
    ReportFacts as ReportFacts,
)
from schemas.facts import (
    Thrive as Thrive,
)
from schemas.facts import (
    TriageDecision as TriageDecision,
)
from schemas.meeting_events import MEETING_EVENTS
from schemas.personal import Personal
from schemas.receipt_events import RECEIPT_EVENTS
from schemas.referral_events import REFERRAL_EVENTS
from schemas.referral_facts import (
    ReferralState as ReferralState,
)
from schemas.rule_events import RuleSetPublished as RuleSetPublished


class ReportReceived(Event):
    """A report, or a higher revision of one, was accepted. Topics `reports-*`, key: report id."""

    TYPE: ClassVar[str] = "ReportReceived"
    report: ReportFacts
    personal: Personal


class ReportWithdrawn(Event):
    """The sender withdrew its report; nothing is deleted. Topics `reports-*`, key: report id."""

    TYPE: ClassVar[str] = "ReportWithdrawn"
    report: ReportFacts
    personal: Personal


class ReportDecided(Event):
    """What both decisions carry; `personal` has the report's words, `because`, and a person's `reason`."""

    report: ReportFacts
    decision: TriageDecision
    decided_at: datetime
    decided_by: Actor
    personal: Personal
    version: int | None = Field(None, description="Counts the decisions on this report")
    earlier: EarlierDecision | None = Field(None, description="The decision that this one replaces")
    answer: ReviewAnswer | None = Field(None, description="What a person made of the hub's proposal")
    undone: ReviewAnswer | None = Field(None, description="The answer that its giver took back: it waits again")
    withdrawn: bool = Field(False, description="The sender withdrew the report; nothing is deleted")
    linked: str | None = Field(None, description="The later report for which this one was decided again: its reference")
    answered: AnsweredSign | None = Field(None, description="The answer on its case for which it was decided again")


class ReportTriaged(ReportDecided):
    """A report was understood. Topic `decisions`, key: report id."""

    TYPE: ClassVar[str] = "ReportTriaged"


class ReviewRequested(ReportDecided):
    """A report waits for a person to decide. Topic `decisions`, key: report id."""

    TYPE: ClassVar[str] = "ReviewRequested"


class ReviewOverdue(ReportDecided):
    """A report in review was not answered in time: the duty manager is told. Topic `decisions`, key: report id."""

    TYPE: ClassVar[str] = "ReviewOverdue"


class DecisionChecked(Event):
    """A person looked afterwards at a `decision` that was made without one; `themes` are those that she holds right.

    `personal` has her `reason`. Nothing else changes. Topic `decisions`, key: report id.
    """

    TYPE: ClassVar[str] = "DecisionChecked"
    report: ReportFacts
    decision: TriageDecision
    right: bool
    themes: tuple[str, ...] = ()
    checked_at: datetime
    checked_by: Actor
    personal: Personal


class CaseOpened(CaseEvent):
    """A case was opened for `report`."""

    TYPE: ClassVar[str] = "CaseOpened"


class ReportJoined(CaseEvent):
    """`report` was joined to an existing case; `why` says by which rule.

    `changed`: score and parts, and the case's risk and act_first where they changed; old and new.
    """

    TYPE: ClassVar[str] = "ReportJoined"


class CaseTaken(CaseEvent):
    """A person took the case."""

    TYPE: ClassVar[str] = "CaseTaken"


class CaseAssigned(CaseEvent):
    """The case was given to a person."""

    TYPE: ClassVar[str] = "CaseAssigned"


class NoteAdded(CaseEvent):
    """A note was added; `changed` has its id, `marking` and `fact` (fact or opinion, DPA 2018 s.38)."""

    TYPE: ClassVar[str] = "NoteAdded"


class CaseRerouted(CaseEvent):
    """Theme or lead changed, with a reason; the old lead is told."""

    TYPE: ClassVar[str] = "CaseRerouted"


class CaseClosed(CaseEvent):
    """The case was closed with an outcome."""

    TYPE: ClassVar[str] = "CaseClosed"


class CaseReopened(CaseEvent):
    """A closed case was opened again."""

    TYPE: ClassVar[str] = "CaseReopened"


class DangerAcknowledged(CaseEvent):
    """A named person has seen the danger."""

    TYPE: ClassVar[str] = "DangerAcknowledged"


class ReferralSent(CaseEvent):
    """The case was referred to a panel or destination; its answer clock runs."""

    TYPE: ClassVar[str] = "ReferralSent"


class ReferralAccepted(CaseEvent):
    """The panel took the referral."""

    TYPE: ClassVar[str] = "ReferralAccepted"


class ReferralDeclined(CaseEvent):
    """The panel declined, with a reason and the proposed next lead."""

    TYPE: ClassVar[str] = "ReferralDeclined"


class InformationRequested(CaseEvent):
    """The panel asked an agency a question; the answer clock pauses."""

    TYPE: ClassVar[str] = "InformationRequested"


class ReferralConcluded(CaseEvent):
    """The referral ended with an outcome and a score."""

    TYPE: ClassVar[str] = "ReferralConcluded"


class ReferralWithdrawn(CaseEvent):
    """The sender took the referral back, with a code."""

    TYPE: ClassVar[str] = "ReferralWithdrawn"


class ReferralEscalated(CaseEvent):
    """Nobody answered by the due time: it is before the alternate lead or the duty manager now."""

    TYPE: ClassVar[str] = "ReferralEscalated"


class NotificationSent(Event):
    """The provider took the message. Topic `notifications`, key: notification id."""

    TYPE: ClassVar[str] = "NotificationSent"
    notification: NotificationState
    at: datetime


class NotificationFailed(Event):
    """The message was given up. Topic `notifications`, key: notification id."""

    TYPE: ClassVar[str] = "NotificationFailed"
    notification: NotificationState
    at: datetime
    reason: str


CASE_EVENTS: tuple[type[CaseEvent], ...] = (
    CaseOpened,
    ReportJoined,
    CaseTaken,
    CaseAssigned,
    NoteAdded,
    CaseRerouted,
    CaseClosed,
    CaseReopened,
    DangerAcknowledged,
    ReferralSent,
    ReferralAccepted,
    ReferralDeclined,
    InformationRequested,
    ReferralConcluded,
    ReferralWithdrawn,
    ReferralEscalated,
    *CASE_LIFE,
    *REFERRAL_EVENTS,
)
EVENTS: tuple[type[Event], ...] = (
    ReportReceived,
    ReportWithdrawn,
    ReportTriaged,
    ReviewRequested,
    ReviewOverdue,
    DecisionChecked,
    *CASE_EVENTS,
    NotificationSent,
    NotificationFailed,
    RuleSetPublished,
    *MEETING_EVENTS,
    *RECEIPT_EVENTS,
)
