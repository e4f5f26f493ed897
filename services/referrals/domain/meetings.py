"""A panel's meeting: its day, who is there, what is minuted; once the chair has signed it off, nothing changes."""

import hashlib
import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from schemas.events import Actor
from schemas.meeting import AssignAction, MinuteDecision, NoteAttendance, ScheduleMeeting, SignOff
from schemas.meeting_events import Attendance, AttendanceNoted, MeetingScheduled, MeetingState, MinutesSignedOff
from schemas.submission import Sent
from services.kernel.decision import NOTHING, Context, Decision, NewTimer
from services.partnership.entries import Panel
from services.partnership.lookups import UnknownCode
from services.partnership.models import Partnership
from services.referrals.domain import meeting_minutes, minutes_chased
from services.referrals.domain.meeting_days import meeting_id, next_at
from services.referrals.domain.meeting_state import (
    AgendaItem,
    Meeting,
    MeetingStale,
    Minuted,
    agenda_key,
    changed,
    meeting_key,
    members_of,
    minutes_key,
    no_meeting,
    on_topic,
    refusal,
)
from services.referrals.domain.minutes_chased import HUB
from services.referrals.domain.state import Kept, Refused, case_key, referral_key
from services.referrals.messages import MeetingCommand, MeetingDue, MinutesDue

DUE = "meeting-due"


def keys_of(body: MeetingCommand | MeetingDue | MinutesDue) -> frozenset[str]:
    """What the decision may touch."""
    if isinstance(body, MinutesDue):
        return frozenset({meeting_key(body.meeting_id)})
    if isinstance(body, MeetingDue):
        return frozenset({meeting_key(body.following_id)})
    named = {meeting_key(body.meeting_id)}
    if body.case_id is not None and body.referral_id is not None:
        named |= {case_key(body.case_id), referral_key(body.referral_id)}
    if body.name == "sign-off":
        named |= {minutes_key(body.meeting_id), agenda_key(body.meeting_id)}
    return frozenset(named)


def decide(state: Mapping[str, Any], body: MeetingCommand | MeetingDue | MinutesDue, context: Context) -> Decision:
    """A person's command, a meeting's hour, or the time by which its minutes should be signed."""
    if isinstance(body, MinutesDue):
        return minutes_chased.due(state.get(meeting_key(body.meeting_id)), body, context)
    return due(state, body, context) if isinstance(body, MeetingDue) else handle(state, body, context)


def handle(state: Mapping[str, Any], command: MeetingCommand, context: Context) -> Decision:
    """Check that the meeting is hers to work in and not signed off; then carry the command out."""
    known: Meeting | None = state.get(meeting_key(command.meeting_id))
    body = COMMANDS[command.name][0].model_validate(command.body)
    if isinstance(body, ScheduleMeeting):
        return _schedule(known, command, body, context)
    if known is None or not (command.sees_all or set(command.agencies) & set(known.visible_to)):
        return no_meeting()
    if known.state.status == "signed-off":
        return refusal("minutes-signed-off", "The minutes are signed off. What is new belongs to the next meeting.")
    return COMMANDS[command.name][1](state, known, command, body, context)


def _schedule(known: Meeting | None, command: MeetingCommand, body: ScheduleMeeting, context: Context) -> Decision:
    partnership: Partnership = context.rules.partnership
    panel = partnership.panel(body.panel)
    if not (command.sees_all or panel.code in command.agencies):
        return no_meeting()
    if known is not None:
        return refusal("already-scheduled", "The panel has a meeting at that hour.")
    if command.at is None or command.at <= context.now:
        return refusal("no-day", "Give a time to come: the panel has no rhythm of its own, or the time has passed.")
    return _scheduled(panel, command.at, command.by, context)


