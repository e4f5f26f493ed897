"""The further events of referrals and of the ladder, on topic `cases` (key: case id); `schemas.events` lists them all.

Free text stands in `personal`: `reason`, `question`, `answer`, `plan`, `note`, and `fields` (the route's own personal
fields, by code). An event whose `referral.private_to` is set may be shown to that agency alone.
"""

from typing import ClassVar

from schemas.case_event import CaseEvent


class ReferralDrafted(CaseEvent):
    """A draft was written or changed; only its author's agency knows of it."""

    TYPE: ClassVar[str] = "ReferralDrafted"


class ReferralDraftDropped(CaseEvent):
    """A draft was discarded, or grew too old."""

    TYPE: ClassVar[str] = "ReferralDraftDropped"


class ApprovalRequested(CaseEvent):
    """The route asks for a supervisor's approval; the referral waits for one of the sending agency, not its author."""

    TYPE: ClassVar[str] = "ApprovalRequested"


class ReferralApproved(CaseEvent):
    """A supervisor approved; the referral is sent with this event, and its answer clock runs."""

    TYPE: ClassVar[str] = "ReferralApproved"


class ApprovalRefused(CaseEvent):
    """A supervisor refused, with a reason; the referral is its author's draft again."""

    TYPE: ClassVar[str] = "ApprovalRefused"


class InformationReturned(CaseEvent):
    """An agency answered the panel's question (a partner return); with the last one the answer clock resumes."""

    TYPE: ClassVar[str] = "InformationReturned"


class ReferralRated(CaseEvent):
    """The panel rated the referral, or rated it again; `changed.rating` has old and new. Its clock is re-graded."""

    TYPE: ClassVar[str] = "ReferralRated"


class ReferralScheduled(CaseEvent):
    """The referral is to be discussed at a meeting."""

    TYPE: ClassVar[str] = "ReferralScheduled"


class ReferralDiscussed(CaseEvent):
    """The panel discussed it and decided; `referral.decision` is the decision's code."""

    TYPE: ClassVar[str] = "ReferralDiscussed"


class ReferralAdvanced(CaseEvent):
    """A step of the route's own process was taken: `changed.step` names it, `referral.stage` is where it stands."""

    TYPE: ClassVar[str] = "ReferralAdvanced"


class PlanAgreed(CaseEvent):
    """A plan with a lead worker was agreed; its review clock runs."""

    TYPE: ClassVar[str] = "PlanAgreed"


class PlanReviewed(CaseEvent):
    """The plan was reviewed; the next review is due after the route's own interval."""

    TYPE: ClassVar[str] = "PlanReviewed"


class PlanReviewOverdue(CaseEvent):
    """A plan's review was not held by its day; the panel's chair is told."""

    TYPE: ClassVar[str] = "PlanReviewOverdue"


class ReferralPassedOn(CaseEvent):
    """The panel escalated the referral to another panel; `referral.passed_to` is the referral that it became."""

    TYPE: ClassVar[str] = "ReferralPassedOn"


class SupportOffered(CaseEvent):
    """Support was offered, and what was answered; it stands beside the enforcement steps."""

    TYPE: ClassVar[str] = "SupportOffered"


class LadderStepTaken(CaseEvent):
    """A step of the ladder was taken; the law's preconditions held."""

    TYPE: ClassVar[str] = "LadderStepTaken"


class LadderStepBreached(CaseEvent):
    """A step's terms were breached; `step.breach_of` is the step."""

    TYPE: ClassVar[str] = "LadderStepBreached"


REFERRAL_EVENTS: tuple[type[CaseEvent], ...] = (
    ReferralDrafted,
    ReferralDraftDropped,
    ApprovalRequested,
    ReferralApproved,
    ApprovalRefused,
    InformationReturned,
    ReferralRated,
    ReferralScheduled,
    ReferralDiscussed,
    ReferralAdvanced,
    PlanAgreed,
    PlanReviewed,
    PlanReviewOverdue,
    ReferralPassedOn,
    SupportOffered,
    LadderStepTaken,
    LadderStepBreached,
)
