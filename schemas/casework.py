"""What clients send to cases and referrals (`product.md`, "Cases"): the bodies of the commands."""

from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from schemas.codes import Marking
from schemas.submission import Clean, Moment, Sent

Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=4000), Clean]
Code = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,79}$")]


class Take(Sent):
    """Take the case: nothing else is said."""


class Assign(Sent):
    """Give the case to a person."""

    owner: Code


class Note(Sent):
    """Add a note; fact or opinion is said (DPA 2018 s.38)."""

    text: Words
    marking: Marking = "OFFICIAL"
    fact: Literal["fact", "opinion"]


class Reroute(Sent):
    """Other themes, or another lead agency; never without a reason."""

    themes: tuple[Code, ...] | None = Field(None, min_length=1, max_length=8)
    lead_agency: Code | None = None
    reason: Words

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.themes is None) == (self.lead_agency is None):
            raise ValueError("Give themes or lead_agency.")
        if self.themes is not None and len(set(self.themes)) != len(self.themes):
            raise ValueError("Name each theme once, the main one first.")
        return self


class Close(Sent):
    """Close with an outcome of the partnership's list."""

    outcome: Code
    reason: Words


class Reopen(Sent):
    """Open a closed case again."""

    reason: Words


class Acknowledge(Sent):
    """A named person has seen the danger; with `danger_since`, the one that the case told of then and no other."""

    danger_since: Moment | None = None


class Consent(Sent):
    """Given, refused, or overridden on a lawful basis by a named person."""

    status: Literal["given", "refused", "overridden"]
    basis: Words | None = None
    by: Words | None = None


class Refer(Sent):
    """Refer the case to a panel or to a configured destination."""

    panel: Code | None = None
    destination: Code | None = None
    reason: Words
    consent: Consent
    under_18: bool | None = Field(None, description="Whether the person is under 18, where it is known")
    fields: Annotated[dict[Code, bool | int | float | Words], Field(max_length=40)] = Field(
        default_factory=dict, description="The route's own fields, by code"
    )

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.panel is None) == (self.destination is None):
            raise ValueError("Give panel or destination.")
        return self


class Accept(Sent):
    """Take the referral; without an owner it is the one who accepts."""

    owner: Code | None = None


class Decline(Sent):
    """Decline with a reason, and name who should lead instead."""

    reason: Words | None = None
    next_lead: Code | None = None


class RequestInformation(Sent):
    """Ask an agency a question; the answer clock pauses."""

    agency: Code
    question: Words


class Conclude(Sent):
    """End with an outcome and a score."""

    outcome: Words
    score: Literal["achieved", "partly", "not"]


class Withdraw(Sent):
    """Take the referral back, with a code of the partnership's list."""

    code: Code
    reason: Words
