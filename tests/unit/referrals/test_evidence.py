"""The evidence pack holds a case's reports as they stand now: not withdrawn words, nor those of another case."""

from typing import Any

from services.access.callers import caller_of_person
from services.access.sharing import sight_of
from services.referrals import evidence
from services.referrals.domain.state import Case, Done
from tests.unit.referrals.made import PARTNERSHIP, Desk, cases, history_of
from tests.unit.referrals.test_corrected_reports import ANN, WHY, corrected


def packed(desk: Desk, case: Case) -> list[tuple[str, Any, Any]]:
    """Kind, report and words of each item, for the duty manager."""
    history = history_of(desk, case.state.case_id)
    events = [each.event.model_dump(mode="json", exclude_none=True) | {"type": each.type} for each in history]
    duty = caller_of_person(PARTNERSHIP.person("helen-strood"), frozenset({"cases"}))
    sight = sight_of(duty, case.state.themes, PARTNERSHIP)
    found = evidence.pack(events[::-1], case, PARTNERSHIP, None, sight)
    return [(each["kind"], each["report"], each["words"]) for each in found]


def test_of_a_corrected_report_only_the_words_as_they_stand_are_in_it() -> None:
    desk = Desk()
    event = desk.report(report={"revision": 1}, personal={"description": "He punched her.", "people": []})
    desk.send(corrected(event, [ANN]), str(event.report.report_id))
    (case,) = cases(desk)
    assert packed(desk, case) == [("report", event.report.reference, "As it is known now.")]


def test_after_a_split_each_case_has_its_own_reports_in_it() -> None:
    desk = Desk()
    events = [desk.report(personal={"description": f"Number {number}.", "people": []}) for number in range(3)]
    references = [each.report.reference for each in events]
    (case,) = cases(desk)
    assert isinstance(desk.asks(case, "split", {"reports": references[1:]} | WHY), Done)
    found = [{reference for _, reference, _ in packed(desk, each)} for each in cases(desk)]
    assert sorted(found, key=len) == [{references[0]}, set(references[1:])]
