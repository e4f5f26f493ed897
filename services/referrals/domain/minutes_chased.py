"""Minutes that nobody signs chase the chair, then the duty manager; a signature ends it."""

from datetime import datetime

from schemas.events import Actor
from schemas.meeting_events import MinutesEscalated, MinutesReminded
from services.kernel.decision import NOTHING, CancelledTimer, Context, Decision, NewTimer
from services.partnership.models import Partnership
from services.referrals.domain.meeting_state import Meeting, on_topic
from services.referrals.messages import MinutesDue

DUE, LATE = "minutes-due", "minutes-late"
HUB = Actor(kind="hub", id="referrals", name="The hub")


def armed(meeting: Meeting, after: datetime, partnership: Partnership, *, late: bool) -> tuple[NewTimer, ...]:
    """The timer that asks for the signature, so long after a moment as the panel gives itself; none without that."""
    rhythm = partnership.panel(meeting.state.panel).meetings
    if rhythm is None or rhythm.sign_off is None:
        return ()
    identity = meeting.state.meeting_id
    payload = MinutesDue(meeting_id=identity, late=late)
    return (NewTimer(LATE if late else DUE, identity, partnership.due_at(after, rhythm.sign_off), payload),)


def disarmed(identity: str) -> tuple[CancelledTimer, ...]:
    """Signed: nobody is asked any more."""
    return (CancelledTimer(DUE, identity), CancelledTimer(LATE, identity))


def due(meeting: Meeting | None, body: MinutesDue, context: Context) -> Decision:
    """The chair is reminded once; the second time the duty manager is told, who sees that it is done."""
    if meeting is None or meeting.state.status == "signed-off":
        return NOTHING
    kind = MinutesEscalated if body.late else MinutesReminded
    event = kind(meeting=meeting.state, at=context.now, by=HUB, person=meeting.state.chair)
    again = () if body.late else armed(meeting, context.now, context.rules.partnership, late=True)
    return Decision(events=(on_topic(event),), timers=again)
