"""A later report about the same person or place: the earlier ones are decided again where that changes something."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from schemas.codes import Disposition
from schemas.events import Actor, ReportWithdrawn
from schemas.personal import seal
from services.kernel.testing import MemoryLoop
from services.partnership.loading import load_partnership
from services.triage.domain.deciding import Rules
from services.triage.domain.linking import LINKED_AT_MOST, LINKED_TIMER
from services.triage.domain.rerun import redecided
from services.triage.domain.rule_edits import RowEdit, edited
from services.triage.domain.state import Decided, place_key
from services.triage.domain.unread import Unread, unread_key
from services.triage.messages import LinkedReport, ResolveReview
from services.triage.rule_set import compiled, shipped_documents
from tests.unit.triage.deciding import kept, now, send

LUTON = Path("partnerships/luton")
ONE, TWO, THREE, FOUR = 1, 2, 3, 4
HERE, THERE, ELSEWHERE = "8a194ad32b67fff", "8a194ad32b6ffff", "8a194ad32b47fff"
ANN, BEN = ({"id": name, "role": "victim", "name": f"Nobody {name}", "age": 30} for name in "ab")
BEATEN = "My husband hit me again, I am frightened of my partner, domestic abuse"
TIPPED = "Fly-tipping again, rubbish and mattresses dumped by the garages"
DOMESTIC, ASB = "domestic-abuse-osse", "asb-environmental"
ASHA = Actor(kind="person", id="asha-venn", name="Asha Venn", agency="luton-council-neighbourhood-services")
MOMENT = timedelta(seconds=1)


def comes(loop: MemoryLoop, number: int, words: str = BEATEN, *people: dict[str, Any], **changes: Any) -> None:
    send(loop, number, words, *people, **changes)


def beaten(loop: MemoryLoop, number: int, days: int = 10, **changes: Any) -> None:
    """Ann is hit, some days after the last time; and whatever that asks for is done."""
    loop.pass_time(timedelta(days=days))
    comes(loop, number, BEATEN, ANN, **changes)
    loop.pass_time(MOMENT)


def codes(loop: MemoryLoop, number: int) -> set[str]:
    return {each.code for each in now(loop, number).decision.entitlements}


def asked(loop: MemoryLoop) -> list[LinkedReport]:
    return [timer.payload for timer, _ in loop.timers.values() if timer.kind == LINKED_TIMER]  # type: ignore[misc]


def test_the_third_incident_makes_the_first_two_be_decided_again_and_keeps_what_they_were(loop: MemoryLoop) -> None:
    beaten(loop, ONE)
    beaten(loop, TWO)
    assert [now(loop, number).decision.risk for number in (ONE, TWO)] == ["medium", "medium"]
    assert len(loop.events) == TWO
    beaten(loop, THREE)
    for number in (ONE, TWO):
        assert codes(loop, number) >= {"repeat-victim", "marac-repeat"}
        assert (now(loop, number).decision.risk, now(loop, number).version) == ("high", 2)
    assert [(each.report.reference, each.version) for each in kept(loop)] == [("R-1", 1), ("R-2", 1)]
    first, second = (event.body for event in loop.events[-2:])
    assert (first.linked, first.earlier.risk, first.decision.risk) == ("R-3", "medium", "high")
    assert (first.report.reference, second.report.reference) == ("R-1", "R-2")
    assert loop.tallies["redecided/linked"] == TWO


def test_a_decision_made_again_asks_for_no_further_one_and_the_fourth_incident_for_none(loop: MemoryLoop) -> None:
    for number in (ONE, TWO, THREE):
        beaten(loop, number)
    assert (asked(loop), len(loop.events)) == ([], 5)
    beaten(loop, FOUR)
    assert (asked(loop), len(loop.events)) == ([], 6)


def test_one_incident_that_is_told_three_times_changes_nothing(loop: MemoryLoop) -> None:
    for number in (ONE, TWO, THREE):
        comes(loop, number, BEATEN, ANN, cell=HERE)
        loop.pass_time(MOMENT)
    assert (len(loop.events), kept(loop)) == (THREE, [])


def test_a_later_account_of_the_first_incident_changes_nothing_either(loop: MemoryLoop) -> None:
    beaten(loop, ONE)
    beaten(loop, TWO)
    comes(loop, THREE, BEATEN, ANN)
    assert asked(loop) == []


def test_at_a_place_the_first_two_learn_of_the_third(loop: MemoryLoop) -> None:
    for number in (ONE, TWO, THREE):
        loop.pass_time(timedelta(days=2))
        comes(loop, number, TIPPED, category="noise", cell=HERE)
    assert {str(each.report_id) for each in asked(loop)} == {str(UUID(int=number)) for number in (ONE, TWO)}
    loop.pass_time(MOMENT)
    assert all("repeat-place" in now(loop, number).decision.flags for number in (ONE, TWO, THREE))


def test_a_count_over_several_places_and_people_is_made_for_the_report_itself(loop: MemoryLoop) -> None:
    """The first shares its place with the second and its victim with the third, who know nothing of each other."""
    for number, cell, people in ((ONE, HERE, [ANN]), (TWO, HERE, [BEN]), (THREE, THERE, [ANN])):
        loop.pass_time(timedelta(days=5))
        comes(loop, number, TIPPED, *people, category="noise", cell=cell)
        loop.pass_time(MOMENT)
    assert "asb-case-review" in codes(loop, ONE)
    assert "asb-case-review" not in codes(loop, TWO) | codes(loop, THREE)


def test_at_a_busy_place_only_who_counts_otherwise_is_asked_again(loop: MemoryLoop) -> None:
    """The fifth names a victim, so that more may be counted for it than its place."""
    for number in range(1, 5):
        loop.pass_time(timedelta(days=2))
        comes(loop, number, TIPPED, category="noise", cell=HERE)
        loop.pass_time(MOMENT)
    loop.pass_time(timedelta(days=2))
    comes(loop, 5, TIPPED, ANN, category="noise", cell=HERE)
    assert asked(loop) == []
    loop.pass_time(timedelta(days=2))
    comes(loop, 6, TIPPED, ANN, category="noise", cell=THERE)
    loop.pass_time(timedelta(days=2))
    comes(loop, 7, TIPPED, ANN, category="noise", cell=HERE)
    loop.pass_time(MOMENT)
    assert "repeat-victim" in codes(loop, 5) & codes(loop, 6) & codes(loop, 7)
    assert [now(loop, number).version for number in range(1, 5)] == [2, 2, 1, 1]


def test_one_report_asks_the_latest_few_and_no_more(loop: MemoryLoop) -> None:
    told = LINKED_AT_MOST
    for number in range(1, 2 * told + 1):
        if number in (1, told + 1):
            loop.pass_time(timedelta(days=2))
        comes(loop, number, TIPPED, category="noise", cell=HERE)
    loop.pass_time(timedelta(days=2))
    comes(loop, 99, TIPPED, category="noise", cell=HERE)
    latest = {UUID(int=number) for number in range(told + 1, 2 * told + 1)}
    assert {each.report_id for each in asked(loop)} == latest


def test_the_past_asks_for_nothing_and_is_not_decided_again(loop: MemoryLoop) -> None:
    comes(loop, ONE, TIPPED, category="noise", cell=HERE, historic=True)
    for number in (TWO, THREE):
        loop.pass_time(timedelta(days=2))
        comes(loop, number, TIPPED, category="noise", cell=HERE, historic=number == THREE)
    assert asked(loop) == []
    loop.pass_time(timedelta(days=2))
    comes(loop, FOUR, TIPPED, category="noise", cell=HERE)
    assert {each.report_id for each in asked(loop)} <= {UUID(int=TWO)}
    loop.pass_time(MOMENT)
    assert now(loop, ONE).version == 1


def test_what_is_not_ours_and_intelligence_ask_for_nothing(loop: MemoryLoop) -> None:
    beaten(loop, ONE)
    beaten(loop, TWO)
    loop.pass_time(timedelta(days=3))
    comes(loop, THREE, BEATEN, ANN, kind="intelligence")
    assert asked(loop) == []


@pytest.mark.parametrize("ended", ["withdrawn", "not-ours", "moved", "unread"])
def test_a_report_that_is_not_live_any_more_stays_as_it_was(loop: MemoryLoop, ended: str) -> None:
    beaten(loop, ONE)
    beaten(loop, TWO)
    loop.pass_time(timedelta(days=3))
    comes(loop, THREE, BEATEN, ANN)
    known = now(loop, ONE)
    facts = known.report.model_copy(update={"revision": 2})
    if ended == "withdrawn":
        loop.send(ReportWithdrawn(report=facts, personal=seal({})), "1")
    elif ended == "not-ours":
        decision = known.decision.model_copy(update={"disposition": Disposition.NOT_OURS})
        loop.state[f"decision:{UUID(int=ONE)}"] = known.model_copy(update={"decision": decision})
    elif ended == "moved":
        moved = known.model_copy(update={"report": facts.model_copy(update={"cell": ELSEWHERE})})
        loop.state[f"decision:{UUID(int=ONE)}"] = moved
    else:
        waits = Unread(report=facts, personal=known.personal, asked=UUID(int=9), until=loop.now)
        loop.state[unread_key(UUID(int=ONE))] = waits
    before = now(loop, ONE)
    loop.pass_time(MOMENT)
    assert now(loop, ONE) == before
    assert now(loop, TWO).version == 2


def test_windows_and_clocks_are_measured_from_the_later_report_and_nothing_is_due_later(loop: MemoryLoop) -> None:
    beaten(loop, ONE)
    due = now(loop, ONE).decision.due_at
    beaten(loop, TWO, days=60)
    beaten(loop, THREE, days=60)
    assert "repeat-victim" not in codes(loop, THREE)
    assert codes(loop, ONE) == {"marac-repeat"}
    assert now(loop, ONE).decision.due_at == due
    assert "repeat-victim" not in now(loop, ONE).decision.flags


def test_a_shorter_clock_runs_from_the_later_report_not_from_the_old_one(loop: MemoryLoop, rules: Rules) -> None:
    beaten(loop, ONE)
    beaten(loop, TWO)
    state = now(loop, TWO)
    far = state.decision.model_copy(update={"due_at": loop.now + timedelta(days=30)})
    loop.state[f"decision:{UUID(int=TWO)}"] = state.model_copy(update={"decision": far})
    beaten(loop, THREE)
    third: datetime = now(loop, THREE).report.received_at
    assert now(loop, TWO).decision.due_at == third + timedelta(minutes=240)


def test_a_decision_made_again_is_the_same_from_its_recorded_inputs(loop: MemoryLoop, rules: Rules) -> None:
    for number in (ONE, TWO, THREE):
        beaten(loop, number)
    for number in (ONE, TWO):
        stored = Decided.model_validate_json(now(loop, number).model_dump_json(exclude_none=True))
        assert stored.linked is not None
        again = redecided(stored, rules)
        assert again.decision == stored.decision
        assert [each.as_dict() for each in again.because] == stored.because


def test_what_a_person_decided_stands_and_only_what_is_counted_is_new(loop: MemoryLoop) -> None:
    beaten(loop, ONE)
    _in_review(loop, ONE)
    loop.send(_answer(ONE, action="confirm"), "1", origin="command")
    beaten(loop, TWO)
    beaten(loop, THREE)
    one = now(loop, ONE)
    assert (one.answer, one.reason, one.in_review, one.decision.confidence) == ("confirm", "Seen before.", False, 1.0)
    assert (one.decision.risk, one.decision.themes) == ("high", (DOMESTIC,))
    assert one.because[-1]["rule"] == "person/review"
    assert "marac-repeat" in codes(loop, ONE)


def test_where_a_person_named_another_theme_the_rules_count_does_not_speak(loop: MemoryLoop) -> None:
    beaten(loop, ONE)
    beaten(loop, TWO)
    loop.pass_time(timedelta(days=3))
    comes(loop, THREE, BEATEN, ANN)
    _in_review(loop, ONE)
    loop.send(_answer(ONE, action="change", themes=(ASB,)), "1", origin="command")
    before = now(loop, ONE)
    loop.pass_time(MOMENT)
    assert now(loop, ONE) == before


def test_a_report_in_review_is_told_anew_but_waits_on_its_first_clock(loop: MemoryLoop, rules: Rules) -> None:
    for number in (ONE, TWO):
        loop.pass_time(timedelta(days=2))
        comes(loop, number, "Something strange down our road", ANN, cell=HERE)
        loop.pass_time(MOMENT)
    assert now(loop, TWO).in_review
    since = now(loop, TWO).decided_at
    loop.pass_time(timedelta(hours=7))
    assert loop.types().count("ReviewOverdue") == ONE + ONE
    comes(loop, THREE, "Something strange down our road", ANN, cell=HERE)
    loop.pass_time(MOMENT)
    two = now(loop, TWO)
    assert (two.version, two.in_review, two.waits_since) == (2, True, since)
    assert "repeat-victim" in two.decision.flags
    answered = loop.types().count("ReviewOverdue")
    loop.pass_time(timedelta(days=1))
    overdue = [event.body.report.reference for event in loop.events if event.body.TYPE == "ReviewOverdue"]
    assert (answered, overdue) == (2, ["R-1", "R-2", "R-3"])


def test_an_answer_after_it_is_hers_and_not_the_later_reports(loop: MemoryLoop) -> None:
    for number in (ONE, TWO, THREE):
        loop.pass_time(timedelta(days=2))
        comes(loop, number, "Something strange down our road", ANN, cell=HERE)
        loop.pass_time(MOMENT)
    assert loop.events[-1].body.linked == "R-3"
    loop.send(_answer(TWO, action="confirm", version=2), "2", origin="command")
    assert loop.events[-1].body.linked is None


def test_rules_published_meanwhile_decide_it_and_the_event_names_the_old_lead(loop: MemoryLoop) -> None:
    for number in (ONE, TWO):
        loop.pass_time(timedelta(days=2))
        comes(loop, number, "Please come.", category="noise", cell=HERE)
        loop.pass_time(MOMENT)
    old = now(loop, ONE).decision.lead_agency
    cells = {"category": '"noise"', "theme": '"domestic-abuse-osse"', "weight": "0.9", "disposition": "null"}
    edit = RowEdit(table="category", operation="set", row="noise", text="Category: noise", cells=cells)
    loop.rules = compiled(edited(shipped_documents(LUTON), edit), load_partnership(LUTON), 2)
    loop.pass_time(timedelta(days=2))
    comes(loop, THREE, "Please come.", category="noise", cell=HERE)
    loop.pass_time(MOMENT)
    event = next(event.body for event in loop.events if event.body.linked and event.body.report.reference == "R-1")
    assert event.earlier.lead_agency == old
    assert event.decision.lead_agency == "luton-council-public-health"
    assert event.decision.rule_set == loop.rules.rule_set != kept(loop)[0].decision.rule_set


UNSURE = "Something strange down our road"
HIS_KEYS = (place_key(HERE),)


def _strange(loop: MemoryLoop, *themes: str) -> None:
    """Three unsure reports at one place some days apart, of which a person gave the first ones these themes."""
    for number, theme in zip((ONE, TWO, THREE), (*themes, None), strict=True):
        loop.pass_time(timedelta(days=5))
        comes(loop, number, UNSURE, cell=HERE, category="other")
        loop.pass_time(MOMENT)
        if theme:
            body = _answer(number, action="change", themes=(theme,), keys=HIS_KEYS)
            loop.send(body, str(UUID(int=number)), origin="command")


def test_a_theme_that_a_person_gives_the_third_report_asks_the_first_two_again(loop: MemoryLoop) -> None:
    _strange(loop, ASB, ASB)
    loop.pass_time(MOMENT)
    version = now(loop, THREE).version
    body = _answer(THREE, action="change", themes=(ASB,), version=version, keys=HIS_KEYS)
    loop.send(body, str(UUID(int=THREE)), origin="command")
    assert {str(each.report_id) for each in asked(loop)} == {str(UUID(int=number)) for number in (ONE, TWO)}
    assert {each.later for each in asked(loop)} == {"R-3"}


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"action": "change", "themes": (DOMESTIC,), "keys": HIS_KEYS}, "another theme"),
        ({"action": "not-ours", "destination": "Luton Council highways", "keys": HIS_KEYS}, "not ours"),
        ({"action": "change", "themes": (ASB,)}, "a command from before keys were sent"),
    ],
    ids=["another theme", "not ours", "a command from before keys were sent"],
)
def test_an_answer_by_which_no_threshold_is_reached_asks_nobody(
    loop: MemoryLoop, changes: dict[str, Any], why: str
) -> None:
    _strange(loop, ASB, ASB)
    loop.pass_time(MOMENT)
    loop.send(_answer(THREE, version=now(loop, THREE).version, **changes), str(UUID(int=THREE)), origin="command")
    assert asked(loop) == [], why


def _in_review(loop: MemoryLoop, number: int) -> None:
    known = now(loop, number)
    loop.state[f"decision:{UUID(int=number)}"] = known.model_copy(update={"in_review": True})


def _answer(number: int, **changes: Any) -> ResolveReview:
    fields = {"report_id": UUID(int=number), "version": 1, "reason": "Seen before.", "by": ASHA}
    return ResolveReview.model_validate(fields | changes)
