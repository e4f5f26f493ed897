"""The ladder as data: instruments with what the law and the local order ask before each, and powers per officer."""

from collections.abc import Mapping
from typing import Literal, Self

from pydantic import Field, model_validator

from services.partnership.processes import FormField
from services.partnership.values import Code, Dated, Value

Rule = Literal["minimum-age", "prior-step", "breach", "conviction", "granted-power", "rank", "offer-of-support"]

NEEDED: Mapping[str, str] = {"minimum-age": "age", "prior-step": "step", "breach": "step", "rank": "ranks"}
"""By rule, the field that says what it asks for."""


class Precondition(Value):
    """Something that must be so before a step; `law` refuses, `local` warns and takes a reason with a supervisor."""

    kind: Literal["law", "local"]
    rule: Rule
    step: Code | None = None
    age: int | None = Field(None, ge=1)
    ranks: tuple[str, ...] = Field((), description="Any of these ranks may authorise the step")
    by_office: tuple[str, ...] = Field((), description="Kinds of agency whose officers need no power granted to them")
    provision: str

    @model_validator(mode="after")
    def _says_what_it_asks(self) -> Self:
        wanted = NEEDED.get(self.rule)
        if wanted is not None and not getattr(self, wanted):
            raise ValueError(f"{self.rule} needs `{wanted}`: without it the step would be for anybody, or for nobody")
        return self


class Instrument(Dated):
    """A step of the ladder from coordinated help to enforcement."""

    code: Code
    name: str
    order: int = Field(ge=0)
    against: Literal["person", "place"] = "person"
    issued_by: tuple[Code, ...] = ()
    preconditions: tuple[Precondition, ...] = ()
    fields: tuple[FormField, ...] = Field((), description="What its form must say")
    breaches: bool = Field(False, description="Whether its terms can be breached")
    safeguarding: Code | None = Field(None, description="The panel that is proposed when it is refused for a child")
    lasts: str | None = None
    amount: str | None = None


class GrantedPower(Dated):
    """A power that was granted to an officer by name: accreditation (CSAS) is per officer, never per employer."""

    instrument: Code
