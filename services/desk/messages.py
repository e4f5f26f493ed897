"""What desk reads: every fact on every topic, but those that senders' receipts alone live by."""

from pydantic import BaseModel

from schemas.events import EVENTS
from schemas.receipt_events import RECEIPT_EVENTS

READERS: dict[str, dict[int, type[BaseModel]]] = {
    event.TYPE: {1: event} for event in EVENTS if event not in RECEIPT_EVENTS
}
