"""A version of the rules as triage keeps it, and the commands that move it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from schemas.events import Actor

Status = Literal["draft", "proposed", "approved", "published", "retired"]
Action = Literal["propose", "send-back", "approve", "publish", "roll-back", "discard"]
Documents = Mapping[str, str]
"""The tables and the lexicon of a rule set: file name → text."""


class EditRefused(Exception):
    """A change to a version names something that is not there."""


class Head(BaseModel):
    """A rule set without its documents."""

    model_config = ConfigDict(frozen=True)
    rule_set_id: UUID
    number: int
    status: Status
    digest: str
    based_on: int | None = None
    reason: str
    author: Actor
    editors: tuple[str, ...] = ()
    saved_by: Actor | None = None
    """Who saved its documents last; None where that was before it was kept."""
    approved_by: Actor | None = None
    published_by: Actor | None = None
    created_at: datetime
    effective_from: datetime | None = None
    follows: int | None = None
    """The version that was in force when its day was set; None where no day was, or before that was kept."""
    published_at: datetime | None = None
    trouble: str | None = None
    version: int = 1


class Text(BaseModel):
    """A rule set's documents."""

    model_config = ConfigDict(frozen=True)
    rule_set_id: UUID
    documents: dict[str, str]


class ShipRules(BaseModel):
    """A process starts with these documents in the partnership's folder."""

    model_config = ConfigDict(frozen=True)
    documents: dict[str, str]
    digest: str
    by: Actor


class SaveDraft(BaseModel):
    """A person keeps changed rules: as a new draft, or over her draft of `version`."""

    model_config = ConfigDict(frozen=True)
    number: int | None = None
    version: int = 0
    based_on: int | None = None
    documents: dict[str, str]
    digest: str
    reason: str
    by: Actor


class MoveRuleSet(BaseModel):
    """A person takes a rule set a step further, or back."""

    model_config = ConfigDict(frozen=True)
    number: int
    version: int
    action: Action
    reason: str = ""
    effective_from: datetime | None = None
    by: Actor


class PublishDue(BaseModel):
    """The effective date of an approved rule set has come."""

    model_config = ConfigDict(frozen=True)
    number: int
    by: Actor


RuleCommand = ShipRules | SaveDraft | MoveRuleSet | PublishDue
RULE_COMMANDS = (ShipRules, SaveDraft, MoveRuleSet, PublishDue)


def head_key(number: int) -> str:
    """The state key of a rule set's head."""
    return f"rule-head:{number}"


IN_FORCE = "rules-in-force"
"""The state key of the published version's number; None stands there before one was published."""


def text_key(number: int) -> str:
    """The state key of a rule set's documents."""
    return f"rule-text:{number}"
