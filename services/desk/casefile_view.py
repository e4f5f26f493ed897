"""What hangs on a case as its page shows it: tasks, people, proposals that it belongs to another case."""

from collections.abc import Collection, Iterable, Mapping
from datetime import date, datetime
from typing import Any

from services.desk.presenting import EVENT_TITLES, Presenter

CHILD_UNDER = 18
UNSAFE = "no"
"""What is said of somebody who must not be contacted."""
ENTITLED = "May meet a threshold"


def tasks(presenter: Presenter, found: Iterable[Mapping[str, Any]], now: datetime) -> list[dict[str, Any]]:
    """Open tasks, soonest due first, with who is to do each and how long is left."""
    waiting = [each for each in found if each["status"] == "open"]
    return [
        {
            "task": each["task"],
            "what": each["what"],
            "entitlement": ENTITLED if each["kind"] == "entitlement" else "",
            "who": presenter.who(each.get("person")) or presenter.agency(each.get("agency")),
            "time": presenter.time_left(each.get("due_at"), now),
            "escalated": each["escalated"],
        }
        for each in waiting
    ]


def entries(presenter: Presenter, timeline: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """A case's history as referrals tells it: when, what, who and why, without anybody's words."""
    return [
        {
            "day": presenter.day(each["at"]),
            "clock": presenter.clock(each["at"]),
            "title": EVENT_TITLES.get(each["type"], each["type"]),
            "who": each["who"],
            "agency": presenter.agency(each["agency"]) if each["agency"] else "",
            "why": each["why"],
        }
        for each in timeline
    ]


def ended(found: Iterable[Mapping[str, Any]]) -> int:
    """How many tasks are done or cancelled."""
    return sum(each["status"] != "open" for each in found)


def people(found: Iterable[Mapping[str, Any]], now: datetime) -> list[dict[str, Any]]:
    """People with role and safe contact, those who must not be contacted first."""
    rows = [_person(each, now) for each in found]
    return sorted(rows, key=lambda each: (each["safe"] != UNSAFE, each["name"] or ""))


def nameless(withheld: Collection[str]) -> str:
    """What stands in place of a name: withheld by the reader's agreement, or not known to anybody."""
    return "Name withheld" if "names" in withheld else "Name not known"


def age_at(found: Mapping[str, Any], now: datetime) -> int | None:
    """Somebody's age in years: by date of birth, else as it was said, else not known."""
    if not found.get("date_of_birth"):
        age: int | None = found.get("age")
        return age
    born = date.fromisoformat(str(found["date_of_birth"]))
    return now.year - born.year - ((now.month, now.day) < (born.month, born.day))


def is_child(found: Mapping[str, Any], now: datetime) -> bool:
    """Whether somebody is known to be under 18."""
    age = age_at(found, now)
    return bool(found.get("under_18")) if age is None else age < CHILD_UNDER


def _person(each: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    contact, consent = each.get("contact") or {}, each.get("consent") or {}
    return {
        "person": each["person"],
        "name": each.get("name"),
        "age": age_at(each, now),
        "role": str(each["role"]).capitalize(),
        "child": is_child(each, now),
        "safe": each["safe"],
        "note": contact.get("note") or "",
        "share": str(consent.get("share") or "not-asked").replace("-", " "),
        "by_hand": each["by_hand"],
        "report": "",
        "choice": (each["person"], f"{each.get('name') or 'Name not known'}, {each['role']}"),
    }


def proposals(found: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Proposals with score and parts in words."""
    return [
        {
            "proposal": each["proposal"],
            "other": each["other"],
            "newer": each["newer_case_is_this"],
            "score": f"{each['score']:.2f}",
            "parts": [f"{part['what']} ({part['weight']:.2f})" for part in each["parts"]],
        }
        for each in found
    ]
