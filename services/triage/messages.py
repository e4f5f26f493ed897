"""What triage reads: reports, their readings, a person's answer to one in review, and the timers of what is late."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from schemas.case_life import SignConfirmed, SignStruckOut
from schemas.codes import ReviewAnswer
from schemas.events import Actor, ReportReceived, ReportWithdrawn
from services.kernel.holding import HOLDING
from services.triage.domain.reading import Reading
from services.triage.domain.rule_versions import RULE_COMMANDS
from services.triage.domain.shadow import SHADOW_MESSAGES


class ResolveReview(BaseModel):
    """A person's answer: `themes` for change and split (the second matter last), `destination` of what is not ours, and
    `case`, a reference, for merge. `keys` are those of the report's place and victims, `spoke` the theme that each rule
    spoke for, by the rule set that decided: where it is not known, the answer counts for no rule."""

    model_config = ConfigDict(frozen=True)
    report_id: UUID
    version: int
    action: ReviewAnswer
    themes: tuple[str, ...] = ()
    destination: str | None = None
    case: str | None = None
    reason: str
    by: Actor
    keys: tuple[str, ...] = ()
    spoke: Mapping[str, str] = Field(default_factory=dict)


class UndoReview(BaseModel):
    """Who answered takes the answer back; `version` is the decision that the answer made."""

    model_config = ConfigDict(frozen=True)
    report_id: UUID
    version: int
    by: Actor


class CheckSample(BaseModel):
    """What a person says of a report that was decided without one: right, or the `themes` that it should have.

    `spoke` is as in `ResolveReview`.
    """

    model_config = ConfigDict(frozen=True)
    report_id: UUID
    version: int
    right: bool
    themes: tuple[str, ...] = ()
    reason: str = ""
    by: Actor
    spoke: Mapping[str, str] = Field(default_factory=dict)


class ReviewUnanswered(BaseModel):
    """The time to answer a report in review ran out; `version` is the decision that waits."""

    model_config = ConfigDict(frozen=True)
    report_id: UUID
    version: int


class ReadingAsked(BaseModel):
    """Which report was asked about, by which message (`asked`), and the keys of its place and victims."""

    model_config = ConfigDict(frozen=True)
    report_id: UUID
    asked: UUID
    keys: tuple[str, ...]


class ReadText(ReadingAsked):
    """A job: read the text of a report that the tables are not sure of. After `until` nobody waits for it."""

    text: str
    until: datetime


class TextRead(ReadingAsked):
    """The job's result; no `reading` where nobody could read it."""

    reading: Reading | None = None


class ReadingLate(ReadingAsked):
    """The time to read a report a second time ran out: it is decided without."""


class LinkedReport(BaseModel):
    """A later report, by its reference (`later`), received `at`, may make `report_id` be decided otherwise; `keys` are
    those of `report_id`'s place and victims."""

    model_config = ConfigDict(frozen=True)
    report_id: UUID
    keys: tuple[str, ...]
    later: str
    at: datetime


READERS: dict[str, dict[int, type[BaseModel]]] = {
    "ReportReceived": {1: ReportReceived},
    "ReportWithdrawn": {1: ReportWithdrawn},
    "SignConfirmed": {1: SignConfirmed},
    "SignStruckOut": {1: SignStruckOut},
    "ResolveReview": {1: ResolveReview},
    "UndoReview": {1: UndoReview},
    "CheckSample": {1: CheckSample},
    **{command.__name__: {1: command} for command in (*RULE_COMMANDS, *SHADOW_MESSAGES)},
    "review-unanswered": {1: ReviewUnanswered},
    **HOLDING,
    "TextRead": {1: TextRead},
    "reading-late": {1: ReadingLate},
    "linked-report": {1: LinkedReport},
}
