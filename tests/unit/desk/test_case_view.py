"""A case's page while referrals is away, and its timeline over several pages."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from services.access.sharing import NOTHING_PERSONAL
from services.desk.case_view import people, timeline
from services.desk.presenting import Presenter
from tests.unit.referrals.made import PARTNERSHIP

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
PRESENTER = Presenter(PARTNERSHIP)


def report(reference: str, *named: dict[str, Any]) -> dict[str, Any]:
    return {"reference": reference, "people": list(named)}


def person(safe: str = "unknown", note: str = "", **more: Any) -> dict[str, Any]:
    return {"role": "victim", "contact": {"safe": safe, "note": note}} | more


ANN = {"name": "Ann Lee"}


def test_who_must_not_be_contacted_by_any_report_is_shown_so_with_its_note_and_before_the_others() -> None:
    newest, oldest = person(**ANN), person("no", "He reads her phone.", **ANN)
    found = people([report("R-2", person("yes", name="Kit Arden"), newest), report("R-1", oldest)], NOW)
    assert [(each["name"], each["safe"], each["note"]) for each in found] == [
        ("Ann Lee", "no", "He reads her phone."),
        ("Kit Arden", "yes", ""),
    ]


def test_people_without_a_name_are_not_taken_for_one() -> None:
    found = people([report("R-2", person("yes"), person("yes")), report("R-1", person("no"))], NOW)
    assert [each["safe"] for each in found] == ["no", "yes", "yes"]


@pytest.mark.parametrize(("born", "child"), [("2014-01-01", True), ("1980-01-01", False)])
def test_a_child_is_told_by_the_date_of_birth(born: str, child: bool) -> None:
    assert [each["child"] for each in people([report("R-1", person(date_of_birth=born))], NOW)] == [child]


def event(hour: int) -> Any:
    at = NOW + timedelta(hours=hour)
    document = {"by": {"kind": "person", "name": "Asha Venn"}}
    return SimpleNamespace(type="NoteAdded", at=at, sequence=hour, trace_id=None, report_id=None, document=document)


def test_what_happened_between_two_pages_of_a_timeline_stands_on_the_later_one_and_there_once() -> None:
    state = {"channel": "mail", "template": "danger@1", "status": "failed", "recipient": "police"}
    told = [SimpleNamespace(at=NOW + timedelta(hours=3, minutes=30), state=state)]
    above, below = [event(5), event(4)], [event(3), event(2)]
    first = timeline(PRESENTER, above, [], told, NOTHING_PERSONAL, "all", earlier=True)
    second = timeline(PRESENTER, below, [], told, NOTHING_PERSONAL, "all", until=above[-1].at)
    assert [len(first), len(second)] == [2, 3]
    assert second[0]["title"] == f"Mail to {PRESENTER.recipient('police')}"
