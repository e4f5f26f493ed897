"""Bodies of the referral and ladder commands beside the fixed ones of `schemas.casework`."""

from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import Field, StringConstraints, model_validator

from schemas.casework import Code, Consent, Words
from schemas.submission import BirthDay, Clean, Moment, Sent

FIELDS_LIMIT = 40
FieldText = Annotated[str, StringConstraints(strip_whitespace=True, max_length=4000), Clean]
FieldValue = bool | int | float | FieldText
Fields = Annotated[dict[Code, FieldValue], Field(max_length=FIELDS_LIMIT)]
"""The route's own fields by code; the partnership's file says which there are."""


class Draft(Sent):
    """A referral that is not sent yet: whatever is known of it so far. It takes the place of what was there."""

    panel: Code | None = None
    destination: Code | None = None
    reason: Words | None = None
    consent: Consent | None = None
    under_18: bool | None = None
    fields: Fields = Field(default_factory=dict)

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.panel is None) == (self.destination is None):
            raise ValueError("Give panel or destination.")
        return self


class Send(Sent):
    """Send the draft as it stands."""


class Discard(Sent):
    """Drop the draft."""


class Approve(Sent):
    """A supervisor of the sending agency lets it go."""


class RefuseApproval(Sent):
    """A supervisor does not let it go, and says why."""

    reason: Words


class ReturnInformation(Sent):
    """The asked agency answers; `request` is needed only where it was asked more than once."""

    answer: Words
    request: UUID | None = None


class Rate(Sent):
    """Rate the referral with a code of the route's ratings; again as information arrives."""

    rating: Code
    reason: Words


class Schedule(Sent):
    """It is to be discussed at `at`, in the meeting with that reference."""

    at: Moment
    meeting: Code | None = None


class Discuss(Sent):
    """The panel's decision: a code of the route's decisions."""

    decision: Code
    reason: Words
    meeting: Code | None = None


class Advance(Sent):
    """A step of the route's own process, with the fields that it asks for."""

    step: Code
    fields: Fields = Field(default_factory=dict)
    reason: Words | None = None


class AgreePlan(Sent):
    """A plan, and who leads the work."""

    lead_worker: Code
    plan: Words
    fields: Fields = Field(default_factory=dict)


class ReviewPlan(Sent):
    """What the review found; the plan goes on."""

    note: Words


class Escalate(Sent):
    """Pass the referral on to another panel; its consent goes with it, unless another one is given here."""

    panel: Code
    reason: Words
    consent: Consent | None = None


class OfferSupport(Sent):
    """Support was offered: a route's code or `other`, and what was answered."""

    offered: Code
    answer: Literal["accepted", "refused", "no-answer"]
    subject: Code | None = None
    note: Words


class LocalOverride(Sent):
    """Why a local precondition is passed over, and the supervisor who agreed."""

    reason: Words
    supervisor: Code


class TakeStep(Sent):
    """Take a step of the ladder against a person of the case, or against its place.

    `date_of_birth` or `age` (years, today) is what is known of the subject, unless the case knows it already.
    `officer` issued it (staff id; who records it otherwise), `authorised_by` had the rank where one is asked for.
    """

    instrument: Code
    subject: Code | None = None
    age: int | None = Field(None, ge=0, le=120)
    date_of_birth: BirthDay | None = None
    officer: Code | None = None
    authorised_by: Code | None = None
    conviction: Words | None = Field(None, description="Court, offence and date")
    fields: Fields = Field(default_factory=dict)
    reason: Words
    override: LocalOverride | None = None


class Breach(Sent):
    """The terms of a step that was taken were breached."""

    step: UUID
    what: Words
