"""A panel's own process as data: its stages, who may take which step, what is asked, its ratings and their clocks."""

from collections.abc import Iterator
from typing import Literal

from pydantic import Field

from schemas.codes import ReferralStatus
from services.partnership.values import Clock, Code, Entry, Status, Value

Who = Literal["panel", "chair", "sender", "supervisor", "asked", "owner", "gateway"]
"""Who may take a step: the panel or the agency that it reached, its chair, the sending side, a supervisor of the
sending side who did not write it, the agency that was asked, the lead worker or owner, or who sees it first."""
Command = Literal[
    "accept",
    "decline",
    "request-information",
    "return-information",
    "rate",
    "schedule",
    "discuss",
    "agree-plan",
    "review-plan",
    "advance",
    "escalate",
    "conclude",
    "withdraw",
]


class Choice(Value):
    """One of the values of a field, of a process's decisions or of its outcomes."""

    code: Code
    name: str
    adults: bool = Field(True, description="Offered for adults")
    children: bool = Field(True, description="Offered for under-18s")


class FormField(Value):
    """Something that a step asks for. `text` is personal; every other kind is a plain fact."""

    code: Code
    name: str
    kind: Literal["text", "choice", "number", "yes-no", "date"] = "text"
    required: bool = False
    choices: tuple[Choice, ...] = ()
    lowest: float | None = None
    highest: float | None = None
    hint: str | None = None

    @property
    def personal(self) -> bool:
        """Whether its value may say who it is about."""
        return self.kind == "text"


class Rating(Value):
    """A grade that the panel gives; it sets the referral's clock from receipt, and that of partner returns."""

    code: Code
    name: str
    clock: Clock
    returns: Clock | None = Field(None, description="The clock of an information request under this rating")
    status: Status = "default"
    source: str


class Stage(Value):
    """Where a referral can stand; `status` is the word of the shared lifecycle for it."""

    code: Code
    name: str
    status: ReferralStatus
    clock: Literal["runs", "stands", "stopped"] = "stopped"


class Transition(Value):
    """A step from some stages to another, or one that changes something where it stands (`to` is left out)."""

    command: Command
    step: Code | None = Field(None, description="The process's own word for a step of `advance`")
    name: str
    from_: tuple[Code, ...] = Field(alias="from", min_length=1)
    to: Code | None = None
    by: tuple[Who, ...] = Field(min_length=1)
    qualification: str | None = Field(None, description="What the person who takes it must be qualified in")
    fields: tuple[FormField, ...] = ()


class Process(Entry):
    """The way of a referral through a panel or destination, from the moment that it is sent."""

    code: Code
    name: str
    stages: tuple[Stage, ...] = Field(min_length=2)
    transitions: tuple[Transition, ...]
    information: Clock = Field(description="How long an asked agency has, in its own hours where calendar is `agency`")
    second_silence: Clock = Field(
        description="After the alternate lead, or a supervisor who is to approve, was told: how long until the next is"
    )
    ratings: tuple[Rating, ...] = ()
    decisions: tuple[Choice, ...] = ()
    outcomes: tuple[Choice, ...] = ()
    review: Clock | None = Field(None, description="How long after a plan, or its last review, the next one is due")

    @property
    def first(self) -> Stage:
        """Where a referral stands when it is sent."""
        return self.stages[0]

    def stage(self, code: str | None) -> Stage:
        """The stage with that code; the first one for a referral that was sent before it had a process."""
        return next((stage for stage in self.stages if stage.code == code), self.first)

    def rating(self, code: str) -> Rating | None:
        """The rating with that code."""
        return next((rating for rating in self.ratings if rating.code == code), None)

    def moves(self, command: str, stage: str) -> Iterator[Transition]:
        """The steps of a command that can be taken from a stage."""
        return (each for each in self.transitions if each.command == command and stage in each.from_)

    def steps_from(self, stage: str) -> tuple[Transition, ...]:
        """Everything that can be done from a stage."""
        return tuple(each for each in self.transitions if stage in each.from_)
