"""What clients get back of panels' meetings: lists, an agenda with what was minuted, a pack, a command's answer."""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from services.kernel.http import Problem
from services.partnership.models import Partnership
from services.referrals import views
from services.referrals.domain.meeting_state import Action, Meeting, MeetingStale, Minute, Minuted
from services.referrals.domain.state import Case, Referral, Refused

Stands = tuple[Action, str, datetime | None]
NAMES = {"name": "names", "date_of_birth": "date-of-birth", "age": "date-of-birth", "contact": "contact"}
"""A person's fields, and the part of a sharing rule by which an agency sees each."""


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
    agenda: Iterable[tuple[Referral, Case]],
    minutes: Sequence[Minute],
    actions: Sequence[Stands],
    earlier: Sequence[Stands],
    partnership: Partnership,
    now: datetime,
) -> dict[str, Any]:
    """A meeting with its agenda: of each referral the case, what was decided and who is to do what."""
    panel = partnership.panel(meeting.state.panel)
    noted = {each.agency: each for each in meeting.state.attendance}
    members = dict.fromkeys((panel.receives, *panel.members))
    return summary(meeting, partnership) | {
        "attendance": [
            {"agency": code, "status": noted[code].status, "person": noted[code].person}
            if code in noted
            else {"agency": code, "status": None, "person": None}
            for code in members
        ],
        "agenda": [_item(referral, case, minutes, actions, partnership, now) for referral, case in agenda],
        "open_actions": [_action(each) for each in earlier],
    }


def _item(
    referral: Referral,
    case: Case,
    minutes: Sequence[Minute],
    actions: Sequence[Stands],
    partnership: Partnership,
    now: datetime,
) -> dict[str, Any]:
    reference = referral.state.reference
    more = views.referral_more(referral, partnership, now)
    return {
        "referral": views.referral_view(referral),
        "case": views.case_summary(case, now),
        "steps": more["steps"],
        "minuted": [_minute(each) for each in minutes if each.referral == reference],
        "actions": [_action(each) for each in actions if each[0].referral == reference],
    }


def _minute(minute: Minute) -> dict[str, Any]:
    return minute.model_dump(mode="json", include={"decision", "reason", "quorate", "by", "at"})


def _action(stands: Stands) -> dict[str, Any]:
    action, status, due_at = stands
    return {
        "action": str(action.action_id),
        "meeting": action.meeting_id,
        "referral": action.referral,
        "what": action.what,
        "person": action.person,
        "status": status,
        "due_at": due_at.isoformat() if due_at else None,
    }


def filtered(pack: Mapping[str, Any], parts: frozenset[str] | None) -> dict[str, Any]:
    """The pack without what the reader's agreement withholds; None withholds nothing."""
    if parts is None:
        return dict(pack) | {"withheld": []}
    people = [
        {field: value for field, value in person.items() if NAMES.get(field) is None or NAMES[field] in parts}
        for person in pack["people"]
    ]
    timeline = [entry | ({} if "text" in parts else {"why": None}) for entry in pack["timeline"]]
    tasks = [task | ({} if "text" in parts else {"what": None}) for task in pack["tasks"]]
    withheld = sorted({"names", "contact", "date-of-birth", "text"} - parts)
    return dict(pack) | {"people": people, "timeline": timeline, "tasks": tasks, "withheld": withheld}


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
    return views.refused(refused, sent, now)


def rendered(answer: Any, sent: Mapping[str, Any], partnership: Partnership, now: datetime) -> tuple[int, str]:
    """Status and JSON text, as an idempotency key keeps them."""
    made = answered(answer, sent, partnership, now)
    return (made.status, json.dumps(made.body())) if isinstance(made, Problem) else (200, json.dumps(made))
