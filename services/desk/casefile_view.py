"""What hangs on a case as its page shows it: tasks, people, proposals that it belongs to another case."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from services.desk.presenting import Presenter

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


def ended(found: Iterable[Mapping[str, Any]]) -> int:
    """How many tasks are done or cancelled."""
    return sum(each["status"] != "open" for each in found)


def people(found: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """People with role and safe contact, those who must not be contacted first."""
    rows = [_person(each) for each in found]
    return sorted(rows, key=lambda each: (each["safe"] != "no", each["name"] or ""))


def _person(each: Mapping[str, Any]) -> dict[str, Any]:
    contact, consent = each.get("contact") or {}, each.get("consent") or {}
    return {
        "person": each["person"],
        "name": each.get("name"),
        "age": each.get("age"),
        "role": str(each["role"]).capitalize(),
        "child": each.get("under_18") or (each.get("age") or 99) < 18,
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
