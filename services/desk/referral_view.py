"""A referral, its clock and a case's ladder as their pages show them: words and places, made from what was read."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from services.desk.casefile_view import age_at, is_child
from services.desk.presenting import Presenter, span_words
from services.partnership.models import Partnership
from services.partnership.processes import FormField

DAY_WIDTH, GAP = 262, 20
EVENTS = {
    "start": "Started at receipt",
    "pause": "Paused",
    "resume": "Resumed",
    "re-grade": "Re-graded",
    "escalate": "Escalated",
    "stop": "Stopped",
}
CLASSES = {"before": "run-2", "counted": "run", "paused": "pause", "left": "todo"}
ANSWERS = {"accepted": ("Said yes", "green"), "refused": ("Said no", ""), "no-answer": ("No answer", "yellow")}


def minutes(amount: float | None) -> str:
    """Minutes in words; over what is allowed they are over."""
    words = span_words(timedelta(minutes=abs(amount or 0)))
    return f"{words} over" if amount is not None and amount < 0 else words


def facts(presenter: Presenter, found: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """The line of facts above the clock."""
    figures = found["figures"] or {}
    hours = "hours on the wall" if figures.get("calendar") == "elapsed" else "working hours"
    return {
        "status": found["status"].replace("-", " ").capitalize(),
        "stage": found["stage"],
        "rating": (found["rating"] or "").capitalize(),
        "counted": minutes(figures.get("counted_minutes")) if figures else "",
        "allowed": f"{(figures.get('allowed_minutes') or 0) / 60:g} {hours}" if figures else "",
        "paused": minutes(figures.get("paused_minutes")) if figures.get("paused_minutes") else "",
        "running": figures.get("state"),
        "left": minutes(figures.get("left_minutes")) if figures else "",
        "overdue": bool(figures.get("overdue")),
        "time": presenter.time_left(found["due_at"], now),
        "on_time": figures.get("on_time"),
        "owner": presenter.who(found["owner"]) or "Nobody yet",
    }


def ledger(presenter: Presenter, found: Mapping[str, Any], now: datetime) -> list[dict[str, Any]]:
    """The ledger, newest first."""
    rows = []
    for entry in found["ledger"]:
        named = entry["rating"]
        title = f"Rated {named}" if entry["event"] == "re-grade" and named else EVENTS[entry["event"]]
        limit = f", limit {entry['allowed_minutes'] / 60:g} h" if entry["allowed_minutes"] else ""
        rows.append(
            {
                "at": presenter.short(entry["at"], now),
                "event": title + limit,
                "due": presenter.short(entry["due_at"], now) if entry["due_at"] else "stands",
                "counted": minutes(entry["counted_minutes"]),
                "left": minutes(entry["left_minutes"]),
            }
        )
    return list(reversed(rows))


def picture(presenter: Presenter, found: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The days of the clock's picture, each with the places of its parts in units of the drawing."""
    drawn = []
    for number, day in enumerate((found["picture"] or {}).get("days", ())):
        x = number * (DAY_WIDTH + GAP)
        parts = [
            {
                "class": CLASSES[part["kind"]],
                "x": round(x + part["from"] * DAY_WIDTH, 1),
                "width": round((part["to"] - part["from"]) * DAY_WIDTH, 1),
            }
            for part in day["parts"]
        ]
        local = presenter.local(day["opens"])
        drawn.append(
            {
                "x": x,
                "end": x + DAY_WIDTH,
                "name": f"{local:%a} {local.day} {local:%b}",
                "opens": presenter.clock(day["opens"]),
                "closes": "24:00" if presenter.clock(day["closes"]) == "00:00" else presenter.clock(day["closes"]),
                "parts": parts,
                "now": None if day["now"] is None else round(x + day["now"] * DAY_WIDTH, 1),
                "due": None if day["due"] is None else round(x + day["due"] * DAY_WIDTH, 1),
            }
        )
    return drawn


