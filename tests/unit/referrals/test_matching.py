"""How likely a report belongs to a case, and what then becomes of it."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from schemas.case_parts import ProposalState
from schemas.events import ReportTriaged
from services.kernel.testing import START, MemoryLoop
from services.referrals.domain import alike
from services.referrals.domain.parts import Proposal
from services.referrals.domain.state import Case
from tests.unit.referrals.made import OTHER_CELL, POLICE, Desk, cases, memory_loop, triaged

ROOK = {"name": "Imogen Rook", "role": "victim", "date_of_birth": "1990-04-01"}
SENSITIVE = {
    "themes": ("domestic-abuse-osse",),
    "lead_agency": "luton-council-public-health",
    "kind_of_case": "Concern",
}


def sent(*events: ReportTriaged) -> MemoryLoop:
    loop = memory_loop()
    for event in events:
        loop.send(event, str(event.report.report_id))
    return loop


def proposals(loop: MemoryLoop) -> list[Proposal]:
    return [value for value in loop.state.values() if isinstance(value, Proposal)]


def elsewhere(**more: Any) -> dict[str, Any]:
    return {"cell": OTHER_CELL, "street": "Biscot Road"} | more


def test_the_same_place_and_theme_are_sure_and_the_event_says_score_and_parts() -> None:
    loop = sent(triaged(), triaged())
    assert loop.types() == ["CaseOpened", "ReportJoined"]
    joined = loop.events[1].body
    assert joined.changed["score"] == 0.82
    assert [part["what"] for part in joined.changed["parts"]] == ["the same place", "the same theme"]
    assert joined.why.startswith("Score 0.82: the same place 0.60, the same theme 0.55")


def test_a_report_that_makes_its_case_graver_says_so_and_who_acts_first_since() -> None:
    joined = sent(triaged(), triaged(decision={"risk": "medium", "act_first": ("probation",)})).events[1].body
    assert joined.changed["risk"] == {"old": "standard", "new": "medium"}
    assert joined.changed["act_first"] == {"old": [], "new": ["probation"]}


PEOPLE = [
    ("the same name and birth at the same place", {}, {}, {}, "sure"),
    ("the same name and birth elsewhere", {}, {}, elsewhere(), "proposed"),
    ("the same name without a birth, elsewhere", {"date_of_birth": None}, {}, elsewhere(), "proposed"),
    ("one letter wrong at the same place", {"name": "Imogen Rooke"}, {}, {}, "proposed"),
    ("one letter wrong, elsewhere", {"name": "Imogen Rooke"}, {}, elsewhere(), "apart"),
    ("the words turned round at the same place", {"name": "ROOK, Imogen"}, {}, {}, "sure"),
    ("another birth", {"date_of_birth": "1971-12-24"}, {}, {}, "apart"),
    ("a witness only", {"role": "witness"}, {}, {}, "apart"),
    ("long ago", {}, {"received_at": START + timedelta(days=91)}, {}, "apart"),
    ("older, and comes late", {}, {"received_at": START - timedelta(days=89)}, {}, "sure"),
    ("much older, and comes late", {}, {"received_at": START - timedelta(days=91)}, {}, "apart"),
]


@pytest.mark.parametrize(("_", "person", "when", "report", "becomes"), PEOPLE, ids=[row[0] for row in PEOPLE])
def test_people_are_matched_by_name_and_birth(
    _: str, person: dict[str, Any], when: dict[str, Any], report: dict[str, Any], becomes: str
) -> None:
    first = triaged(personal={"people": [ROOK]}, decision=SENSITIVE)
    second = triaged(personal={"people": [ROOK | person]}, decision=SENSITIVE, report=report, **when)
    loop = sent(first, second)
    assert _became(loop) == becomes


def test_an_older_report_that_comes_late_makes_its_case_no_older() -> None:
    late, after = START - timedelta(days=60), START + timedelta(days=60)
    loop = sent(
        *(triaged(personal={"people": [ROOK]}, decision=SENSITIVE, received_at=at) for at in (START, late, after))
    )
    assert len(cases(loop)) == 1


def _became(loop: MemoryLoop) -> str:
    if len(cases(loop)) == 1:
        return "sure"
    return "proposed" if proposals(loop) else "apart"


PLACES = [
    ("the same street and kind", elsewhere(street="Wigmore Lane"), {}, "proposed"),
    ("the same street, another kind", elsewhere(street="Wigmore Lane"), {"kind_of_case": "Litter"}, "apart"),
    (
        "the same place, another theme",
        {"street": None},
        {"themes": ("town-centre",), "kind_of_case": "Begging"},
        "apart",
    ),
    ("another place", elsewhere(), {}, "apart"),
    ("the same harm at the same place", {}, {"themes": SENSITIVE["themes"], "flags": ("cuckooing",)}, "apart"),
]


@pytest.mark.parametrize(("_", "report", "decision", "becomes"), PLACES, ids=[row[0] for row in PLACES])
def test_places_are_matched_with_theme_or_kind(
    _: str, report: dict[str, Any], decision: dict[str, Any], becomes: str
) -> None:
    assert _became(sent(triaged(), triaged(report=report, decision=decision))) == becomes


def test_two_reports_of_one_harm_of_a_place_are_one_case() -> None:
    cuckooed = SENSITIVE | {"flags": ("cuckooing",)}
    assert _became(sent(triaged(decision=cuckooed), triaged(decision=cuckooed))) == "sure"


@pytest.mark.parametrize(("channel", "becomes"), [("101", "sure"), ("partner", "sure"), ("online", "proposed")])
def test_naming_the_reference_joins_except_from_the_publics_form(channel: str, becomes: str) -> None:
    first = triaged()
    words = f"It is about {first.report.reference.lower().replace('-', ' ')} again."
    second = triaged(report=elsewhere(channel=channel), personal={"description": words})
    assert _became(sent(first, second)) == becomes


def test_naming_the_cases_own_reference_joins() -> None:
    loop = sent(triaged())
    words = f"More about {cases(loop)[0].state.reference}."
    again = triaged(report=elsewhere(), personal={"description": words})
    loop.send(again, str(again.report.report_id))
    assert _became(loop) == "sure"


@pytest.mark.parametrize(("partner", "becomes"), [("police", "proposed"), ("fire", "apart")])
def test_a_senders_number_counts_for_the_same_sender_only(partner: str, becomes: str) -> None:
    numbered = {"attributes": {"incident_number": "41/0207"}}
    first = triaged(personal=numbered, report={"partner": "police", "channel": "partner"})
    assert _became(sent(first, triaged(personal=numbered, report=elsewhere(partner=partner)))) == becomes


def test_a_sensitive_report_is_proposed_to_a_plain_case_and_never_joined_by_itself() -> None:
    first = triaged(personal={"people": [ROOK]})
    loop = sent(first, triaged(personal={"people": [ROOK]}, decision=SENSITIVE))
    assert _became(loop) == "proposed"


def test_intelligence_is_never_joined_and_nothing_is_joined_to_it() -> None:
    heard = triaged(report={"kind": "intelligence"}, decision={"lead_agency": POLICE})
    assert len(cases(sent(triaged(), heard))) == 2
    assert len(cases(sent(heard, triaged()))) == 2
    assert not proposals(sent(heard, triaged()))


def test_a_proposal_waits_on_the_new_case_and_its_reason_names_no_other_case() -> None:
    loop = sent(triaged(), triaged(report=elsewhere(street="Wigmore Lane")))
    old, new = cases(loop)
    if proposals(loop)[0].state.case_id != new.state.case_id:
        old, new = new, old
    assert loop.types() == ["CaseOpened", "CaseOpened", "JoinProposed"]
    assert proposals(loop)[0].state.other_reference == old.state.reference
    assert old.state.reference not in str(loop.events[2].body.why)
    assert loop.events[2].body.proposal.score == 0.55
    assert new.state.owner is None
    assert new.state.next_action == "Take or assign"


def test_a_closed_case_is_not_joined() -> None:
    loop = sent(triaged())
    case = cases(loop)[0]
    closed = case.model_copy(update={"state": case.state.model_copy(update={"status": "closed"})})
    loop.state[f"case:{case.state.case_id}"] = closed
    again = triaged()
    loop.send(again, str(again.report.report_id))
    assert len(cases(loop)) == 2


def test_a_report_that_comes_twice_joins_once() -> None:
    event = triaged()
    loop = sent(event, event)
    assert loop.types() == ["CaseOpened"]


@pytest.mark.parametrize(
    ("one", "other"), [("Imogen Rook", "imogen rook"), ("Zoë Ashe", "Zoe Ashe"), ("Rook, Imogen", "Imogen Rook")]
)
def test_spellings_of_one_name_have_one_mark(one: str, other: str) -> None:
    assert alike.block(one) == alike.block(other)


def test_a_mark_holds_no_name() -> None:
    loop = sent(triaged(personal={"people": [ROOK]}))
    marks = [key for key in loop.state if key.startswith("name:")]
    assert len(marks) == 1
    assert "rook" not in marks[0]


def _alike(desk: Desk, many: int) -> list[Proposal]:
    """So many cases of one kind on one street, each in a place of its own; then what another like them is proposed."""
    for number in range(many):
        desk.report(report={"cell": f"8a194ad32b{number:x}ffff"})
    before = {case.state.case_id for case in cases(desk)}
    desk.report(report={"cell": OTHER_CELL})
    (newest,) = [case for case in cases(desk) if case.state.case_id not in before]
    rows = [each for each in desk.state.values() if isinstance(each, Proposal)]
    return [each for each in rows if each.state.case_id == newest.state.case_id]


@pytest.mark.parametrize(("many", "asked"), [(0, 0), (1, 1), (2, 2), (3, 3), (5, 3)])
def test_at_most_three_likely_cases_are_proposed_each_with_its_parts(many: int, asked: int) -> None:
    desk = Desk()
    found = _alike(desk, many)
    assert len(found) == asked
    assert all(each.state.score == 0.55 and len(each.state.parts) == 2 for each in found)
    assert len({each.state.other_case_id for each in found}) == asked


def test_the_likelier_case_is_proposed_before_a_less_likely_one() -> None:
    desk = Desk()
    desk.report()
    desk.report(report=elsewhere(), personal={"people": [ROOK]}, decision=SENSITIVE)
    words = {"people": [ROOK | {"date_of_birth": None}]}
    desk.report(report={"cell": "8a194ad32b0ffff"}, personal=words)
    scores = [each.body.proposal.score for each in desk.events if each.body.TYPE == "JoinProposed"]
    assert len(scores) == 2
    assert scores == sorted(scores, reverse=True)


@pytest.mark.parametrize("which", range(3))
def test_confirming_one_of_three_asks_of_each_other_case_once_and_a_refusal_ends_one(which: int) -> None:
    desk = Desk()
    proposed = _alike(desk, 3)
    chosen, others = (
        proposed[which],
        {each.state.other_case_id for each in proposed} - {proposed[which].state.other_case_id},
    )
    newest = next(case for case in cases(desk) if case.state.case_id == chosen.state.case_id)
    assert newest.open_proposals == 3
    body = {"proposal": str(chosen.state.proposal_id)}
    survivor = desk.asks(newest, "confirm-join", body, other_id=chosen.state.other_case_id).case
    asked = _asked_about(desk, survivor)
    assert {_third(each, survivor) for each in asked} == others
    assert len(asked) == len(others)
    assert survivor.open_proposals == sum(each.case_id == survivor.state.case_id for each in asked)
    refusal = {"proposal": str(asked[0].proposal_id), "reason": "Another matter."}
    desk.asks(survivor, "refuse-join", refusal, other_id=_third(asked[0], survivor))
    assert [each.proposal_id for each in _asked_about(desk, survivor)] == [asked[1].proposal_id]


def _asked_about(desk: Desk, case: Case) -> list[ProposalState]:
    """The open questions that the case's page shows, whichever case they wait on."""
    states = [each.state for each in desk.state.values() if isinstance(each, Proposal) and each.state.status == "open"]
    return [each for each in states if case.state.case_id in (each.case_id, each.other_case_id)]


def _third(state: ProposalState, case: Case) -> UUID:
    return state.other_case_id if state.case_id == case.state.case_id else state.case_id


def test_a_merge_by_hand_of_two_that_were_proposed_answers_the_proposal() -> None:
    desk = Desk()
    (only,) = _alike(desk, 1)
    newest = next(case for case in cases(desk) if case.state.case_id == only.state.case_id)
    other = next(case for case in cases(desk) if case.state.case_id == only.state.other_case_id)
    body = {"into": newest.state.reference, "reason": "One matter."}
    survivor = desk.asks(other, "merge", body, other_id=newest.state.case_id).case
    assert (survivor.state.case_id, survivor.open_proposals) == (newest.state.case_id, 0)
    assert [each.state.status for each in desk.state.values() if isinstance(each, Proposal)] == ["confirmed"]
