"""What notify reads: the facts on others' topics, and the results of its own deliveries."""

from typing import ClassVar, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from schemas.events import CASE_EVENTS, Event, ReportReceived, ReportTriaged, ReviewOverdue, ReviewRequested
from schemas.meeting_events import MEETING_EVENTS
from schemas.receipt_events import BatchDone, ReportQuarantined

DeliveryStatus = Literal["delivered", "temporary-failure", "permanent-failure", "technical-failure"]


class Delivery(BaseModel):
    """What a delivery job is told: the whole message, so that a worker needs nothing else."""

    model_config = ConfigDict(frozen=True)
    notification_id: UUID
    address: str
    subject: str
    body: str
    secret: str | None = None


class DeliveryTried(BaseModel):
    """What a provider said to one attempt; `reason` is a code, never the provider's own words."""

    TYPE: ClassVar[str] = "DeliveryTried"
    model_config = ConfigDict(frozen=True)
    notification_id: UUID
    status: DeliveryStatus
    reason: str | None = None


class SetWebhook(BaseModel):
    """Operations staff name the address of a partner's system, or take it away (no url)."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    partner: str
    url: str | None
    secret: str | None = None


_HEARD: tuple[type[Event], ...] = (
    ReportReceived,
    ReportQuarantined,
    ReportTriaged,
    ReviewRequested,
    ReviewOverdue,
    BatchDone,
    *CASE_EVENTS,
    *MEETING_EVENTS,
)

READERS: dict[str, dict[int, type[BaseModel]]] = {
    **{event.TYPE: {1: event} for event in _HEARD},
    "DeliveryTried": {1: DeliveryTried},
    "SetWebhook": {1: SetWebhook},
}
