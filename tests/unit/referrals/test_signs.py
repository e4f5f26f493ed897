"""Signs of a case that were only read: confirmed or struck out by a person, and what later reports make of that."""

from typing import Any

import pytest

from schemas.case_life import SignConfirmed, SignStruckOut
from schemas.personal import reveal
from services.kernel.testing import START
from services.referrals.domain.signs import of_both
from services.referrals.domain.state import Case, Done, Refused
from tests.unit.referrals.made import Desk, cases, history_of, open_case, reports_of, triaged

WHY = {"reason": "Her sister says so too."}


def read(*flags: str, alone: tuple[str, ...] = ()) -> dict[str, Any]:
    """A decision with flags, of which some stand on the second reader's word alone."""
    said = {"model": "m", "theme": "asb-environmental", "chance": 0.9, "alone": alone}
    return {"flags": flags, "second_reading": said}


@pytest.fixture
def desk() -> Desk:
    made = Desk()
    made.report(decision=read("weapon", "coercion", alone=("coercion",)))
    return made


def only(desk: Desk) -> Case:
    (case,) = cases(desk)
    return case


def signs_of(case: Case) -> tuple[tuple[str, ...], ...]:
    return case.state.flags, case.state.unconfirmed, case.state.struck


def test_a_case_knows_which_of_its_signs_were_only_read(desk: Desk) -> None:
    assert signs_of(only(desk)) == (("weapon", "coercion"), ("coercion",), ())


def test_a_confirmed_sign_stands_and_the_timeline_has_who_and_why(desk: Desk) -> None:
    answer = desk.asks(only(desk), "confirm-sign", {"sign": "coercion"} | WHY)
    assert isinstance(answer, Done)
    assert signs_of(only(desk)) == (("weapon", "coercion"), (), ())
    last = history_of(desk, only(desk).state.case_id)[-1]
    assert isinstance(last.event, SignConfirmed)
    assert (last.event.by.id, last.event.changed) == ("helen-strood", {"sign": "coercion"})
    assert reveal(last.event.personal)["reason"] == WHY["reason"]
    assert last.event.case.version == 2


@pytest.mark.parametrize("sign", ["coercion", "weapon"], ids=["only read", "told by words"])
def test_a_struck_out_sign_leaves_the_case_and_the_risk_stays(desk: Desk, sign: str) -> None:
    risk = only(desk).state.risk
    desk.asks(only(desk), "strike-sign", {"sign": sign} | WHY)
    state = only(desk).state
    assert sign not in state.flags
    assert sign not in state.unconfirmed
    assert (state.struck, state.risk) == ((sign,), risk)
    assert history_of(desk, state.case_id)[-1].type == "SignStruckOut"


@pytest.mark.parametrize(
    ("name", "sign", "code"),
    [
        ("strike-sign", "danger-now", "danger-stays"),
        ("strike-sign", "suicide-self-harm", "sign-unknown"),
        ("confirm-sign", "suicide-self-harm", "sign-unknown"),
        ("confirm-sign", "weapon", "sign-confirmed"),
    ],
)
def test_what_cannot_be_answered_is_refused_by_name(desk: Desk, name: str, sign: str, code: str) -> None:
    desk.report(decision=read("danger-now"))
    before = only(desk)
    answer = desk.asks(before, name, {"sign": sign} | WHY)
    assert isinstance(answer, Refused)
    assert (answer.code, only(desk)) == (code, before)


def test_an_answer_to_a_case_that_changed_meanwhile_is_refused_as_stale(desk: Desk) -> None:
    seen = only(desk)
    desk.asks(seen, "strike-sign", {"sign": "weapon"} | WHY)
    answer = desk.asks(seen, "confirm-sign", {"sign": "coercion"} | WHY)
    assert isinstance(answer, Refused)
    assert answer.kind == "stale"


def test_another_report_that_says_a_struck_sign_brings_it_back_as_that_report_has_it(desk: Desk) -> None:
    desk.asks(only(desk), "strike-sign", {"sign": "coercion"} | WHY)
    desk.report(decision=read("coercion", alone=("coercion",)))
    assert signs_of(only(desk)) == (("weapon", "coercion"), ("coercion",), ())
    desk.report(decision=read("coercion"))
    assert signs_of(only(desk)) == (("weapon", "coercion"), (), ())


def test_a_confirmed_sign_that_a_later_report_only_reads_stays_confirmed(desk: Desk) -> None:
    desk.asks(only(desk), "confirm-sign", {"sign": "coercion"} | WHY)
    desk.report(decision=read("coercion", alone=("coercion",)))
    assert only(desk).state.unconfirmed == ()


@pytest.mark.parametrize(("revision", "back"), [(1, False), (2, True)], ids=["same words", "its sender's new words"])
def test_a_report_decided_again_brings_a_struck_sign_back_only_with_new_words(
    desk: Desk, revision: int, back: bool
) -> None:
    desk.asks(only(desk), "strike-sign", {"sign": "weapon"} | WHY)
    known = reports_of(desk, only(desk).state.case_id)[0].facts.model_copy(update={"revision": revision})
    earlier = {"revision": 1, "themes": ["asb-environmental"], "disposition": "needs-case"}
    again = triaged(decision=read("weapon")).model_dump() | {"report": known.model_dump(), "earlier": earlier}
    desk.send(type(triaged()).model_validate(again), str(known.report_id))
    assert ("weapon" in only(desk).state.flags) is back


def test_an_answer_names_the_reports_that_the_sign_came_from_at_the_words_that_she_saw(desk: Desk) -> None:
    desk.report(decision=read("coercion"), report={"revision": 3})
    desk.report(decision=read("child"))
    desk.asks(only(desk), "strike-sign", {"sign": "coercion"} | WHY)
    (event,) = [each.body for each in desk.events if isinstance(each.body, SignStruckOut)]
    with_it = {each.facts.report_id: each.facts.revision for each in reports_of(desk, only(desk).state.case_id)[:2]}
    assert {each.report_id: each.revision for each in event.reports} == with_it
    assert sorted(with_it.values()) == [1, 3]


def test_of_two_cases_that_become_one_what_either_knows_for_certain_is_certain() -> None:
    case_id = triaged().report.report_id
    gone = open_case(case_id, START, flags=("child", "weapon"), unconfirmed=("weapon",), struck=("coercion",))
    survivor = open_case(case_id, START, flags=("weapon", "coercion"), unconfirmed=("coercion",), struck=("hate-race",))
    assert of_both(gone, survivor) == {
        "flags": ("weapon", "coercion", "child"),
        "unconfirmed": ("coercion",),
        "struck": ("hate-race",),
    }


def test_a_struck_sign_does_not_come_back_with_the_report_that_is_split_off(desk: Desk) -> None:
    desk.report(decision=read("child"))
    desk.asks(only(desk), "strike-sign", {"sign": "weapon"} | WHY)
    case = only(desk)
    first = next(each for each in reports_of(desk, case.state.case_id) if each.routed and "weapon" in each.routed.flags)
    desk.asks(case, "split", {"reports": [first.facts.reference]} | WHY)
    made = next(each for each in cases(desk) if each.state.case_id != case.state.case_id)
    assert signs_of(made) == (("coercion",), ("coercion",), ("weapon",))
