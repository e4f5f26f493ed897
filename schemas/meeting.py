"""Bodies of the commands on panels' meetings (`/api/v1/meetings/…`)."""

from pydantic import Field

from schemas.casework import Code, Words
from schemas.meeting_events import Presence
from schemas.submission import Moment, Sent


class ScheduleMeeting(Sent):
    """A meeting of the panel; without `at` it is the next one of the panel's own rhythm."""

    panel: Code
    at: Moment | None = None


class NoteAttendance(Sent):
    """An agency is there, sent apologies or stays away; `person` is who sat there."""

    agency: Code
    status: Presence
    person: Code | None = None


class MinuteDecision(Sent):
    """What the panel decided on the referral, at the referral's version that was on the page.

    Without `decision` a plan that is under way was reviewed and goes on.
    """

    referral: str = Field(max_length=20)
    decision: Code | None = None
    reason: Words


class AssignAction(Sent):
    """Somebody is to do something about the referral's case; without `due_at` it is due as any task of a case."""

    referral: str = Field(max_length=20)
    what: Words
    person: Code
    due_at: Moment | None = None


class SignOff(Sent):
    """The chair signs the minutes off, at the version that was on the page."""
