"""A corrected report is in its case as it stands now: what is merged, split, looked for or known then goes by that."""

from datetime import timedelta
from typing import Any

import pytest

from schemas.events import ReportTriaged
from schemas.personal import reveal, seal
from services.access.callers import Caller
from services.access.sharing import sight_of
from services.kernel.testing import START
from services.referrals.domain import redeciding
from services.referrals.domain.history import fold
from services.referrals.domain.parts import CasePerson
from services.referrals.domain.state import Case, Done
from tests.unit.referrals.made import (
    OTHER_CELL,
    PARTNERSHIP,
    POLICE,
    STREETS,
    Desk,
    cases,
    history_of,
    reports_of,
    triaged,
)

HEALTH = "luton-council-public-health"
WHY = {"reason": "It is right."}
EARLIER = {"revision": 1, "themes": ("asb-environmental",), "lead_agency": STREETS, "disposition": "needs-case"}
ELSEWHERE = {"street": "Biscot Road", "cell": OTHER_CELL}
THIRD_PLACE = {"street": "Third Road", "cell": "8a194ad32b0ffff"}
ANN = {"id": "2", "role": "victim", "name": "Ann Lee"}


def jane(safe: str) -> dict[str, Any]:
    return {"id": "1", "role": "reporter", "name": "Jane Doe", "contact": {"email": "jane@home.invalid", "safe": safe}}


def corrected(event: ReportTriaged, people: list[dict[str, Any]], **report: Any) -> ReportTriaged:
    """The second revision of a report, decided."""
    facts = event.report.model_copy(update={"revision": 2, **report})
    words = seal({"description": "As it is known now.", "people": people})
    made = event.model_dump() | {"report": facts.model_dump(), "earlier": EARLIER, "personal": words.model_dump()}
    return ReportTriaged.model_validate(made)


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.fixture
def first(desk: Desk) -> ReportTriaged:
    """A report that was corrected: its reporter is not safe to write to, it happened elsewhere, and to somebody."""
    event = desk.report(report={"revision": 1}, personal={"description": "First.", "people": [jane("yes")]})
    desk.send(corrected(event, [jane("no"), ANN], **ELSEWHERE), str(event.report.report_id))
    return event


def people(desk: Desk, case: Case) -> dict[str, str]:
    """Who is in a case, and whether she is safe to call."""
    found = [each for each in desk.state.values() if isinstance(each, CasePerson) and not each.gone]
    return {each.personal["name"]: each.state.safe for each in found if each.state.case_id == case.state.case_id}


def test_a_merge_carries_the_report_as_it_was_corrected(desk: Desk, first: ReportTriaged) -> None:
    (gone,) = cases(desk)
    desk.report(report=THIRD_PLACE)
    survivor = next(case for case in cases(desk) if case.state.case_id != gone.state.case_id)
    body = {"into": survivor.state.reference} | WHY
    assert isinstance(desk.asks(gone, "merge", body, other_id=survivor.state.case_id), Done)
    (moved,) = [each.event for each in history_of(desk, survivor.state.case_id) if each.type == "ReportMoved"]
    assert moved.report is not None
    assert (moved.report.revision, moved.report.street) == (2, "Biscot Road")
    assert reveal(moved.personal)["people"][0]["contact"]["safe"] == "no"
    assert people(desk, survivor) == {"Jane Doe": "no", "Ann Lee": "unknown"}


def test_who_was_named_by_a_correction_stays_where_her_report_stays(desk: Desk, first: ReportTriaged) -> None:
    (case,) = cases(desk)
    other = desk.report(report=ELSEWHERE)
    assert desk.case(case.state.reference).state.report_count == 2, "the corrected place is looked under"
    asked = desk.case(case.state.reference)
    assert isinstance(desk.asks(asked, "split", {"reports": [other.report.reference]} | WHY), Done)
    assert people(desk, case) == {"Jane Doe": "no", "Ann Lee": "unknown"}


def test_what_was_known_after_the_correction_names_who_it_named(desk: Desk, first: ReportTriaged) -> None:
    (case,) = cases(desk)
    known = fold((each.type, each.event) for each in history_of(desk, case.state.case_id))
    assert {each.personal["name"] for each in known.people.people} == {"Jane Doe", "Ann Lee"}
    assert known.reports[first.report.reference].facts.revision == 2


TOWN_CENTRE = {"themes": ("town-centre",), "lead_agency": POLICE, "acting_lead": POLICE, "joint_leads": ("the-mall",)}
ABUSE = {"themes": ("domestic-abuse-osse",), "lead_agency": HEALTH, "acting_lead": HEALTH, "risk": "high"}


