"""What was done about a person goes with her where cases are merged or split: the guard counts it, and says where."""

from collections import Counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.events import Actor
from services.referrals.domain import ladder_guard
from services.referrals.domain.parts import CasePerson
from services.referrals.domain.state import Case, Done, Refused
from tests.unit.referrals.made import OTHER_CELL, POLICE, Desk, cases

COLM = Actor(kind="person", id="colm-ferris", name="Colm Ferris", agency=POLICE)
LED = {"themes": ("town-centre",), "lead_agency": POLICE, "acting_lead": POLICE, "kind_of_case": "Begging"}
WHY = {"reason": "It is right."}
CPW, CPN = "community-protection-warning", "community-protection-notice"
TERMS = {"conduct": "Begging.", "effect": "Shops.", "time-allowed": "A week.", "consequences": "A notice."}
OVERRIDE = {"reason": "It gets worse by the day.", "supervisor": "ruth-pellow"}
PLACES: tuple[dict[str, str], ...] = (
    {},
    {"cell": OTHER_CELL, "street": "Biscot Road"},
    {"cell": "8a194ad32b0ffff", "street": "Farley Hill"},
)


def about(name: str, born: str | None = "1982-05-06", **more: Any) -> dict[str, Any]:
    return {"name": name, "role": "subject"} | ({"date_of_birth": born} if born else {}) | more


def opened(desk: Desk, place: int, *people: dict[str, Any]) -> Case:
    """A new case at one of the places, with a report that names the people."""
    before = {case.state.case_id for case in cases(desk)}
    desk.report(report=PLACES[place], decision=LED, personal={"people": list(people)})
    return next(case for case in cases(desk) if case.state.case_id not in before)


def does(desk: Desk, case: Case, name: str, body: dict[str, Any]) -> Any:
    return desk.asks(desk.case(case.state.reference), name, body, by=COLM)


def person_of(desk: Desk, case: Case, name: str, born: str | None = "1982-05-06") -> str:
    """The id of whom a case knows by that name and birth."""
    rows = [each for each in desk.state.values() if isinstance(each, CasePerson) and not each.gone]
    mine = [each for each in rows if each.state.case_id == case.state.case_id and each.personal["name"] == name]
    (found,) = [each for each in mine if each.personal.get("date_of_birth") == born]
    return str(found.state.person_id)


def warned(desk: Desk, case: Case, subject: str) -> None:
    """Help was offered and refused, and a written warning given."""
    help_ = {"offered": "drug-and-alcohol-service", "answer": "refused", "note": "At the doors.", "subject": subject}
    step = {"instrument": CPW, "fields": TERMS, "override": OVERRIDE, "subject": subject} | WHY
    for name, body in (("support", help_), ("steps", step)):
        answer = does(desk, case, name, body)
        assert isinstance(answer, Done), answer


def notice(desk: Desk, case: Case, subject: str) -> Any:
    return does(desk, case, "steps", {"instrument": CPN, "subject": subject} | WHY)


def unmet(answer: Any) -> list[str]:
    assert isinstance(answer, Refused), answer
    return [each.rule for each in answer.unmet if each.kind == "law"]


def merged(desk: Desk, gone: Case, into: Case) -> Case:
    body = {"into": into.state.reference} | WHY
    current = desk.case(gone.state.reference)
    answer = desk.asks(current, "merge", body, other_id=into.state.case_id)
    assert isinstance(answer, Done), answer
    return answer.case


@pytest.mark.parametrize("warned_in", [0, 1])
def test_a_warning_of_either_case_counts_for_a_notice_after_a_merge_and_keeps_its_case(warned_in: int) -> None:
    desk = Desk()
    pair = [opened(desk, number, about("Denny Rook")) for number in (0, 1)]
    warned(desk, pair[warned_in], person_of(desk, pair[warned_in], "Denny Rook"))
    other = pair[1 - warned_in]
    assert unmet(notice(desk, other, person_of(desk, other, "Denny Rook"))) == ["prior-step"]
    survivor = merged(desk, pair[0], pair[1])
    origin = pair[0].state.reference if warned_in == 0 else None
    assert [each.case_reference for each in survivor.ladder] == [origin]
    assert [each.case_reference for each in survivor.support] == [origin]
    assert isinstance(notice(desk, survivor, person_of(desk, survivor, "Denny Rook")), Done)


def test_a_birth_that_was_corrected_by_hand_goes_with_the_warning() -> None:
    desk = Desk()
    gone, survivor = opened(desk, 0, about("Denny Rook", None)), opened(desk, 1, about("Denny Rook"))
    subject = person_of(desk, gone, "Denny Rook", None)
    does(desk, gone, "person", {"person": subject, "date_of_birth": "1982-05-06"} | WHY)
    warned(desk, gone, subject)
    survivor = merged(desk, gone, survivor)
    assert isinstance(notice(desk, survivor, person_of(desk, survivor, "Denny Rook")), Done)


def test_two_people_of_one_name_whose_births_differ_stay_two() -> None:
    desk = Desk()
    gone, survivor = (opened(desk, number, about("Denny Rook", None)) for number in (0, 1))
    for case, born in ((gone, "1982-05-06"), (survivor, "2011-01-01")):
        subject = person_of(desk, case, "Denny Rook", None)
        does(desk, case, "person", {"person": subject, "date_of_birth": born} | WHY)
    warned(desk, gone, person_of(desk, gone, "Denny Rook"))
    survivor = merged(desk, gone, survivor)
    child = notice(desk, survivor, person_of(desk, survivor, "Denny Rook", "2011-01-01"))
    assert unmet(child) == ["minimum-age", "prior-step"]
    assert isinstance(notice(desk, survivor, person_of(desk, survivor, "Denny Rook")), Done)


