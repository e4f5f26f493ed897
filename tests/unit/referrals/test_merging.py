"""Merges, splits, tasks and entitlements, decided by values."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.codes import CaseStatus
from schemas.facts import Entitlement
from services.referrals.domain.parts import CasePerson, Proposal, Task
from services.referrals.domain.state import Case, Done, Refused
from tests.unit.referrals.made import (
    ASHA,
    HELEN,
    OTHER_CELL,
    PARTNERSHIP,
    POLICE,
    Desk,
    cases,
    history_of,
    reports_of,
    triaged,
)

WHY = {"reason": "It is right."}
HEALTH = "luton-council-public-health"
SENSITIVE = {"themes": ("domestic-abuse-osse",), "lead_agency": HEALTH, "acting_lead": HEALTH}
ROOK = {"name": "Imogen Rook", "role": "victim", "contact": {"safe": "no", "phone": "01582 000000"}}


def two(**second: Any) -> tuple[Desk, Case, Case]:
    """Two cases of which nothing is alike."""
    desk = Desk()
    desk.report()
    desk.report(**({"report": {"cell": OTHER_CELL, "street": "Biscot Road"}} | second))
    first, other = sorted(cases(desk), key=lambda case: case.state.street == "Biscot Road")
    return desk, first, other


def merged(desk: Desk, gone: Case, survivor: Case, **changes: Any) -> Any:
    body = {"into": survivor.state.reference} | WHY
    return desk.asks(gone, "merge", body, other_id=survivor.state.case_id, **changes)


def test_the_survivor_takes_the_higher_risk_the_earlier_due_time_and_the_danger() -> None:
    elsewhere = {"cell": OTHER_CELL, "street": "Biscot Road"}
    desk, gone, survivor = two(report=elsewhere, decision={"risk": "medium", "priority": 3})
    worse = {"risk": "high", "priority": 1, "flags": ("danger-now",)}
    desk.report(decision=worse)
    gone = desk.case(gone.state.reference)
    answer = merged(desk, gone, survivor)
    assert isinstance(answer, Done)
    after = answer.case.state
    assert (after.reference, after.risk, after.priority) == (survivor.state.reference, "high", 1)
    assert after.danger_unacknowledged
    assert after.report_count == 3
    left = desk.case(gone.state.reference).state
    assert (left.status, left.merged_into, left.next_action) == (
        CaseStatus.CLOSED,
        after.case_id,
        f"Merged into {after.reference}",
    )


@pytest.mark.parametrize("of_gone", [True, False])
def test_a_risk_that_a_person_graded_on_either_case_is_hers_on_the_one_that_is_left(of_gone: bool) -> None:
    desk, gone, survivor = two()
    desk.asks(gone if of_gone else survivor, "risk", {"risk": "high", "thrive": {}} | WHY)
    gone, survivor = (desk.case(each.state.reference) for each in (gone, survivor))
    assert (gone.graded, survivor.graded) == (of_gone, not of_gone)
    assert merged(desk, gone, survivor).case.graded


def test_a_risk_that_a_person_graded_is_hers_on_both_cases_after_a_split() -> None:
    desk = Desk()
    desk.report()
    desk.report()
    (case,) = cases(desk)
    desk.asks(case, "risk", {"risk": "high", "thrive": {}} | WHY)
    chosen = [reports_of(desk, case.state.case_id)[1].facts.reference]
    assert isinstance(desk.asks(desk.case(case.state.reference), "split", {"reports": chosen} | WHY), Done)
    assert [(each.graded, each.state.risk) for each in cases(desk)] == [(True, "high")] * 2


def test_followers_of_both_cases_keep_sight_of_the_survivor() -> None:
    desk, gone, survivor = two(decision={"lead_agency": POLICE, "acting_lead": POLICE})
    assert POLICE in survivor.visible_to
    after = merged(desk, gone, survivor).case
    assert set(gone.visible_to) | set(survivor.visible_to) <= set(after.visible_to)
    assert set(survivor.visible_to) <= set(desk.case(gone.state.reference).visible_to)


def test_a_plain_case_goes_into_a_sensitive_one_without_showing_it_to_its_agencies() -> None:
    desk, plain, sensitive = two(decision=SENSITIVE)
    refused = merged(desk, sensitive, plain)
    assert isinstance(refused, Refused)
    assert refused.code == "merge-the-other-way"
    after = merged(desk, plain, sensitive).case
    assert not set(plain.visible_to) & set(after.visible_to)


TO_GROUP = {"panel": "tcig", "consent": {"status": "given"}} | WHY


@pytest.mark.parametrize("open_", [True, False], ids=["open", "ended"])
def test_of_whom_a_plain_case_was_referred_to_only_an_open_referrals_desk_comes_to_see_the_sensitive_one(
    open_: bool,
) -> None:
    desk, plain, sensitive = two(decision=SENSITIVE)
    referral = desk.asks(plain, "refer", TO_GROUP).referral
    if not open_:
        plain = desk.case(plain.state.reference)
        body = {"code": PARTNERSHIP.withdrawal_codes[0].code} | WHY
        named = {"referral_id": referral.state.referral_id, "version": referral.state.version}
        ended = desk.asks(plain, "withdraw", body, **named)
        assert isinstance(ended, Done), ended
    before = desk.case(plain.state.reference)
    assert "tcig" in before.visible_to
    after = merged(desk, before, sensitive).case
    assert ("tcig" in after.visible_to) is open_
    assert set(after.visible_to) - set(sensitive.visible_to) <= {"tcig", referral.state.to_agency}


@pytest.mark.parametrize("worked_on", [0, 3], ids=["the survivor was worked on", "the merged one was worked on"])
def test_a_command_from_a_page_of_the_merged_case_never_fits_the_survivor(worked_on: int) -> None:
    desk, gone, survivor = two()
    for case, times in ((gone, worked_on), (survivor, 3 - worked_on)):
        for risk in ("high", "medium", "high")[:times]:
            desk.asks(desk.case(case.state.reference), "risk", {"risk": risk, "thrive": {}} | WHY)
    page = desk.case(gone.state.reference)
    merged(desk, page, desk.case(survivor.state.reference))
    for seen in range(1, page.state.version + 1):
        answer = desk.asks(page, "close", {"outcome": "no-further-action"} | WHY, version=seen)
        assert isinstance(answer, Refused)
        assert (answer.code, answer.case and answer.case.state.reference) == ("version-stale", survivor.state.reference)
    assert desk.case(survivor.state.reference).state.status is CaseStatus.OPEN


def refusals() -> list[tuple[str, Any, dict[str, Any]]]:
    return [
        ("same-case", lambda gone, _: gone, {}),
        ("other-case-unknown", lambda _, other: other, {"by": ASHA, "sees_all": False, "agencies": (ASHA.agency,)}),
    ]


@pytest.mark.parametrize(("code", "target", "changes"), refusals(), ids=[row[0] for row in refusals()])
def test_what_cannot_be_merged_is_refused(code: str, target: Any, changes: dict[str, Any]) -> None:
    desk, gone, other = two(decision=SENSITIVE)
    answer = merged(desk, gone, target(gone, other), **changes)
    assert isinstance(answer, Refused)
    assert answer.code == code
    assert "CasesMerged" not in desk.types()


def test_a_clock_that_started_before_the_merge_runs_out_on_the_survivor() -> None:
    desk, gone, survivor = two()
    desk.asks(gone, "refer", {"panel": "mash", "consent": {"status": "given"}} | WHY)
    desk.asks(desk.case(gone.state.reference), "tasks", {"what": "Visit."})
    merged(desk, desk.case(gone.state.reference), desk.case(survivor.state.reference))
    desk.pass_time(timedelta(days=20))
    late = {each.type for each in history_of(desk, survivor.state.case_id)}
    assert {"ReferralMoved", "ReferralEscalated", "TaskReminded", "TaskEscalated"} <= late
    assert len(desk.case(survivor.state.reference).under_way) == 1


def test_a_report_like_the_merged_cases_joins_the_survivor() -> None:
    desk, gone, survivor = two()
    merged(desk, gone, survivor)
    desk.report()
    assert desk.case(survivor.state.reference).state.report_count == 3
    assert len(cases(desk)) == 2


def test_a_split_and_a_merge_back_leave_every_report_where_it_was() -> None:
    desk = Desk()
    first, second = desk.report(), desk.report(personal={"people": [ROOK]})
    case = cases(desk)[0]
    answer = desk.asks(case, "split", {"reports": [second.report.reference]} | WHY)
    assert isinstance(answer, Done)
    new = next(each for each in cases(desk) if each.state.case_id != case.state.case_id)
    assert [each.facts.reference for each in reports_of(desk, case.state.case_id)] == [first.report.reference]
    assert [each.facts.reference for each in reports_of(desk, new.state.case_id)] == [second.report.reference]
    gone = [each for each in desk.state.values() if isinstance(each, CasePerson) and each.gone]
    assert [each.state.case_id for each in gone] == [case.state.case_id]
    assert (new.state.owner, new.state.lead_agency) == (case.state.owner, case.state.lead_agency)
    merged(desk, new, desk.case(case.state.reference))
    assert len(reports_of(desk, case.state.case_id)) == 2


ABUSE = SENSITIVE | {"kind_of_case": "Concern", "flags": ("coercion",), "panels": ("mash",)}
BEGGING = {"themes": ("town-centre",), "lead_agency": POLICE, "acting_lead": POLICE, "kind_of_case": "Begging"}
NOISE: dict[str, Any] = {}


def split_from(decisions: list[dict[str, Any]], goes: int, **earlier: dict[str, Any]) -> tuple[Case, Case, Case]:
    """A case of reports that were decided so, which a person joined: before one was split off, after it, the new one.

    `earlier`: commands on the case before that, by name.
    """
    desk = Desk()
    came = [desk.report(decision=decisions[0])]
    for each in decisions[1:]:
        event = triaged(decision=each | {"joins": cases(desk)[0].state.reference})
        came.append(event.model_copy(update={"decided_by": HELEN}))
        desk.send(came[-1], str(event.report.report_id))
    for name, body in {"take": {}, **earlier}.items():
        assert isinstance(desk.asks(cases(desk)[0], name, body), Done)
    (before,) = cases(desk)
    answer = desk.asks(before, "split", {"reports": [came[goes].report.reference]} | WHY)
    assert isinstance(answer, Done), answer
    new = next(case for case in cases(desk) if case.state.case_id != before.state.case_id)
    return before, desk.case(before.state.reference), new


def test_what_is_split_off_begins_under_the_theme_lead_and_kind_of_its_own_reports() -> None:
    before, after, new = split_from([NOISE, BEGGING, NOISE], 1)
    assert (new.state.themes, new.state.lead_agency, new.state.owner) == (("town-centre",), POLICE, None)
    assert new.state.title.startswith("Begging")
    assert set(before.visible_to) <= set(new.visible_to), "who saw the old case sees what became of it"
    left = (after.state.themes, after.state.lead_agency, after.state.owner)
    assert left == (before.state.themes, before.state.lead_agency, before.state.owner)


def test_a_split_under_the_same_lead_keeps_owner_and_leads() -> None:
    before, _, new = split_from([NOISE, NOISE], 1)
    assert (new.state.owner, new.state.lead_agency) == (before.state.owner, before.state.lead_agency)
    assert new.state.owner is not None


def test_the_old_case_has_the_themes_of_what_stays_when_the_report_it_began_with_goes() -> None:
    before, after, new = split_from([NOISE, BEGGING], 0)
    assert (after.state.themes, new.state.themes) == (("town-centre",), before.state.themes)
    assert (after.state.lead_agency, after.state.owner) == (before.state.lead_agency, before.state.owner)


def test_a_sensitive_report_that_is_split_off_a_plain_case_is_seen_by_its_own_agencies_alone() -> None:
    before, _, new = split_from([BEGGING, ABUSE], 1)
    assert (new.state.lead_agency, new.state.marking, new.state.flags) == (HEALTH, "OFFICIAL-SENSITIVE", ("coercion",))
    assert not set(before.visible_to) & set(new.visible_to)
    assert new.suggested == ("mash",)


REROUTES = [{"lead_agency": "luton-council"} | WHY, {"themes": ["re-offending"]} | WHY]


@pytest.mark.parametrize("body", REROUTES, ids=["lead", "theme"])
def test_where_a_person_rerouted_the_case_a_split_leaves_her_choice_on_both(body: dict[str, Any]) -> None:
    before, after, new = split_from([NOISE, BEGGING], 1, reroute=body)
    said = (before.state.themes, before.state.lead_agency)
    assert (after.state.themes, after.state.lead_agency) == said == (new.state.themes, new.state.lead_agency)


DECIDED = st.sampled_from((NOISE, BEGGING, ABUSE))


@settings(max_examples=40)
@given(decisions=st.lists(DECIDED, min_size=2, max_size=5), pick=st.integers(0, 4))
def test_after_any_split_each_case_has_themes_of_its_own_reports_and_somebody_who_leads(
    decisions: list[dict[str, Any]], pick: int
) -> None:
    goes = pick % len(decisions)
    _, after, new = split_from(decisions, goes)
    given_ = [tuple(each.get("themes", ("asb-environmental",))) for each in decisions]
    assert new.state.themes == given_[goes]
    rest = {theme for number, themes in enumerate(given_) if number != goes for theme in themes}
    assert after.state.themes
    assert set(after.state.themes) <= rest
    for case in (after, new):
        assert {case.state.lead_agency, case.state.acting_lead} <= set(case.visible_to)


ENTITLED = Entitlement(code="asb-case-review", count=3, needed=3, within_days=365, status="comparator")


def entitlements(desk: Desk) -> list[Task]:
    return [each for each in desk.state.values() if isinstance(each, Task) and each.state.kind == "entitlement"]


def test_an_entitlement_opens_one_task_a_case_and_none_after_it_was_done() -> None:
    desk = Desk()
    for _ in range(2):
        desk.report(decision={"entitlements": (ENTITLED,)})
    (task,) = entitlements(desk)
    assert "may meet the threshold" in task.what
    assert "comparator, not Luton policy" in task.what
    desk.asks(cases(desk)[0], "task-done", {"task": str(task.state.task_id)} | WHY)
    desk.report(decision={"entitlements": (ENTITLED,)})
    assert [each.state.status for each in entitlements(desk)] == ["done"]


def test_two_cases_with_the_same_entitlement_have_one_open_task_after_a_merge() -> None:
    elsewhere = {"cell": OTHER_CELL, "street": "Biscot Road"}
    desk = Desk()
    desk.report(decision={"entitlements": (ENTITLED,)})
    desk.report(report=elsewhere, decision={"entitlements": (ENTITLED,)})
    gone, survivor = cases(desk)
    merged(desk, gone, survivor)
    assert sorted(each.state.status for each in entitlements(desk)) == ["cancelled", "open"]


def test_a_task_is_reminded_at_its_time_escalated_a_day_later_and_not_after_it_is_done() -> None:
    desk = Desk()
    desk.report()
    due_at = (desk.now + timedelta(hours=2)).isoformat()
    desk.asks(cases(desk)[0], "take")
    desk.asks(cases(desk)[0], "tasks", {"what": "Call back.", "due_at": due_at})
    assert cases(desk)[0].state.next_action.startswith("Do the task that is due")
    seen = []
    for hours in (1, 1, 24):
        desk.pass_time(timedelta(hours=hours))
        seen.append(desk.types().count("TaskReminded") + 2 * desk.types().count("TaskEscalated"))
    assert seen == [0, 1, 3]
    task = next(each for each in desk.state.values() if isinstance(each, Task))
    desk.asks(cases(desk)[0], "task-done", {"task": str(task.state.task_id)} | WHY)
    assert cases(desk)[0].state.open_tasks == 0
    assert not [key for key in desk.timers if key[0].startswith("task-")]


def test_a_refused_proposal_stays_refused() -> None:
    desk, _, _ = two()
    desk.report(report={"cell": "8a194ad32b0ffff", "street": "Biscot Road"})
    proposal = next(each for each in desk.state.values() if isinstance(each, Proposal))
    case = next(each for each in cases(desk) if each.state.case_id == proposal.state.case_id)
    body = {"proposal": str(proposal.state.proposal_id)} | WHY
    assert isinstance(desk.asks(case, "refuse-join", body, other_id=proposal.state.other_case_id), Done)
    again = desk.asks(desk.case(case.state.reference), "refuse-join", body, other_id=proposal.state.other_case_id)
    assert (type(again), again.code) == (Refused, "no-proposal")
