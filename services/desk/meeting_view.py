"""Meetings in words, as their pages and minutes show them. No I/O."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

from services.desk.presenting import Presenter
from services.partnership.entries import Panel
from services.partnership.lookups import UnknownCode
from services.partnership.models import Partnership

Seen = Callable[[Mapping[str, Any]], dict[str, Any]]
"""A case of the read model as the reader's agreement shows it."""
PRESENCE = {"present": "Present", "apologies": "Apologies", "absent": "Absent"}
STATUS = {"scheduled": "Not signed off", "signed-off": "Signed off"}
ON_AGENDA = ("accepted", "scheduled", "discussed", "in-progress")
"""States from which a referral can be put on an agenda by hand, where its panel's process has the step."""


def heading(presenter: Presenter, found: Mapping[str, Any]) -> dict[str, Any]:
    """What the head of each page of a meeting says."""
    local = presenter.local(found["at"])
    signed = found["signed_at"]
    return {
        "day": presenter.day(local),
        "clock": presenter.clock(local),
        "status": STATUS[found["status"]],
        "signed": found["status"] == "signed-off",
        "signed_by": presenter.who(found["signed_by"]),
        "signed_at": f"{presenter.day(signed)}, {presenter.clock(signed)}" if signed else "",
        "chair": presenter.who(found["chair"]) or "Nobody is named",
        "quorum": quorum(found),
    }


def quorum(found: Mapping[str, Any]) -> str:
    """Such as "1 of 2 agencies, no quorum"."""
    needed = found["quorum"] or 1
    words = "quorum" if found["quorate"] else "no quorum"
    return f"{found['present']} of {needed} {'agency' if needed == 1 else 'agencies'}, {words}"


def listed(presenter: Presenter, found: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """A meeting as a list shows it."""
    past = presenter.local(found["at"]) <= now
    return heading(presenter, found) | {
        "id": found["meeting_id"],
        "panel": presenter.agency(found["panel"]),
        "past": past,
        "unsigned": past and found["status"] != "signed-off",
        "time": presenter.time_left(found["at"], now),
        "decisions": found["decisions"],
        "actions": found["actions"],
    }


def presence(status: str | None) -> str:
    """Whether an agency is there, in words."""
    return PRESENCE.get(status or "", "Not noted")


def attendance(presenter: Presenter, partnership: Partnership, found: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Each agency of the panel: whether it is there, who sits there, and who of it could."""
    return [
        {
            "agency": each["agency"],
            "name": presenter.agency(each["agency"]),
            "status": each["status"],
            "words": presence(each["status"]),
            "person": each["person"],
            "who": presenter.who(each["person"]),
            "staff": [(person.id, person.name) for person in partnership.staff_of(each["agency"])],
        }
        for each in found["attendance"]
    ]


def agenda(
    presenter: Presenter, partnership: Partnership, found: Mapping[str, Any], now: datetime
) -> list[dict[str, Any]]:
    """The items, each with its case, why it is there, what was minuted and what can be."""
    return [
        _item(presenter, partnership, found, each, now) | {"number": number}
        for number, each in enumerate(found["agenda"], 1)
    ]


def _item(
    presenter: Presenter, partnership: Partnership, found: Mapping[str, Any], each: Mapping[str, Any], now: datetime
) -> dict[str, Any]:
    referral, case = each["referral"], each["case"]
    return {
        "reference": referral["reference"],
        "version": referral["version"],
        "status": referral["status"].replace("-", " ").capitalize(),
        "rating": (referral["rating"] or "").capitalize(),
        "owner": presenter.who(referral["owner"]) or "Nobody yet",
        "case": case["reference"],
        "case_version": case["version"],
        "title": each["title"],
        "theme": presenter.themes(case["themes"]),
        "risk": case["risk"],
        "why": because(presenter, found, each, now),
        "minuted": [_minuted(presenter, partnership, found, line, now) for line in each["minuted"]],
        "actions": [action(presenter, line, now) for line in each["actions"]],
        "withheld": bool(each["withheld"]),
        "reached": bool(each["minuted"] or each["actions"]),
        **_can(partnership, found["panel"], each),
    }


def because(presenter: Presenter, found: Mapping[str, Any], each: Mapping[str, Any], now: datetime) -> str:
    """Why an item is on the agenda."""
    status, plan = each["referral"]["status"], each["plan"] or {}
    if each["minuted"]:
        return "Decided here"
    if status == "scheduled":
        return "Put on this agenda" if each["meeting"] == found["meeting_id"] else "Planned for by then"
    if status == "in-progress":
        due = plan.get("review_due_at")
        return f"Plan to be reviewed by {presenter.short(due, now)}" if due else "Plan to be reviewed"
    return "Accepted, to be discussed"


def _can(partnership: Partnership, panel: str, each: Mapping[str, Any]) -> dict[str, Any]:
    """What can be minuted of it from where it stands: a decision of the panel's list, or that a plan was reviewed."""
    commands = {step["command"] for step in each["steps"]}
    process, child = partnership.process(partnership.route(panel).process), each["under_18"]
    fits = [
        (choice.code, choice.name)
        for choice in process.decisions
        if child is None or (choice.children if child else choice.adults)
    ]
    return {
        "decides": "discuss" in commands,
        "reviews": "review-plan" in commands and each["plan"] is not None,
        "decisions": fits,
    }


def decision_name(partnership: Partnership, panel: str, code: str | None) -> str:
    """A decision in the words of the panel's own list."""
    if code is None:
        return "Plan reviewed, it goes on"
    process = partnership.process(partnership.route(panel).process)
    return next((choice.name for choice in process.decisions if choice.code == code), code.replace("-", " "))


def _minuted(
    presenter: Presenter, partnership: Partnership, found: Mapping[str, Any], line: Mapping[str, Any], now: datetime
) -> dict[str, Any]:
    return {
        "decision": decision_name(partnership, found["panel"], line["decision"]),
        "reason": line["reason"],
        "quorate": line["quorate"],
        "by": line["by"],
        "at": presenter.short(line["at"], now),
        "moment": f"{presenter.day(line['at'])}, {presenter.clock(line['at'])}",
    }


def action(presenter: Presenter, line: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """Who is to do what by when, and how it stands."""
    open_ = line["status"] == "open"
    return {
        "what": line["what"],
        "who": presenter.who(line["person"]),
        "referral": line["referral"],
        "status": "Open" if open_ else line["status"].capitalize(),
        "open": open_,
        "time": presenter.time_left(line["due_at"], now),
        "due": presenter.day(line["due_at"]) if line["due_at"] else "",
    }


def can_be_added(
    partnership: Partnership, panel: Panel, rows: Iterable[Any], on_agenda: Iterable[str], seen: Seen
) -> list[tuple[str, str]]:
    """Referrals of the panel that are not on the agenda and that its process lets somebody put there."""
    there, process = set(on_agenda), partnership.process(panel.process)
    return [
        (f"{row.referral['reference']}~{row.referral['version']}", _named(row, seen))
        for row in rows
        if row.referral["reference"] not in there
        and row.referral["status"] in ON_AGENDA
        and any(step.command == "schedule" for step in process.steps_from(row.referral["stage"] or ""))
    ]


def _named(row: Any, seen: Seen) -> str:
    status = row.referral["status"].replace("-", " ")
    return f"{seen(row.case_state)['title']}, {row.referral['reference']} ({status})"


def panel_of(partnership: Partnership, code: str) -> Panel | None:
    """The panel, if there is one with that code."""
    try:
        return partnership.panel(code)
    except UnknownCode:
        return None