def returns(presenter: Presenter, found: Mapping[str, Any], now: datetime) -> list[dict[str, Any]]:
    """Whom the panel asked, and what came back."""
    rows = []
    for each in found["information"]:
        back = each["returned_at"]
        asked = f"Asked {presenter.short(each['asked_at'], now)}"
        rows.append(
            {
                "agency": presenter.agency(each["agency"]),
                "answer": f"Returned {presenter.short(back, now)}" if back else asked,
                "time": presenter.time_left(each["due_at"], now),
                "returned": bool(back),
                "on_time": bool(back) and presenter.local(back) <= presenter.local(each["due_at"] or back),
                "request": each["request_id"],
            }
        )
    return rows


def plain_facts(partnership: Partnership, found: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The route's own fields by their names."""
    values = {**found["facts"], **found["personal"]}
    route = partnership.route(found["panel"] or found["destination"])
    process = partnership.process(route.process)
    declared = {field.code: field for step in process.transitions for field in step.fields}
    declared |= {field.code: field for field in route.form}
    return [_said(declared.get(code), code, value) for code, value in values.items()]


def _said(field: FormField | None, code: str, value: Any) -> tuple[str, str]:
    """A field by its name and its value in words; one that the files no longer declare stands as it was kept."""
    said = ("Yes" if value else "No") if isinstance(value, bool) else str(value)
    if field is None:
        return code, said
    return field.name, next((choice.name for choice in field.choices if choice.code == value), said)


def helped(presenter: Presenter, found: Mapping[str, Any], now: datetime) -> list[dict[str, Any]]:
    """Help that was offered, newest first."""
    rows = []
    for each in reversed(found["help"]):
        words, colour = ANSWERS[each["answer"]]
        name = "Other help" if each["offered"] == "other" else presenter.agency(each["offered"])
        name += _elsewhere(each)
        rows.append({"at": presenter.short(each["at"], now), "name": name, "answer": words, "colour": colour})
    return rows


def _elsewhere(each: Mapping[str, Any]) -> str:
    """In which other case it was done, after a merge or a split."""
    return f", in {each['case_reference']}" if each.get("case_reference") else ""


def ladder(presenter: Presenter, found: Mapping[str, Any], now: datetime) -> list[dict[str, Any]]:
    """Each step: taken, lawful, out of the local order, or shut by the law, with the provision."""
    taken = {each["instrument"]: each for each in found["taken"] if not each.get("breach_of")}
    broken = {each["instrument"] for each in found["taken"] if each.get("breach_of")}
    rows, next_found = [], False
    for step in found["steps"]:
        done = taken.get(step["instrument"])
        local = [each for each in step["unmet"] if each["kind"] == "local"]
        state = "done" if done else "shut" if not step["lawful"] else "warn" if local else "next"
        rows.append(
            step
            | {
                "state": state,
                "said": _step_words(presenter, step, done, local, now),
                "breached": step["instrument"] in broken,
                "first": state == "next" and not next_found,
                "taken": done,
            }
        )
        next_found = next_found or state == "next"
    return rows


def _step_words(
    presenter: Presenter, step: Mapping[str, Any], done: Mapping[str, Any] | None, local: list[Any], now: datetime
) -> str:
    if done:
        return f"Given {presenter.short(done['at'], now)}, {presenter.who(done['officer'])}{_elsewhere(done)}"
    law = [each for each in step["unmet"] if each["kind"] == "law"]
    if law:
        return "Law: " + " ".join(f"{each['what_to_do']} ({each['provision']})" for each in law)
    if local:
        return "Lawful. Local order: " + " ".join(each["what_to_do"] for each in local) + " Reason and supervisor."
    return "Lawful, and next in order."


def person(found: Mapping[str, Any] | None, now: datetime) -> dict[str, Any] | None:
    """Whom the ladder is about: name, age in years where it is known, whether a child, role."""
    if found is None:
        return None
    name, role = found.get("name"), str(found["role"])
    return {"name": name, "age": age_at(found, now), "child": is_child(found, now), "role": role}
