"""What every event on topic `cases` carries, whatever happened."""

from datetime import datetime
from typing import Any

from pydantic import Field

from schemas.case_parts import PersonState, ProposalState, TaskState
from schemas.facts import Actor, CaseState, Event, ReportFacts
from schemas.personal import Personal
from schemas.referral_facts import LadderStep, ReferralState, SupportOffer


class CaseEvent(Event):
    """What every event on topic `cases` carries (key: case id): the case as it now stands, who did it and when.

    `personal` holds free text (note, reason, question) and joined reports' words; `why` is a rule in plain words.
    """

    case: CaseState
    at: datetime
    by: Actor
    why: str | None = None
    referral: ReferralState | None = None
    report: ReportFacts | None = None
    changed: dict[str, Any] = Field({}, description="Names and old/new codes of what changed, no personal data")
    personal: Personal | None = None
    task: TaskState | None = None
    person: PersonState | None = None
    proposal: ProposalState | None = None
    step: LadderStep | None = None
    support: SupportOffer | None = None
