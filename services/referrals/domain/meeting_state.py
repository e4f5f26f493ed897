"""A panel's meeting and its minutes as they are kept, and what a command on it is answered."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from schemas import topics
from schemas.meeting_events import MeetingEvent, MeetingState
from services.kernel.decision import Decision, NewEvent
from services.partnership.entries import Panel
from services.referrals.domain.state import Case, Kept, Referral, Refused


class Meeting(Kept):
    """A meeting, and whose agencies and panel may know of it."""

    state: MeetingState
    visible_to: tuple[str, ...]


class Minute(Kept):
    """What was decided on a referral."""

    decision_id: UUID
    meeting_id: str
    case_id: UUID
    referral_id: UUID
    referral: str
    decision: str | None
    reason: str
    quorate: bool
    by: str
    at: datetime


class Action(Kept):
    """What somebody is to do; the case's task with this id says how it stands."""

    action_id: UUID
    meeting_id: str
    case_id: UUID
    referral: str
    what: str
    person: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Due:
    """An item of an agenda with its case; `title` is what signed minutes call it, none before."""

    referral: Referral
    case: Case
    title: str | None = None


@dataclass(frozen=True, slots=True)
class Stands:
    """An action and how its task stands; the themes of its case say who may read it."""

    action: Action
    status: str
    due_at: datetime | None
    themes: tuple[str, ...]


class AgendaItem(Kept):
    """A referral that was due at the meeting, as the signed minutes keep it."""

    item_id: UUID
    meeting_id: str
    case_id: UUID
    referral_id: UUID
    referral: str
    reached: bool


@dataclass(frozen=True, slots=True)
class Minuted:
    """The command was carried out; `warning` where the meeting had no quorum."""

    meeting: Meeting
    referral: Referral | None = None
    action: UUID | None = None
    warning: str | None = None


@dataclass(frozen=True, slots=True)
class MeetingStale:
    """Somebody changed the meeting meanwhile: as it stands."""

    meeting: Meeting


def meeting_key(identity: str) -> str:
    """The state key of a meeting."""
    return f"meeting:{identity}"


def minutes_key(identity: str) -> str:
    """The state key of everything that was minuted in a meeting."""
    return f"minutes:{identity}"


def agenda_key(identity: str) -> str:
    """The state key of the referrals that are due at a meeting."""
    return f"agenda:{identity}"


def members_of(panel: Panel) -> tuple[str, ...]:
    """Who may know of its meetings: the panel's own people and its member agencies."""
    return tuple(sorted({panel.code, panel.receives, *panel.members}))


def refusal(code: str, message: str) -> Decision:
    """Nothing changes, with the reason."""
    return Decision(answer=Refused("refused", code, message))


def no_meeting() -> Decision:
    """For who is no member of the panel as for an id that nobody has."""
    return Decision(answer=Refused("not-found", "not-found", "There is no meeting with this id for you."))


def on_topic(event: MeetingEvent) -> NewEvent:
    """The event on its topic, under the meeting's id."""
    return NewEvent(topics.MEETINGS, event.meeting.meeting_id, event)


def changed(known: Meeting, **updates: Any) -> Meeting:
    """The meeting, one version on."""
    state = known.state.model_copy(update=updates | {"version": known.state.version + 1})
    return known.model_copy(update={"state": state})
