"""A report decided again for a sign's answer: what its case makes of it, and what stays for a person to say."""

from datetime import timedelta
from typing import Any

import pytest

from schemas.case_life import ReportCorrected
from schemas.events import Entitlement, ReportTriaged
from services.kernel.testing import START
from services.referrals.domain.state import Case, Done, Happened
from tests.unit.referrals.made import ASHA, COUNCIL, POLICE, STREETS, Desk, cases, history_of

HIGH: dict[str, Any] = {
    "flags": ("weapon",),
    "risk": "high",
    "priority": 1,
    "due_at": START + timedelta(hours=4),
    "panels": ("mash",),
}
LOW: dict[str, Any] = {"flags": (), "risk": "medium", "priority": 2, "due_at": START + timedelta(hours=8), "panels": ()}
PUBLIC_HEALTH = "luton-council-public-health"
MOVED: dict[str, Any] = {
    "themes": ("drugs-alcohol-mental-health",), "lead_agency": PUBLIC_HEALTH, "acting_lead": PUBLIC_HEALTH
}  # fmt: skip
WHY = {"reason": "It was a butter knife."}


@pytest.fixture
def desk() -> Desk:
    return Desk()


def only(desk: Desk) -> Case:
    (case,) = cases(desk)
    return case


def opened(desk: Desk, **decision: Any) -> ReportTriaged:
    return desk.report(decision=HIGH | decision)


def decided_again(
    desk: Desk, before: ReportTriaged, *, so: bool = False, sign: str = "weapon", **decision: Any
) -> ReportTriaged:
    """What triage makes of the report with her answer."""
    old = before.decision
    earlier = {
        name: getattr(old, name) for name in ("themes", "lead_agency", "disposition", "risk", "priority", "due_at")
    }
    after = before.model_copy(update={"decision": old.model_copy(update=LOW | decision), "decided_at": desk.now})
    answered = {"sign": sign, "confirmed": so, "by": ASHA.model_dump(), "at": desk.now}
    event = ReportTriaged.model_validate(
        after.model_dump() | {"earlier": earlier | {"revision": 1}, "answered": answered}
    )
    desk.send(event, str(before.report.report_id))
    return event


def struck(desk: Desk, before: ReportTriaged, **decision: Any) -> ReportTriaged:
    """She strikes the sign out, and triage decides again."""
    assert isinstance(desk.asks(only(desk), "strike-sign", {"sign": "weapon"} | WHY), Done)
    return decided_again(desk, before, **decision)


def last(desk: Desk) -> Happened:
    return history_of(desk, only(desk).state.case_id)[-1]


def graded(case: Case) -> tuple[Any, ...]:
    return case.state.risk, case.state.priority, case.state.due_at


def test_a_strike_lowers_risk_due_time_and_suggestion_where_the_report_is_all_that_the_case_holds(desk: Desk) -> None:
    before = opened(desk)
    assert graded(only(desk)) == ("high", 1, HIGH["due_at"])
    struck(desk, before)
    assert graded(only(desk)) == ("medium", 2, LOW["due_at"])
    assert only(desk).suggested == ()
    entry = last(desk)
    assert isinstance(entry.event, ReportCorrected)
    assert entry.event.changed == {"risk": {"old": "high", "new": "medium"}}
    assert entry.event.why == "Decided again, since a sign of it was struck out"
    assert (entry.event.by.id, entry.event.case.struck) == ("triage", ("weapon",))


def test_where_the_case_holds_other_reports_a_person_says_what_its_risk_is(desk: Desk) -> None:
    before = opened(desk)
    desk.report(decision=LOW)
    assert only(desk).state.report_count == 2
    struck(desk, before)
    assert graded(only(desk)) == ("high", 1, HIGH["due_at"])
    assert isinstance(last(desk).event, ReportCorrected)
    assert str(last(desk).event.why).endswith("the case holds other reports, so a person says what its risk is now")


def test_a_case_that_was_split_off_has_its_risk_from_the_whole_one_and_nobody_is_said_to_have_graded_it(
    desk: Desk,
) -> None:
    opened(desk)
    before, old = desk.report(decision=LOW), only(desk).state
    assert isinstance(desk.asks(only(desk), "split", {"reports": [before.report.reference]} | WHY), Done)
    (new,) = [each for each in cases(desk) if each.state.case_id != old.case_id]
    assert (new.state.risk, new.graded) == ("high", False)
    decided_again(desk, before, risk="standard")
    assert desk.case(new.state.reference).state.risk == "high"
    why = str(history_of(desk, new.state.case_id)[-1].event.why)
    assert why.endswith("the case has its risk not from this report alone, so a person says what it is now")


@pytest.mark.parametrize("risk", ["standard", "medium"])
def test_a_risk_that_a_person_graded_stays_as_she_graded_it_and_the_timeline_says_so(desk: Desk, risk: str) -> None:
    before = opened(desk)
    desk.asks(only(desk), "risk", {"risk": risk, "thrive": {}} | WHY)
    struck(desk, before)
    assert only(desk).state.risk == risk
    assert (
        last(desk).event.why == "Decided again, since a sign of it was struck out; its risk stays as a person graded it"
    )
    assert "risk" not in last(desk).event.changed


