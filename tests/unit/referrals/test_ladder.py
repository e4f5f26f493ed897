"""The ladder guard: the law refuses with its section, the local order warns, and nothing changes on a refusal."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from schemas.case_parts import PersonState
from services.partnership.processes import FormField
from services.referrals.domain.parts import CasePerson, People, people_key, person_id
from tests.unit.referrals.conftest import CASE_ID, MONDAY, Desk

CPW, CPN = "community-protection-warning", "community-protection-notice"
TERMS = {"conduct": "Begging.", "effect": "Shops.", "time-allowed": "A week.", "consequences": "A notice."}
OVERRIDE = {"reason": "It gets worse by the day.", "supervisor": "ruth-pellow"}
SERGEANT = "colm-ferris"


def person(desk: Desk, **known: Any) -> str:
    """Somebody whom the case is about; her id."""
    personal = {"name": "Somebody", **known}
    identity = person_id(CASE_ID, personal, "")
    row = CasePerson(state=PersonState(person_id=identity, case_id=CASE_ID, role="subject"), personal=personal)
    before = desk.state.get(people_key(CASE_ID)) or People()
    desk.state[people_key(CASE_ID)] = People(people=(*before.people, row))
    return str(identity)


def offered(desk: Desk, answer: str = "refused") -> None:
    desk.done(SERGEANT, "support", {"offered": "drug-and-alcohol-service", "answer": answer, "note": "At the doors."})


def warned(desk: Desk, **more: Any) -> None:
    body = {"instrument": CPW, "fields": TERMS, "reason": "Third time this week.", "override": OVERRIDE}
    desk.done(SERGEANT, "steps", body | more)


def step(instrument: str, **more: Any) -> dict[str, Any]:
    return {"instrument": instrument, "reason": "It goes on."} | more


def test_support_is_offered_and_refused_then_a_warning_then_a_notice(desk: Desk) -> None:
    person(desk, date_of_birth="1982-05-06")
    offered(desk)
    warned(desk)
    desk.done(SERGEANT, "steps", step(CPN))
    assert desk.types() == ["SupportOffered", "LadderStepTaken", "LadderStepTaken"]
    assert [each.support for each in desk.case.ladder] == [desk.case.support[0].support_id] * 2
    assert desk.events[1].step.warned == ("Local order of steps",)
    assert desk.events[1].step.supervisor == "ruth-pellow"
    assert desk.events[2].changed == {"source": "2014 Act s.43"}


def test_a_notice_is_refused_for_a_fifteen_year_old_with_the_section(desk: Desk) -> None:
    person(desk, date_of_birth="2010-06-01")
    offered(desk)
    answer = desk.does(SERGEANT, "steps", step(CPN))
    assert answer.code == "ladder-step-not-lawful"
    assert "2014 Act s.43(1)" in answer.message
    assert "2014 Act s.43(5)" in answer.message, "everything that is missing is said at once"
    assert [each.rule for each in answer.unmet if each.kind == "law"] == ["minimum-age", "prior-step"]
    assert desk.case.ladder == ()


def test_no_supervisor_passes_over_the_law(desk: Desk) -> None:
    person(desk, date_of_birth="2010-06-01")
    assert desk.refused(SERGEANT, "steps", step(CPN, override=OVERRIDE)) == "ladder-step-not-lawful"


@pytest.mark.parametrize(
    ("born", "code"),
    [("2010-03-03", "ladder-step-not-lawful"), ("2010-03-02", None), ("2009-12-31", None)],
)
def test_sixteen_is_counted_to_the_day(desk: Desk, born: str, code: str | None) -> None:
    person(desk, date_of_birth=born)
    offered(desk)
    body = step(CPW, fields=TERMS, override=OVERRIDE)
    if code is None:
        desk.done(SERGEANT, "steps", body)
    else:
        assert desk.refused(SERGEANT, "steps", body) == code


def test_a_birthday_begins_at_midnight_in_luton(desk: Desk) -> None:
    desk.now = datetime(2026, 6, 1, 23, 30, tzinfo=UTC)
    person(desk, date_of_birth="2010-06-02")
    offered(desk)
    desk.done(SERGEANT, "steps", step(CPW, fields=TERMS, override=OVERRIDE))


def test_an_unknown_age_is_refused_and_says_what_to_do(desk: Desk) -> None:
    person(desk)
    answer = desk.does(SERGEANT, "steps", step(CPW, fields=TERMS))
    assert answer.code == "ladder-step-not-lawful"
    assert "Record the date of birth first" in answer.message


@pytest.mark.parametrize(("under_18", "lawful"), [(True, False), (False, True)])
def test_under_18_alone_is_enough_only_where_it_decides(desk: Desk, under_18: bool, lawful: bool) -> None:
    person(desk, under_18=under_18)
    offered(desk)
    answer = desk.does(SERGEANT, "steps", step(CPW, fields=TERMS, override=OVERRIDE))
    assert (getattr(answer, "code", None) != "ladder-step-not-lawful") is lawful


def test_what_the_officer_says_of_the_age_must_not_contradict_the_case(desk: Desk) -> None:
    person(desk, date_of_birth="2010-06-01")
    assert desk.refused(SERGEANT, "steps", step(CPW, fields=TERMS, age=19)) == "age-contradicts"


def test_the_local_order_warns_and_takes_a_reason_with_a_supervisor(desk: Desk) -> None:
    person(desk, age=40)
    offered(desk)
    body = step("civil-injunction")
    answer = desk.does(SERGEANT, "steps", body)
    assert (answer.code, [each.kind for each in answer.unmet]) == ("ladder-step-out-of-order", ["local"])
    herself = {"reason": "Now.", "supervisor": SERGEANT}
    assert desk.refused(SERGEANT, "steps", body | {"override": herself}) == "supervisor-missing"
    nobody = {"reason": "Now.", "supervisor": "asha-venn"}
    assert desk.refused(SERGEANT, "steps", body | {"override": nobody}) == "supervisor-missing"
    desk.done(SERGEANT, "steps", body | {"override": OVERRIDE})
    assert desk.case.ladder[0].warned == ("Local order of steps",)


def test_without_an_offer_of_support_a_step_warns(desk: Desk) -> None:
    person(desk, age=40)
    answer = desk.does(SERGEANT, "steps", step("verbal-warning"))
    assert (answer.code, answer.unmet[0].rule) == ("ladder-step-out-of-order", "offer-of-support")


def test_a_penalty_is_for_a_breach_of_a_notice(desk: Desk) -> None:
    person(desk, age=40)
    offered(desk)
    warned(desk)
    desk.done(SERGEANT, "steps", step(CPN))
    assert desk.refused(SERGEANT, "steps", step("fixed-penalty-notice")) == "ladder-step-not-lawful"
    notice = str(desk.case.ladder[-1].step_id)
    desk.done(SERGEANT, "breaches", {"step": notice, "what": "Begging at the same door."})
    desk.done(SERGEANT, "steps", step("fixed-penalty-notice"))
    assert desk.types()[-2:] == ["LadderStepBreached", "LadderStepTaken"]


def test_a_behaviour_order_needs_a_conviction(desk: Desk) -> None:
    person(desk, age=40)
    offered(desk)
    assert desk.refused(SERGEANT, "steps", step("criminal-behaviour-order")) == "ladder-step-not-lawful"
    court = "Luton Magistrates, theft, 2 February 2026"
    desk.done(SERGEANT, "steps", step("criminal-behaviour-order", conviction=court))


def test_a_dispersal_needs_an_inspector(desk: Desk) -> None:
    person(desk, age=40)
    offered(desk)
    answer = desk.does(SERGEANT, "steps", step("dispersal"))
    assert (answer.code, answer.unmet[0].rule) == ("ladder-step-not-lawful", "rank")


def test_a_closure_notice_is_against_a_place_and_asks_for_a_council_officer_or_rank(desk: Desk) -> None:
    assert desk.refused(SERGEANT, "steps", step("closure-notice")) == "ladder-step-not-lawful"
    desk.done(SERGEANT, "steps", step("closure-notice", authorised_by="ruth-pellow"))
    assert desk.case.ladder[0].subject is None


@pytest.fixture
def mall() -> Desk:
    return Desk(lead_agency="the-mall", acting_lead="the-mall")


def test_an_accredited_officer_uses_the_powers_that_were_granted_to_her(mall: Desk) -> None:
    person(mall, age=40)
    mall.done("joss-wimbley", "support", {"offered": "other", "answer": "refused", "note": "A bed."})
    mall.done("joss-wimbley", "steps", step("pspo-breach"))
    body = step(CPW, fields=TERMS, override=OVERRIDE)
    mall.done("joss-wimbley", "steps", body)
    assert mall.refused("joss-wimbley", "steps", step(CPN)) == "ladder-step-not-lawful"


def test_a_power_ends_with_its_grant_and_an_instrument_with_its_day(mall: Desk) -> None:
    person(mall, age=40)
    mall.now = MONDAY + timedelta(days=366)
    answer = mall.does("joss-wimbley", "steps", step("pspo-breach"))
    assert (answer.code, answer.message) == ("ladder-step-not-lawful", "This instrument is not in force today.")
    assert mall.partnership.instrument_on("pspo-breach", date(2023, 12, 31)) is None


def test_a_warning_says_conduct_effect_time_and_consequences(desk: Desk) -> None:
    person(desk, age=40)
    less = {name: words for name, words in TERMS.items() if name != "effect"}
    assert desk.refused(SERGEANT, "steps", step(CPW, fields=less)) == "field-missing"
    assert FormField(code="effect", name="Its effect").personal


def test_of_two_people_the_step_says_whom_it_is_for(desk: Desk) -> None:
    first, second = person(desk, age=40), person(desk, name="Another", age=30)
    assert desk.refused(SERGEANT, "steps", step("verbal-warning")) == "subject-missing"
    desk.done(SERGEANT, "support", {"offered": "other", "answer": "accepted", "note": "A bed.", "subject": first})
    desk.done(SERGEANT, "steps", step(CPW, fields=TERMS, subject=first, override=OVERRIDE))
    assert desk.refused(SERGEANT, "steps", step(CPN, subject=second)) == "ladder-step-not-lawful"
    desk.done(SERGEANT, "steps", step(CPN, subject=first))


@pytest.mark.parametrize(
    "change", [{"gone": True}, {"state": {"role": "victim"}}], ids=["not in the case any more", "a victim"]
)
def test_no_step_is_taken_against_somebody_whom_the_case_is_not_about(desk: Desk, change: dict[str, Any]) -> None:
    identity = person(desk, date_of_birth="1985-01-01")
    (row,) = desk.state[people_key(CASE_ID)].people
    state = row.state.model_copy(update=change.get("state"))
    other = row.model_copy(update={"state": state, "gone": change.get("gone", False)})
    desk.state[people_key(CASE_ID)] = People(people=(other,))
    offered(desk)
    assert desk.refused(SERGEANT, "steps", step("verbal-warning", subject=identity)) == "subject-unknown"
    desk.done(SERGEANT, "steps", step("verbal-warning"))
    assert desk.case.ladder[-1].subject is None


def test_a_refusal_for_a_child_proposes_the_safeguarding_referral_and_what_the_law_allows(desk: Desk) -> None:
    person(desk, date_of_birth="2010-06-01")
    answer = desk.does(SERGEANT, "steps", step(CPN))
    allowed = {"verbal-warning", "acceptable-behaviour-agreement"}
    assert {each.code for each in answer.instead.steps} == allowed
    assert (answer.instead.help, answer.instead.refer.code, answer.instead.referred) == (True, "mash", False)
    sent = desk.sent("mash", under_18=True, by="helen-strood")
    assert desk.does(SERGEANT, "steps", step(CPN)).instead.referred is True
    desk.done("helen-strood", "withdraw", {"code": "moved", "reason": "Sent by mistake."}, sent)
    assert desk.does(SERGEANT, "steps", step(CPN)).instead.referred is False


def test_a_refusal_for_an_adult_proposes_no_safeguarding(desk: Desk) -> None:
    person(desk, date_of_birth="1982-05-06")
    answer = desk.does(SERGEANT, "steps", step(CPN))
    assert answer.instead.refer is None
    assert CPW in {each.code for each in answer.instead.steps}


def test_a_warning_stands_when_he_said_18_and_the_notice_is_refused_once_his_birth_date_says_15(desk: Desk) -> None:
    who = person(desk, age=18)
    offered(desk)
    warned(desk)
    desk.done(SERGEANT, "breaches", {"step": str(desk.case.ladder[0].step_id), "what": "Begging again."})
    found = {"person": who, "date_of_birth": "2010-06-01", "reason": "The school says so."}
    desk.done(SERGEANT, "person", found)
    (row,) = [each for each in desk.state.values() if isinstance(each, CasePerson)]
    desk.state[people_key(CASE_ID)] = People(people=(row,))
    assert row.personal == {"name": "Somebody", "date_of_birth": "2010-06-01"}
    answer = desk.does(SERGEANT, "steps", step(CPN))
    assert [(each.rule, each.provision) for each in answer.unmet] == [("minimum-age", "2014 Act s.43(1)")]
    assert answer.instead.refer.code == "mash"
