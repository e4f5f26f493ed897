"""What is told of triage's rules: that another version decides from now on."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from schemas.facts import Actor, Event
from schemas.personal import Personal


class RuleSetPublished(Event):
    """A version of triage's rules came into force. Topic `rules`, key: "triage". `personal.reason` says why."""

    TYPE: ClassVar[str] = "RuleSetPublished"
    rule_set_id: UUID
    number: int
    digest: str
    author: Actor
    approved_by: Actor | None = None
    published_by: Actor
    published_at: datetime
    replaces: int | None = None
    rollback: bool = False
    personal: Personal