def test_a_person_who_graded_back_to_what_triage_said_has_graded_it_all_the_same(desk: Desk) -> None:
    before = opened(desk)
    for risk in ("medium", "high"):
        desk.asks(only(desk), "risk", {"risk": risk, "thrive": {}} | WHY)
    struck(desk, before)
    assert only(desk).state.risk == "high"


def test_a_confirmed_sign_brings_who_acts_first_what_is_suggested_and_the_entitlements_task(desk: Desk) -> None:
    before = desk.report(decision=LOW | {"flags": ("coercion",)})
    desk.pass_time(timedelta(minutes=5))
    more = {"act_first": (POLICE,), "panels": ("mash",), "flags": ("coercion",)}
    entitled = {"entitlements": (Entitlement(code="nrm", status="law"),)}
    decided_again(desk, before, so=True, sign="coercion", **more, **entitled)
    case = only(desk)
    assert (case.state.act_first, case.suggested, POLICE in case.visible_to) == ((POLICE,), ("mash",), True)
    (entry,) = [each for each in history_of(desk, case.state.case_id) if each.type == "ReportCorrected"]
    assert entry.event.changed == {"act_first": {"old": [], "new": [POLICE]}}
    assert entry.event.why == "Decided again, since a sign of it was confirmed"
    (task,) = [each for each in desk.events if each.body.TYPE == "TaskAdded"]
    assert task.body.task.entitlement == "nrm"


def test_a_confirmed_sign_that_makes_the_case_stricter_than_she_graded_it_says_so(desk: Desk) -> None:
    before = desk.report(decision=LOW | {"flags": ("coercion",)})
    desk.asks(only(desk), "risk", {"risk": "standard", "thrive": {}} | WHY)
    decided_again(desk, before, so=True, sign="coercion", risk="high", flags=("coercion",))
    assert only(desk).state.risk == "high"
    assert last(desk).event.changed["risk"] == {"old": "standard", "new": "high"}
    assert str(last(desk).event.why).endswith("with it the risk is higher than a person had graded it")


def test_an_answer_of_which_the_case_knows_everything_already_writes_no_entry(desk: Desk) -> None:
    before = opened(desk)
    desk.asks(only(desk), "strike-sign", {"sign": "weapon"} | WHY)
    known = len(history_of(desk, only(desk).state.case_id))
    decided_again(desk, before, **(HIGH | {"flags": ()}))
    assert len(history_of(desk, only(desk).state.case_id)) == known


def test_the_case_follows_its_own_report_to_another_lead_and_the_old_lead_is_named(desk: Desk) -> None:
    before = opened(desk)
    desk.asks(only(desk), "take", by=ASHA)
    struck(desk, before, **MOVED)
    state = only(desk).state
    assert (state.lead_agency, state.themes, state.owner) == (PUBLIC_HEALTH, MOVED["themes"], None)
    assert last(desk).event.changed["lead_agency"] == {"old": STREETS, "new": PUBLIC_HEALTH}
    assert str(last(desk).event.why).endswith("the case follows, since this report is all it holds")


@pytest.mark.parametrize("done", ["rerouted", "another acting lead", "another theme of the same lead"])
def test_where_a_person_sent_the_case_elsewhere_she_decides_whether_it_follows(desk: Desk, done: str) -> None:
    before = opened(desk)
    commands: dict[str, tuple[str, dict[str, Any]]] = {
        "rerouted": ("reroute", {"lead_agency": POLICE}),
        "another acting lead": ("leads", {"acting_lead": COUNCIL}),
        "another theme of the same lead": ("reroute", {"themes": ("asb-environmental", "re-offending")}),
    }
    name, body = commands[done]
    assert isinstance(desk.asks(only(desk), name, body | WHY), Done)
    stood = only(desk).state
    struck(desk, before, **MOVED)
    state = only(desk).state
    names = ("lead_agency", "acting_lead", "themes")
    assert [getattr(state, name) for name in names] == [getattr(stood, name) for name in names]
    assert str(last(desk).event.why).endswith("so a person decides whether it follows")


def test_a_closed_case_hears_nothing_of_it(desk: Desk) -> None:
    before = opened(desk)
    desk.asks(only(desk), "strike-sign", {"sign": "weapon"} | WHY)
    desk.asks(only(desk), "close", {"outcome": "behaviour-stopped"} | WHY)
    assert only(desk).state.status == "closed"
    known = only(desk)
    decided_again(desk, before)
    assert only(desk) == known


def test_the_decision_that_comes_twice_changes_the_case_once(desk: Desk) -> None:
    before = opened(desk)
    event = struck(desk, before)
    once, known = only(desk), history_of(desk, only(desk).state.case_id)
    desk.send(event, str(before.report.report_id))
    assert only(desk) == once
    assert history_of(desk, once.state.case_id) == known
