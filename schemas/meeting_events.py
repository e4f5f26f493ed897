"""The events of panels' meetings, on topic `meetings` (key: meeting id, such as `tcig-2026-03-05-1000`).

What concerns a case stands on `cases` beside it: `ReferralDiscussed` or `PlanReviewed` for a decision, and `TaskAdded`,
`TaskReminded`, `TaskEscalated`, `TaskDone` for an action, whose id is the task's. Words stand in `personal.reason` and
`personal.what`.
"""

from datetime import datetime
from typing import ClassVar, Literal
from uuid import UUID

from pydantic import Field

from schemas.facts import Actor, Contract, Event
from schemas.personal import Personal

Presence = Literal["present", "apologies", "absent"]


class Attendance(Contract):
    """An agency at a meeting; `person` is the staff id of who sat there, where she is known to the hub."""

    agency: str
    status: Presence
    person: str | None = None


class MeetingState(Contract):
    """A meeting as it stands after the event. `quorate` counts agencies that are present."""

    meeting_id: str
    panel: str
    at: datetime
    status: Literal["scheduled", "signed-off"] = "scheduled"
    chair: str | None = Field(None, description="Staff id")
    quorum: int | None = Field(None, description="Agencies that must be present")
    attendance: tuple[Attendance, ...] = ()
    decisions: int = 0
    actions: int = 0
    signed_by: str | None = None
    signed_at: datetime | None = None
    digest: str | None = Field(None, description="SHA-256 of the minutes that were signed off")
    version: int = 1

    @property
    def present(self) -> int:
        """How many agencies are there."""
        return len({each.agency for each in self.attendance if each.status == "present"})

    @property
    def quorate(self) -> bool:
        """Whether enough agencies are there; without a configured quorum one is enough."""
        return self.present >= (self.quorum or 1)


class MeetingEvent(Event):
    """What every event on topic `meetings` carries."""

    meeting: MeetingState
    at: datetime
    by: Actor
    personal: Personal | None = None
    case_id: UUID | None = None
    referral: str | None = Field(None, description="Reference of the referral that was discussed")
    decision: str | None = Field(None, description="Code of what the panel decided")
    quorate: bool | None = Field(None, description="Whether the meeting had its quorum when it decided")
    action: UUID | None = Field(None, description="Id of the case's task that the action is")
    person: str | None = Field(None, description="Staff id of who is to do the action, or to sign the minutes")


class MeetingScheduled(MeetingEvent):
    """A panel's meeting has its day; the agenda makes itself of what is due by then."""

    TYPE: ClassVar[str] = "MeetingScheduled"


class AttendanceNoted(MeetingEvent):
    """Who is there, who sent apologies, who stays away."""

    TYPE: ClassVar[str] = "AttendanceNoted"


class DecisionMinuted(MeetingEvent):
    """The panel decided on a referral, with or without its quorum."""

    TYPE: ClassVar[str] = "DecisionMinuted"


class ActionAssigned(MeetingEvent):
    """Somebody is to do something by a day; the case's task chases it."""

    TYPE: ClassVar[str] = "ActionAssigned"


class MinutesSignedOff(MeetingEvent):
    """The chair signed the minutes off: nothing of them changes any more."""

    TYPE: ClassVar[str] = "MinutesSignedOff"


class MinutesReminded(MeetingEvent):
    """The minutes are not signed off by the time that the panel gives itself: the chair is told."""

    TYPE: ClassVar[str] = "MinutesReminded"


class MinutesEscalated(MeetingEvent):
    """They are still not signed off: the duty manager is told too."""

    TYPE: ClassVar[str] = "MinutesEscalated"


MEETING_EVENTS: tuple[type[MeetingEvent], ...] = (
    MeetingScheduled,
    AttendanceNoted,
    DecisionMinuted,
    ActionAssigned,
    MinutesSignedOff,
    MinutesReminded,
    MinutesEscalated,
)
