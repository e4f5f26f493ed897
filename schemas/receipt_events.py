"""The events that a sender's receipts live by: reports that wait for a repair, and files that are worked off."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from schemas.facts import Event, ReportFacts


class ReportHeld(Event):
    """A message of the report could not be decided, or waits behind one. Topic `decisions`, key: report id."""

    TYPE: ClassVar[str] = "ReportHeld"
    report_id: UUID
    at: datetime


class ReportFreed(Event):
    """What was held of the report has been decided after a repair. Topic `decisions`, key: report id."""

    TYPE: ClassVar[str] = "ReportFreed"
    report_id: UUID
    at: datetime


class ReportQuarantined(Event):
    """A report's receipt says `quarantined`: it is safe, and a person mends it. Topics `reports-*`, key: report id."""

    TYPE: ClassVar[str] = "ReportQuarantined"
    report: ReportFacts
    at: datetime


class BatchDone(Event):
    """Every row of a partner's file has its outcome. Topic `batches`, key: the batch's reference.

    Decisions on the accepted rows may still be on their way: `GET /api/v1/batches/{batch}` counts them.
    """

    TYPE: ClassVar[str] = "BatchDone"
    batch: str
    partner: str
    format: str
    at: datetime
    rows: int
    accepted: int
    duplicate: int
    rejected: int


RECEIPT_EVENTS: tuple[type[Event], ...] = (ReportHeld, ReportFreed, ReportQuarantined, BatchDone)