def test_one_not_safe_of_either_case_is_enough_after_a_merge() -> None:
    desk = Desk()
    contact = {"safe": "no", "note": "He reads her phone."}
    gone, survivor = (
        opened(desk, number, about("Leah Sorrel", contact=contact if number else {"safe": "yes"})) for number in (0, 1)
    )
    subject = person_of(desk, gone, "Leah Sorrel")
    does(desk, gone, "person", {"person": subject, "contact": {"safe": "yes"}} | WHY)
    survivor = merged(desk, gone, survivor)
    (row,) = [
        each
        for each in desk.state.values()
        if isinstance(each, CasePerson) and each.state.case_id == survivor.state.case_id
    ]
    assert (row.state.safe, row.personal["contact"]["note"]) == ("no", "He reads her phone.")


def split_off(desk: Desk, case: Case, *reports: Any) -> Case:
    before = {each.state.case_id for each in cases(desk)}
    body = {"reports": [each.report.reference for each in reports]} | WHY
    answer = desk.asks(desk.case(case.state.reference), "split", body)
    assert isinstance(answer, Done), answer
    return next(each for each in cases(desk) if each.state.case_id not in before)


def test_who_is_split_off_takes_warning_correction_and_safe_contact_and_comes_back_as_one() -> None:
    desk = Desk()
    case = opened(desk, 0, about("Zoe Ashe"))
    his = desk.report(decision=LED, personal={"people": [about("Denny Rook", None)]})
    subject = person_of(desk, case, "Denny Rook", None)
    corrected = {"person": subject, "date_of_birth": "1982-05-06", "contact": {"safe": "no"}} | WHY
    does(desk, case, "person", corrected)
    warned(desk, case, subject)
    before = desk.case(case.state.reference)
    new = split_off(desk, case, his)
    assert [each.case_reference for each in new.ladder] == [case.state.reference]
    assert desk.case(case.state.reference).ladder == before.ladder
    there = person_of(desk, new, "Denny Rook")
    rows = [each for each in desk.state.values() if isinstance(each, CasePerson)]
    assert [each.state.safe for each in rows if str(each.state.person_id) == there] == ["no"]
    assert isinstance(notice(desk, new, there), Done)
    back = merged(desk, new, case)
    assert [each.instrument for each in back.ladder] == [CPW, CPN]
    assert [each.case_reference for each in back.ladder] == [None, new.state.reference]
    assert {each.subject for each in back.ladder} == {subject}


def test_who_stays_keeps_what_was_done_and_it_does_not_go_with_another_person() -> None:
    desk = Desk()
    case = opened(desk, 0, about("Denny Rook"))
    warned(desk, case, person_of(desk, case, "Denny Rook"))
    hers = desk.report(decision=LED, personal={"people": [about("Zoe Ashe")]})
    new = split_off(desk, case, hers)
    assert (new.ladder, new.support) == ((), ())
    assert len(desk.case(case.state.reference).ladder) == 1


NAMES = st.sampled_from(("Denny Rook", "Zoe Ashe", "Kit Arden"))
SIDES = st.lists(st.tuples(NAMES, st.booleans()), max_size=4)


def peopled(desk: Desk, place: int, side: list[tuple[str, bool]]) -> Case:
    """A case with those people; those that are marked were warned, each once for each mark."""
    case = opened(desk, place, *(about(name) for name in dict(side)))
    for name, marked in side:
        if marked:
            warned(desk, case, person_of(desk, case, name))
    return desk.case(case.state.reference)


def counted(desk: Desk, case: Case) -> Counter[str]:
    """How many steps the guard counts about each person of a case."""
    rows = [each for each in desk.state.values() if isinstance(each, CasePerson) and not each.gone]
    mine = [each for each in rows if each.state.case_id == case.state.case_id]
    steps = {each.personal["name"]: ladder_guard.about(case.ladder, str(each.state.person_id)) for each in mine}
    return Counter({name: len(found) for name, found in steps.items()})


@settings(max_examples=25)
@given(one=SIDES, other=SIDES)
def test_a_merge_loses_no_step_and_the_guard_counts_those_of_both(
    one: list[tuple[str, bool]], other: list[tuple[str, bool]]
) -> None:
    desk = Desk()
    gone, survivor = peopled(desk, 0, one), peopled(desk, 1, other)
    expected = counted(desk, gone) + counted(desk, survivor)
    after = merged(desk, gone, survivor)
    assert +counted(desk, after) == expected
    origins = {each.step_id: each.case_reference for each in after.ladder}
    assert origins == {
        **{each.step_id: None for each in survivor.ladder},
        **{each.step_id: gone.state.reference for each in gone.ladder},
    }
    assert desk.case(gone.state.reference).ladder == gone.ladder


@settings(max_examples=25)
@given(side=SIDES, leaves=NAMES)
def test_a_split_that_is_merged_back_leaves_the_ladder_as_it_was(side: list[tuple[str, bool]], leaves: str) -> None:
    desk = Desk()
    case = opened(desk, 0, about("Somebody Else"))
    reports = {name: desk.report(decision=LED, personal={"people": [about(name)]}) for name in {leaves, *dict(side)}}
    for name, marked in side:
        if marked:
            warned(desk, case, person_of(desk, case, name))
    before = desk.case(case.state.reference)
    were = counted(desk, before)
    new = split_off(desk, case, reports[leaves])
    assert counted(desk, new)[leaves] == were[leaves]
    back = merged(desk, new, case)
    assert (back.ladder, back.support) == (before.ladder, before.support)
    assert counted(desk, back) == were
