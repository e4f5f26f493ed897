"""What hangs on a case: its tasks, the people in it, and proposals that it belongs to another case."""

from datetime import datetime
from typing import Literal, get_args
from uuid import UUID

from pydantic import Field

from schemas.facts import Contract

Role = Literal["victim", "suspect", "subject", "witness", "reporter", "professional", "family"]
ROLES: tuple[Role, ...] = get_args(Role)
Safe = Literal["yes", "no", "unknown"]


class TaskState(Contract):
    """A task as it stands after the event; what is to be done stands in `personal.what`, since people write names."""

    task_id: UUID
    case_id: UUID
    kind: Literal["task", "entitlement"] = "task"
    entitlement: str | None = Field(None, description="Code of the entitlement that may be met")
    status: Literal["open", "done", "cancelled"] = "open"
    due_at: datetime | None = None
    person: str | None = Field(None, description="Staff id of who is to do it")
    agency: str | None = Field(None, description="Agency that is to do it, where no person is named")
    reminded: bool = False
    escalated: bool = False
    version: int = 1


class PersonState(Contract):
    """A person of a case without anything that says who it is: name and contact stand in `personal.person`."""

    person_id: UUID
    case_id: UUID
    role: Role
    safe: Safe = "unknown"
    by_hand: bool = Field(False, description="Entered by a person, not drawn from a report")


class Part(Contract):
    """One part of a score: what was alike, in plain words without any name, and how much it weighs from 0 to 1."""

    what: str
    weight: float = Field(ge=0, le=1)


class ProposalState(Contract):
    """It may be that the case belongs to another one: a person confirms or refuses. Shown to who may see both."""

    proposal_id: UUID
    case_id: UUID
    case_reference: str | None = None
    other_case_id: UUID
    other_reference: str
    score: float = Field(ge=0, le=1)
    parts: tuple[Part, ...] = ()
    status: Literal["open", "confirmed", "refused"] = "open"
