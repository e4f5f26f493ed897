"""What clients get back of panels' meetings: lists, an agenda with what was minuted, a pack, a command's answer."""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from services.access.sharing import NOTHING_PERSONAL
from services.kernel.http import Problem
from services.partnership.models import Partnership
from services.referrals import views
from services.referrals.domain.meeting_state import Due, Meeting, MeetingStale, Minute, Minuted, Stands
from services.referrals.domain.state import Refused
from services.referrals.meeting_sharing import Reader


def summary(meeting: Meeting, partnership: Partnership) -> dict[str, Any]:
    """A meeting as lists show it."""
    state = meeting.state
    panel = partnership.panel(state.panel)
    shown = state.model_dump(mode="json", exclude={"attendance"})
    rhythm = panel.meetings
    return shown | {
        "panel_name": panel.name,
        "quorate": state.quorate,
        "present": state.present,
        "policy": rhythm.is_policy if rhythm else True,
    }


def whole(
    meeting: Meeting,
    agenda: Iterable[Due],
    minutes: Sequence[Minute],
    actions: Sequence[Stands],
    earlier: Sequence[Stands],
    reader: Reader,
    now: datetime,
) -> dict[str, Any]:
    """A meeting with its agenda: of each referral the case, what was decided and who is to do what.

    Words that the reader's sharing agreement withholds are null; what she may not see is not counted either.
    """
    partnership = reader.partnership
    panel = partnership.panel(meeting.state.panel)
    noted = {each.agency: each for each in meeting.state.attendance}
    members = dict.fromkeys((panel.receives, *panel.members))
    return summary(meeting, partnership) | {
        "decisions": len(minutes),
        "actions": len(actions),
        "attendance": [
            {"agency": code, "status": noted[code].status, "person": noted[code].person}
            if code in noted
            else {"agency": code, "status": None, "person": None}
            for code in members
        ],
        "agenda": [_item(each, minutes, actions, reader, now) for each in agenda],
        "open_actions": [action_view(each, reader) for each in earlier],
    }


def _item(
    item: Due,
    minutes: Sequence[Minute],
    actions: Sequence[Stands],
    reader: Reader,
    now: datetime,
) -> dict[str, Any]:
    referral, case, reference = item.referral, item.case, item.referral.state.reference
    more = views.referral_more(referral, reader.partnership, now)
    sight = reader.sight(case.state.themes)
    words = sight.sees("text")
    return {
        "referral": views.referral_view(referral),
        "case": views.case_summary(case, now, sight),
        "title": sight.title(item.title or case.state.title),
        "under_18": more["under_18"],
        "scheduled_at": more["scheduled_at"],
        "meeting": more["meeting"],
        "plan": more["plan"],
        "steps": more["steps"],
        "minuted": [_minute(each, words=words) for each in minutes if each.referral == reference],
        "actions": [action_view(each, reader) for each in actions if each.action.referral == reference],
        "withheld": [] if words else ["text"],
    }


def _minute(minute: Minute, *, words: bool) -> dict[str, Any]:
    shown = minute.model_dump(mode="json", include={"decision", "reason", "quorate", "by", "at"})
    return shown if words else shown | {"reason": None}


def action_view(stands: Stands, reader: Reader) -> dict[str, Any]:
    """An action and how it stands; its words for who may read them, and for who is to do it."""
    action, due_at = stands.action, stands.due_at
    read = reader.does(action.person) or reader.reads_words(stands.themes)
    return {
        "action": str(action.action_id),
        "meeting": action.meeting_id,
        "referral": action.referral,
        "what": action.what if read else None,
        "person": action.person,
        "status": stands.status,
        "due_at": due_at.isoformat() if due_at else None,
    }


def answered(answer: Any, sent: Mapping[str, Any], partnership: Partnership, now: datetime) -> dict[str, Any] | Problem:
    """A command's answer, or the problem that says why not; a stale one shows both."""
    if isinstance(answer, Minuted):
        made = summary(answer.meeting, partnership) | {"warning": answer.warning}
        if answer.referral is not None:
            made["referral"] = views.referral_view(answer.referral)
        if answer.action is not None:
            made["action"] = str(answer.action)
        return made
    if isinstance(answer, MeetingStale):
        current = summary(answer.meeting, partnership)
        extra = {"current": current, "yours": dict(sent), "version": current["version"]}
        message = "Somebody changed the meeting meanwhile. Nothing was changed."
        return Problem(412, "version-stale", message, extra=extra)
    refused: Refused = answer
    return views.refused(refused, sent, now, NOTHING_PERSONAL)


def rendered(answer: Any, sent: Mapping[str, Any], partnership: Partnership, now: datetime) -> tuple[int, str]:
    """Status and JSON text, as an idempotency key keeps them."""
    made = answered(answer, sent, partnership, now)
    return (made.status, json.dumps(made.body())) if isinstance(made, Problem) else (200, json.dumps(made))
