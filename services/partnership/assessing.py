"""The entries by which a report is assessed as it comes: entitlements, the THRIVE record, what a call-taker asks."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from services.partnership.entries import Code, Entry

Letter = Literal["threat", "harm", "risk", "investigation", "vulnerability", "engagement"]
SIGNS = frozenset(
    {
        "risk-high",
        "risk-medium",
        "under-18",
        "adult",
        "victim-named",
        "suspect-named",
        "witness-named",
        "place-known",
        "safe-contact",
        "unsafe-contact",
        "reporter-known",
    }
)
"""What a THRIVE line may go by beside a report's flags."""


class EntitlementRule(Entry):
    """What may be met: by a count of distinct incidents against `threshold`, or by signs alone."""

    code: Code
    name: str
    threshold: Code | None = None
    counts: tuple[Literal["victim", "place"], ...] = ()
    themes: tuple[Code, ...] = ()
    alike: bool = False
    same_suspect: bool = False
    historic: bool = False
    signs_any: tuple[str, ...] = ()
    signs_all: tuple[str, ...] = ()
    flag: str | None = None
    destination: Code | None = None
    says: str = Field(min_length=3, max_length=200)

    @model_validator(mode="after")
    def _counts_or_stands_on_signs(self) -> Self:
        if bool(self.threshold) != bool(self.counts) or bool(self.threshold) == bool(self.signs_any):
            raise ValueError("needs either `threshold` with `counts`, or `signs_any`")
        return self


class ThriveRule(Entry):
    """One line of a letter of THRIVE: the first whose sign holds is the assessment."""

    code: Code
    letter: Letter
    says: str = Field(min_length=3, max_length=60)
    signs_any: tuple[str, ...] = ()


Question = Annotated[str, Field(min_length=3, max_length=120, pattern=r"\?$")]


class CallQuestion(Entry):
    """What a call-taker asks when triage hears `sign`; an urgent one makes the page say 999."""

    sign: str = Field(description="A flag, or `danger`: any urgent sign, or danger that the caller said")
    urgent: bool = False
    ask: tuple[Question, ...] = ()
