"""What referrals reads, and its commands: a body of `schemas.casework`, by whom, on which version."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from schemas.events import Actor, ReportTriaged, ReviewRequested


class Command(BaseModel):
    """A command on a case, or on one of its referrals."""

    model_config = ConfigDict(frozen=True)
    case_id: UUID
    referral_id: UUID | None = None
    other_id: UUID | None = None
    version: int | None = None
    name: str
    body: Any
    by: Actor
    agencies: tuple[str, ...] = ()
    sees_all: bool = False
    at: datetime | None = None
    """When it was given, where a demonstration lays it in the past; else it is now."""


class ReferralDue(BaseModel):
    """A referral's answer clock ran out."""

    model_config = ConfigDict(frozen=True)
    case_id: UUID
    referral_id: UUID


class InformationDue(BaseModel):
    """An asked agency's clock ran out."""

    model_config = ConfigDict(frozen=True)
    case_id: UUID
    referral_id: UUID
    request_id: UUID


class ReviewDue(BaseModel):
    """A plan is to be reviewed by now."""

    model_config = ConfigDict(frozen=True)
    case_id: UUID
    referral_id: UUID


class DraftOld(BaseModel):
    """A draft was not sent for so long that it goes."""

    model_config = ConfigDict(frozen=True)
    case_id: UUID
    referral_id: UUID


class ApprovalDue(BaseModel):
    """A referral has waited for its approval; `late`: its supervisors were reminded before."""

    model_config = ConfigDict(frozen=True)
    case_id: UUID
    referral_id: UUID
    late: bool = False


class MeetingCommand(BaseModel):
    """A command on a panel's meeting, and on one of the referrals that it discusses."""

    model_config = ConfigDict(frozen=True)
    meeting_id: str
    name: str
    body: Any
    by: Actor
    at: datetime | None = None
    case_id: UUID | None = None
    referral_id: UUID | None = None
    version: int | None = None
    agencies: tuple[str, ...] = ()
    sees_all: bool = False


class MeetingDue(BaseModel):
    """A meeting's hour has come; the next one of the panel's rhythm is named."""

    model_config = ConfigDict(frozen=True)
    meeting_id: str
    panel: str
    following_id: str
    following_at: datetime


class MinutesDue(BaseModel):
    """The time for signing a meeting's minutes has passed; `late`: the chair was reminded before."""

    model_config = ConfigDict(frozen=True)
    meeting_id: str
    late: bool = False


class TaskDue(BaseModel):
    """A task is due, or late."""

    model_config = ConfigDict(frozen=True)
    case_id: UUID
    task_id: UUID


READERS: dict[str, dict[int, type[BaseModel]]] = {
    "ReportTriaged": {1: ReportTriaged},
    "ReviewRequested": {1: ReviewRequested},
    "Command": {1: Command},
    "referral-due": {1: ReferralDue},
    "information-due": {1: InformationDue},
    "review-due": {1: ReviewDue},
    "draft-old": {1: DraftOld},
    "approval-due": {1: ApprovalDue},
    "task-due": {1: TaskDue},
    "task-late": {1: TaskDue},
    "MeetingCommand": {1: MeetingCommand},
    "meeting-due": {1: MeetingDue},
    "minutes-due": {1: MinutesDue},
    "minutes-late": {1: MinutesDue},
}