def test_a_plain_case_in_which_a_report_turns_sensitive_shows_its_words_to_none_but_those_an_agreement_names(
    desk: Desk,
) -> None:
    desk.report(decision=TOWN_CENTRE)
    event = desk.report(decision=TOWN_CENTRE)
    (before,) = cases(desk)
    turned = corrected(event, [ANN]).model_copy(update={"decision": triaged(decision=ABUSE).decision})
    desk.send(turned, str(event.report.report_id))
    (case,) = cases(desk)
    happened = history_of(desk, case.state.case_id)[-1]
    assert happened.event.why == redeciding.NARROWED
    assert (case.state.themes, case.state.marking) == (("town-centre", "domestic-abuse-osse"), "OFFICIAL-SENSITIVE")
    assert (case.state.lead_agency, case.state.version) == (POLICE, before.state.version + 1)
    mall = Caller("partner", "mall", "The Mall", "the-mall")
    words = happened.event.model_dump(mode="json", exclude_none=True)
    assert "As it is known now." in str(words)
    assert "As it is known now." not in str(sight_of(mall, case.state.themes, PARTNERSHIP).event(words))


def test_the_rest_of_a_case_is_plain_again_once_the_sensitive_report_is_split_off(desk: Desk) -> None:
    first, event = desk.report(decision=TOWN_CENTRE), desk.report(decision=TOWN_CENTRE)
    turned = corrected(event, [ANN]).model_copy(update={"decision": triaged(decision=ABUSE).decision})
    desk.send(turned, str(event.report.report_id))
    (case,) = cases(desk)
    assert isinstance(desk.asks(case, "split", {"reports": [event.report.reference]} | WHY), Done)
    new = next(each for each in cases(desk) if each.state.case_id != case.state.case_id)
    assert (new.state.themes, new.state.lead_agency) == (("domestic-abuse-osse",), HEALTH)
    left = desk.case(case.state.reference)
    assert left.state.themes == ("town-centre",)
    assert [each.facts.reference for each in reports_of(desk, case.state.case_id)] == [first.report.reference]


DANGER = {"risk": "high", "flags": ("danger-now",)}


def danger(event: ReportTriaged, revision: int) -> ReportTriaged:
    """A later revision of a report that tells of danger."""
    decision = triaged(decision=DANGER).decision
    return corrected(event, [], revision=revision).model_copy(update={"decision": decision})


def test_a_danger_that_came_in_after_her_page_was_made_is_not_acknowledged_with_the_one_she_saw(desk: Desk) -> None:
    desk.report(decision=DANGER)
    (case,) = cases(desk)
    shown = {"danger_since": case.state.model_dump(mode="json")["danger_since"]}
    desk.report(decision=DANGER, received_at=START + timedelta(minutes=3))
    answer = desk.asks(case, "acknowledge", shown)
    assert (answer.code, answer.message) == (
        "danger-newer",
        "Another danger came in at 09:03. Read it, then acknowledge.",
    )
    (case,) = cases(desk)
    assert case.state.danger_unacknowledged
    shown = {"danger_since": case.state.model_dump(mode="json")["danger_since"]}
    assert isinstance(desk.asks(case, "acknowledge", shown), Done)


def test_a_danger_that_another_report_tells_only_when_it_is_corrected_is_acknowledged_as_well(desk: Desk) -> None:
    told = desk.report(decision=DANGER, report={"revision": 1})
    (case,) = cases(desk)
    assert isinstance(desk.asks(case, "acknowledge"), Done)
    quiet = desk.report(report={"revision": 1})
    desk.send(danger(told, 2), str(told.report.report_id))
    (case,) = cases(desk)
    assert (case.state.report_count, case.state.danger_unacknowledged) == (2, False), "it told of that danger before"
    desk.send(danger(quiet, 2), str(quiet.report.report_id))
    (case,) = cases(desk)
    assert case.state.danger_unacknowledged
    assert isinstance(desk.asks(case, "acknowledge"), Done)
    desk.send(danger(quiet, 3), str(quiet.report.report_id))
    (case,) = cases(desk)
    assert not case.state.danger_unacknowledged


def test_a_case_that_a_correction_makes_graver_says_so_and_who_acts_first_since(desk: Desk) -> None:
    event = desk.report()
    decision = event.decision.model_copy(update={"risk": "high", "act_first": (POLICE,)})
    again = corrected(event, []).model_copy(update={"decision": decision})
    desk.send(again, str(event.report.report_id))
    changed = history_of(desk, cases(desk)[0].state.case_id)[-1].event.changed
    assert changed == {"risk": {"old": "standard", "new": "high"}, "act_first": {"old": [], "new": [POLICE]}}
