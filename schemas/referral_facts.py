"""A referral as it now stands, with its clock, questions to others and plan; and a step of the ladder."""

from datetime import date, datetime
from typing import Literal
from uuid import UUID

from pydantic import Field

from schemas.codes import ReferralStatus
from schemas.facts import Contract

ConsentStatus = Literal["given", "refused", "overridden", "not-asked"]
"""`not-asked` stands on drafts only."""
ScoreCode = Literal["achieved", "partly", "not"]
ClockWord = Literal["start", "pause", "resume", "re-grade", "escalate", "stop"]


class ClockEntry(Contract):
    """A moment of a clock's ledger. A start and a re-grade say what is allowed from the start on, in whose hours."""

    at: datetime
    event: ClockWord
    minutes: int | None = Field(None, description="What the clock allows in all, counted from its start")
    calendar: str | None = Field(None, description="`elapsed`, or the calendar whose working minutes count")
    due_at: datetime | None = Field(None, description="When it then ran out; none while it is paused")


class InformationAsked(Contract):
    """A question to one agency, with its own clock. The words stand in the events' `personal`."""

    request_id: UUID
    agency: str
    asked_by: str = Field(description="Staff id")
    asked_at: datetime
    due_at: datetime | None = None
    returned_at: datetime | None = None
    escalated_at: datetime | None = None
    clock: tuple[ClockEntry, ...] = ()


class PlanFacts(Contract):
    """A plan with its lead worker and the day of its next review; its words stand in `personal`."""

    lead_worker: str = Field(description="Staff id")
    lead_worker_name: str | None = None
    agreed_at: datetime
    review_due_at: datetime | None = None
    reviews: int = 0
    last_review_at: datetime | None = None


class ReferralState(Contract):
    """A referral as it stands after the event.

    `status` is a word of the lifecycle that all routes share; `stage` a state of the route's own process, as the
    partnership's file has it. A draft, or one that waits for approval, is `private_to` its author's agency: no other
    agency learns of it.
    """

    referral_id: UUID
    reference: str
    case_id: UUID
    case_reference: str
    panel: str | None = None
    destination: str | None = None
    to_agency: str
    status: ReferralStatus
    sent_at: datetime = Field(description="When it was sent; of a draft, when it was written")
    due_at: datetime | None = Field(
        None, description="When its clock runs out, or ran out; none while it is paused before that, or stopped"
    )
    owner: str | None = None
    owner_name: str | None = None
    accepted_at: datetime | None = None
    consent_status: ConsentStatus
    consent_basis: str | None = None
    escalated_to: str | None = None
    proposed_next_lead: str | None = None
    outcome: str | None = None
    score: ScoreCode | None = None
    version: int
    stage: str | None = None
    private_to: str | None = Field(None, description="The only agency that may know of it")
    from_agency: str | None = None
    author: str | None = Field(None, description="Staff id of who wrote it")
    edited_by: tuple[str, ...] = Field((), description="Staff ids of who changed the draft")
    under_18: bool | None = None
    rating: str | None = Field(None, description="Code of the route's own ratings, such as red")
    rated_by: str | None = None
    rated_at: datetime | None = None
    clock: tuple[ClockEntry, ...] = ()
    information: tuple[InformationAsked, ...] = ()
    scheduled_at: datetime | None = None
    meeting: str | None = None
    decision: str | None = Field(None, description="Code of what the panel decided")
    plan: PlanFacts | None = None
    facts: dict[str, str | int | float | bool] = Field({}, description="The route's own fields, no personal data")
    beside: str | None = Field(None, description="Reference of the referral that this one was opened beside")
    passed_to: str | None = Field(None, description="Reference of the referral that it was escalated into")
    approved_by: str | None = None
    ended_at: datetime | None = None


class SupportOffer(Contract):
    """An offer of support that stands beside an enforcement step."""

    support_id: UUID
    at: datetime
    offered: str = Field(description="Code of a route, or `other`")
    answer: Literal["accepted", "refused", "no-answer"]
    subject: str | None = None
    case_reference: str | None = Field(None, description="The case it was made in, where that is another one")


class LadderStep(Contract):
    """A step of the ladder that was taken, or a breach of one. The subject's words and birth stand in `personal`."""

    step_id: UUID
    instrument: str
    at: datetime
    officer: str = Field(description="Staff id of who issued it")
    authorised_by: str | None = Field(None, description="Staff id of who had the rank")
    subject: str | None = Field(None, description="The case's id of the person; none for a place")
    case_reference: str | None = Field(None, description="The case it was taken in, where that is another one")
    effective_to: date | None = None
    breach_of: UUID | None = Field(None, description="The step that this one says was breached")
    support: UUID | None = Field(None, description="The offer of support beside it")
    warned: tuple[str, ...] = Field(
        (), description="Local preconditions that were passed over, each with its provision"
    )
    supervisor: str | None = Field(None, description="Staff id of who agreed to pass them over")
