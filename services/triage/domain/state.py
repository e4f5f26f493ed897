"""What triage keeps of a report: what it was given, what it decided, and under which rules."""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict

from schemas.events import ReportFacts, TriageDecision


class Decided(BaseModel):
    """The current decision on a report, with its inputs, so that it can be run again."""

    model_config = ConfigDict(frozen=True)
    report: ReportFacts
    personal: dict[str, Any]
    decision: TriageDecision
    because: list[dict[str, Any]]
    counts: tuple[int, int] = (0, 0)
    decided_at: datetime
    decided_by: str = "hub"
    version: int = 1
    in_review: bool = False
    victims: tuple[str, ...] = ()


class Sightings(BaseModel):
    """The earlier reports about one place or one victim, within the window."""

    model_config = ConfigDict(frozen=True)
    reports: frozenset[str] = frozenset()


def victims_of(personal: Mapping[str, Any]) -> tuple[str, ...]:
    """Keys of the victims: name with date of birth or age, hashed, so that no name stands in a key."""
    found = set()
    for person in personal.get("people") or ():
        if person.get("role") == "victim" and person.get("name"):
            born = person.get("date_of_birth") or person.get("age") or ""
            words = " ".join(str(person["name"]).lower().split())
            found.add(hashlib.blake2b(f"{words}/{born}".encode(), digest_size=16).hexdigest())
    return tuple(sorted(found))
