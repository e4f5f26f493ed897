"""What notify keeps: messages with their delivery, the reports of a case, and where partners' systems listen."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from schemas.events import NotificationState
from services.partnership.models import Partnership


class Frozen(BaseModel):
    """State that is replaced, never changed."""

    model_config = ConfigDict(frozen=True)


class Notification(Frozen):
    """One message to one recipient, and how its delivery stands. The address never leaves this service."""

    state: NotificationState
    address: str
    subject: str
    body: str
    link: str = "/"
    """What it is about, below the hub's address."""
    created_at: datetime
    trace: str | None = None


class LinkedReport(Frozen):
    """A report of a case, as far as telling its sender and reporter needs."""

    reference: str
    source_id: str
    partner: str | None
    reporter_address: str | None


class CaseLinks(Frozen):
    """The reports that a case holds, and the addresses, in lower case, that somebody of it said are not safe."""

    case_id: UUID
    reports: tuple[LinkedReport, ...] = ()
    unsafe: tuple[str, ...] = ()


class Webhook(Frozen):
    """Where a partner's system listens, and the secret that signs (Standard Webhooks)."""

    partner: str
    url: str
    secret: str


@dataclass(frozen=True, slots=True)
class Rules:
    """What decisions here go by."""

    partnership: Partnership
    public_url: str
