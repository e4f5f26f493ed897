"""What desk reads: every fact on every topic."""

from pydantic import BaseModel

from schemas.events import EVENTS

READERS: dict[str, dict[int, type[BaseModel]]] = {event.TYPE: {1: event} for event in EVENTS}
