"""Intake's commands, and what it reads of others' events for its receipts."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from schemas.case_life import ReportMoved
from schemas.codes import Channel
from schemas.events import (
    CaseClosed,
    CaseOpened,
    CaseReopened,
    Event,
    ReportJoined,
    ReportTriaged,
    ReviewRequested,
)
from schemas.receipt_events import ReportFreed, ReportHeld
from schemas.submission import Submission
from services.kernel.holding import HOLDING


class ReceiveReport(BaseModel):
    """Take one report in; `report_id` is made from sender and source id, so the same record is the same report.

    `newest`: one person writes it on one page, and what comes last stands, whatever revision the page took it for: an
    answer may have been lost on the way back.
    """

    model_config = ConfigDict(frozen=True)
    report_id: UUID
    partner: str
    channel: Channel
    submission: Submission
    received_at: datetime
    line: str | None = None
    grade: str | None = None
    call_taker: str | None = None
    batch: str | None = None
    row: int | None = None
    outcome: str | None = None
    extract: bool = False
    status_code: str | None = None
    newest: bool = False


class TakeOutcome(BaseModel):
    """Keep one row of a police outcomes extract, and correct its crime; `month` is the outcome's own."""

    model_config = ConfigDict(frozen=True)
    partner: str
    crime_id: str
    month: str
    outcome: str
    ordinal: int
    source_id: str
    batch: str


class FinishBatch(BaseModel):
    """Every row of a file has its outcome: its sender is told, with these counts."""

    model_config = ConfigDict(frozen=True)
    batch: str
    partner: str
    format: str
    rows: int
    accepted: int
    duplicate: int
    rejected: int


class FeedRowRefused(BaseModel):
    """A record on a partner's topic that is no report: kept with its reasons, without its values."""

    model_config = ConfigDict(frozen=True)
    partner: str
    topic: str
    offset: int
    reasons: list[dict[str, str]]


class DangerUnanswered(BaseModel):
    """The timer of a danger-now report: still without a decision?"""

    model_config = ConfigDict(frozen=True)
    source: str


class DangerTold(BaseModel):
    """The duty contact was written to, without Kafka."""

    model_config = ConfigDict(frozen=True)
    reference: str
    status: Literal["delivered", "failed"]


class DangerMail(BaseModel):
    """What the job is told."""

    model_config = ConfigDict(frozen=True)
    reference: str
    attempt: int = 1


_HEARD: tuple[type[Event], ...] = (
    ReportTriaged,
    ReviewRequested,
    CaseOpened,
    ReportJoined,
    ReportMoved,
    CaseClosed,
    CaseReopened,
    ReportHeld,
    ReportFreed,
)

READERS: dict[str, dict[int, type[BaseModel]]] = {
    **{event.TYPE: {1: event} for event in _HEARD},
    "ReceiveReport": {1: ReceiveReport},
    "TakeOutcome": {1: TakeOutcome},
    "FinishBatch": {1: FinishBatch},
    "danger-unanswered": {1: DangerUnanswered},
    "DangerTold": {1: DangerTold},
    **HOLDING,
}