def _scheduled(panel: Panel, at: datetime, by: Actor, context: Context) -> Decision:
    partnership: Partnership = context.rules.partnership
    identity = meeting_id(panel.code, at, partnership.zone)
    quorum = panel.meetings.quorum if panel.meetings else None
    state = MeetingState(meeting_id=identity, panel=panel.code, at=at, chair=panel.chair, quorum=quorum)
    meeting = Meeting(state=state, visible_to=members_of(panel))
    following = next_at(panel, at, partnership.zone)
    timers = minutes_chased.armed(meeting, at, partnership, late=False)
    if following is not None:
        due = MeetingDue(
            meeting_id=identity,
            panel=panel.code,
            following_id=meeting_id(panel.code, following, partnership.zone),
            following_at=following,
        )
        timers += (NewTimer(DUE, identity, at, due),)
    event = MeetingScheduled(meeting=state, at=context.now, by=by)
    return Decision(
        state={meeting_key(identity): meeting}, events=(on_topic(event),), timers=timers, answer=Minuted(meeting)
    )


def due(state: Mapping[str, Any], body: MeetingDue, context: Context) -> Decision:
    """A meeting's hour has come: the next of the panel's rhythm is scheduled, unless it is already."""
    if state.get(meeting_key(body.following_id)) is not None:
        return NOTHING
    return _scheduled(context.rules.partnership.panel(body.panel), body.following_at, HUB, context)


def attendance(
    state: Mapping[str, Any], known: Meeting, command: MeetingCommand, body: NoteAttendance, context: Context
) -> Decision:
    """An agency is there or not; what was noted of it before is replaced, at the version that was seen."""
    if command.version != known.state.version:
        return Decision(answer=MeetingStale(known))
    partnership: Partnership = context.rules.partnership
    panel = partnership.panel(known.state.panel)
    try:
        sits = body.person is None or partnership.person(body.person).agency == body.agency
    except UnknownCode:
        sits = False
    if body.agency not in (panel.receives, *panel.members) or not sits:
        return refusal("not-a-member", "Name an agency of the panel, and a person of that agency.")
    others = tuple(each for each in known.state.attendance if each.agency != body.agency)
    noted = Attendance(agency=body.agency, status=body.status, person=body.person)
    after = changed(known, attendance=(*others, noted))
    event = AttendanceNoted(meeting=after.state, at=context.now, by=command.by)
    return Decision(state={meeting_key(command.meeting_id): after}, events=(on_topic(event),), answer=Minuted(after))


def sign_off(
    state: Mapping[str, Any], known: Meeting, command: MeetingCommand, _: SignOff, context: Context
) -> Decision:
    """The chair alone signs, at the version that she saw; what was due and not reached is named."""
    if command.by.id != known.state.chair:
        return Decision(answer=Refused("not-yours", "not-the-chair", "Only the panel's chair signs the minutes off."))
    if command.version != known.state.version:
        return Decision(answer=MeetingStale(known))
    identity = known.state.meeting_id
    minuted = state.get(minutes_key(identity)) or ()
    reached = {each.referral for each in minuted}
    items = [
        AgendaItem(
            item_id=context.derive("item", number),
            meeting_id=identity,
            case_id=each.state.case_id,
            referral_id=each.state.referral_id,
            referral=each.state.reference,
            reached=each.state.reference in reached,
        )
        for number, each in enumerate(state.get(agenda_key(identity)) or ())
    ]
    after = changed(
        known, status="signed-off", signed_by=command.by.id, signed_at=context.now, digest=_digest(known, minuted)
    )
    event = MinutesSignedOff(meeting=after.state, at=context.now, by=command.by)
    kept: dict[str, Any] = {f"item:{each.item_id}": each for each in items}
    return Decision(
        state={**kept, meeting_key(identity): after},
        events=(on_topic(event),),
        cancelled=minutes_chased.disarmed(identity),
        answer=Minuted(after),
    )


def _digest(known: Meeting, minuted: tuple[Kept, ...]) -> str:
    """SHA-256 of attendance, decisions and actions, in a fixed order."""
    said = [each.model_dump(mode="json") for each in (known.state, *minuted)]
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


Handler = Callable[[Mapping[str, Any], Meeting, MeetingCommand, Any, Context], Decision]
COMMANDS: Mapping[str, tuple[type[Sent], Handler]] = {
    "schedule": (ScheduleMeeting, lambda *_: NOTHING),
    "attendance": (NoteAttendance, attendance),
    "decision": (MinuteDecision, meeting_minutes.decision),
    "action": (AssignAction, meeting_minutes.action),
    "sign-off": (SignOff, sign_off),
}
"""Every command on a meeting; `schedule` is before there is one."""
