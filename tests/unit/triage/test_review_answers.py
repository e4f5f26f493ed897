"""What a person answered in review is an input: whatever is decided again beside it comes out the same from it."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from services.kernel.references import reference
from services.kernel.testing import MemoryLoop
from services.triage.domain.counting import Counts
from services.triage.domain.deciding import Rules
from services.triage.domain.reading import NONE, Reading
from services.triage.domain.rerun import compared, redecided
from services.triage.domain.second_look import decide_with
from services.triage.domain.state import Decided, Sightings, second_matter
from services.triage.messages import ResolveReview, UndoReview
from tests.unit.triage.deciding import Deciding, assert_made_again_the_same, now, stored
from tests.unit.triage.test_sign_answers import (
    ANN,
    ASB,
    ASHA,
    BEATEN,
    DOMESTIC,
    DRUGS,
    MOMENT,
    POLICE,
    RUBBISH,
    VIOLENCE,
    answers,
    comes,
    read,
)

UNSURE = "Something strange down our road"
CONTROLLED = read(DOMESTIC, 0.6, coercion=0.99)
"""Of domestic abuse, and of coercion that no word names: not sure enough to go without a person."""
OF_THEME = ("risk", "priority", "due_at", "panels", "kind_of_case", "thrive", "entitlements", "act_first")
"""What of a decision goes by its themes."""
AGAIN = "corrected after a person decided"
JOINED = reference("C", UUID(int=5))


def unsure(loop: Any, number: int, reading: Reading | None = CONTROLLED, **changes: Any) -> Decided:
    """Ann is concerned in something, days after the last time; and whatever that asks for is done."""
    loop.pass_time(timedelta(days=10))
    comes(loop, UNSURE, reading, number, ANN, **changes)
    loop.pass_time(MOMENT)
    return now(loop, number)


def reviewed(loop: Any, number: int = 1, **changes: Any) -> Decided:
    """She answers the report in review."""
    fields = {"report_id": UUID(int=number), "version": now(loop, number).version, "reason": "I rang.", "by": ASHA}
    loop.send(ResolveReview.model_validate(fields | {"action": "confirm"} | changes), str(number), origin="command")
    return now(loop, number)


def linked_after_an_answer(loop: Any, **changes: Any) -> Decided:
    """Her answer to the first of three reports of one victim, and the first as it is once the third has come."""
    assert unsure(loop, 1).in_review
    reviewed(loop, **changes)
    unsure(loop, 2)
    unsure(loop, 3)
    found = now(loop)
    assert found.linked is not None
    return found


def test_a_read_harm_that_she_confirmed_stays_confirmed_when_a_later_report_asks_again(loop: Any) -> None:
    before = unsure(loop, 1).decision
    assert before.second_reading is not None
    assert (before.second_reading.alone, before.themes[0]) == (("coercion",), DOMESTIC)
    found = linked_after_an_answer(loop).decision
    assert found.second_reading is not None
    assert ("coercion" in found.flags, found.second_reading.alone) == (True, ())
    assert "repeat-victim" in found.flags


ANSWERS: dict[str, dict[str, Any]] = {
    "confirm": {},
    "change": {"action": "change", "themes": (DRUGS,)},
    "split": {"action": "split", "themes": (DRUGS, ASB)},
    "merge": {"action": "merge", "case": JOINED},
}


@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS)
@pytest.mark.parametrize(
    ("sign", "first", "panel"),
    [("weapon", (POLICE,), None), ("sexual-violence", (POLICE,), "mash"), ("fire-arson", ("bedfordshire-fire",), None)],
)
def test_a_harm_that_only_the_reader_read_tells_who_acts_first_and_its_panel_once_she_leaves_it(
    loop: Any, sign: str, first: tuple[str, ...], panel: str | None, answer: dict[str, Any]
) -> None:
    before = unsure(loop, 1, read(ASB, 0.6, **{sign.replace("-", "_"): 0.95})).decision
    assert (before.act_first, before.panels, before.flags) == ((), (), (sign,))
    reviewed(loop, **answer)
    for decided in [value for key, value in loop.state.items() if key.startswith("decision:")]:
        made = decided.decision
        assert (made.act_first, made.panels, made.flags) == (first, (panel,) if panel else (), (sign,))
        assert made.second_reading is not None
        assert made.second_reading.alone == ()
        assert_made_again_the_same(decided, loop.rules)


def test_of_a_harm_that_only_the_reader_read_in_what_is_not_ours_nobody_is_told(loop: Any) -> None:
    unsure(loop, 1, read(ASB, 0.6, weapon=0.95))
    made = reviewed(loop, action="not-ours", destination="Luton Council highways").decision
    assert (made.act_first, made.panels, made.entitlements) == ((), (), ())


@pytest.mark.parametrize("so", [True, False], ids=["confirmed", "struck out"])
def test_a_sign_that_is_answered_after_her_leaves_who_was_told_of_the_others(loop: Any, so: bool) -> None:
    unsure(loop, 1, read(ASB, 0.6, weapon=0.95, coercion=0.95))
    reviewed(loop)
    answers(loop, "coercion", so=so)
    found = now(loop)
    assert (found.decision.act_first, "coercion" in found.decision.flags) == ((POLICE,), so)
    assert_made_again_the_same(found, loop.rules)


def test_a_harm_that_she_left_standing_still_tells_who_acts_first_when_a_later_report_asks_again(loop: Any) -> None:
    unsure(loop, 1, read(DOMESTIC, 0.6, weapon=0.95))
    reviewed(loop)
    unsure(loop, 2)
    unsure(loop, 3)
    found = now(loop)
    assert found.linked is not None
    assert found.decision.act_first == (POLICE,)
    assert_made_again_the_same(found, loop.rules)


GIVEN = (DOMESTIC, "safeguarding-children", "hate-extremism", "town-centre", VIOLENCE)


@pytest.mark.parametrize("theme", GIVEN)
@pytest.mark.parametrize("action", ["change", "split"])
def test_a_theme_that_she_gives_brings_its_risk_its_clock_and_its_panels(loop: Any, theme: str, action: str) -> None:
    """As if the rules had been sure of it; of a split that is said of either half."""
    waiting = unsure(loop, 1, read(ASB, 0.6), category="noise")
    counts = Counts(waiting.seen, held=(theme,))
    sure = decide_with(waiting.report, waiting.personal, counts, loop.rules, waiting.day, waiting.reading).decision
    reviewed(loop, action=action, themes=(ASB, theme) if action == "split" else (theme,))
    identity = second_matter(UUID(int=1)) if action == "split" else UUID(int=1)
    made = loop.state[f"decision:{identity}"].decision
    assert [getattr(made, name) for name in OF_THEME] == [getattr(sure, name) for name in OF_THEME]


def test_a_theme_that_she_gives_never_lowers_a_risk_and_never_gives_more_time(loop: Any) -> None:
    before = unsure(loop, 1, read(DOMESTIC, 0.6)).decision
    reviewed(loop, action="change", themes=(ASB,))
    found = now(loop).decision
    assert (before.risk, found.themes) == ("medium", (ASB,))
    kept = ("risk", "priority", "due_at", "thrive")
    assert [getattr(found, name) for name in kept] == [getattr(before, name) for name in kept]
    assert_made_again_the_same(now(loop), loop.rules)


def test_a_case_is_not_named_by_its_category_once_she_gives_a_sensitive_theme(loop: Any) -> None:
    before = unsure(loop, 1, read(ASB, 0.6), category="drug-dealing").decision
    after = reviewed(loop, action="change", themes=(DRUGS,)).decision
    assert (before.kind_of_case, after.kind_of_case) == ("Drug dealing", "Concern for safety")


def test_what_a_victim_may_be_entitled_to_is_counted_under_the_theme_that_she_gives(loop: Any) -> None:
    for number in (1, 2):
        comes(loop, BEATEN, None, number, ANN, category="domestic-abuse")
        loop.pass_time(timedelta(days=10))
    before = unsure(loop, 3, read(ASB, 0.6)).decision
    after = reviewed(loop, 3, action="change", themes=(DOMESTIC,)).decision
    assert "marac-repeat" not in {each.code for each in before.entitlements}
    assert "marac-repeat" in {each.code for each in after.entitlements}
    assert_made_again_the_same(now(loop, 3), loop.rules)


def test_a_decision_that_a_later_report_makes_beside_her_answer_is_the_same_from_its_inputs(loop: Any) -> None:
    found = linked_after_an_answer(loop)
    assert (found.answer, found.decision.confidence, found.decision.disposition) == ("confirm", 1.0, "needs-case")
    assert [each["rule"] for each in found.because].count("person/review") == 1
    assert_made_again_the_same(found, loop.rules)


def test_a_joined_report_goes_on_joining_its_case_when_it_is_made_again(loop: Any) -> None:
    found = linked_after_an_answer(loop, action="merge", case=JOINED)
    assert found.decision.joins == JOINED
    assert_made_again_the_same(found, loop.rules)


def test_a_sign_answered_between_her_answer_and_the_later_report_changes_nothing_of_that(loop: Any) -> None:
    unsure(loop, 1)
    reviewed(loop)
    answers(loop, "weapon", so=True)
    assert_made_again_the_same(now(loop), loop.rules)
    unsure(loop, 2)
    unsure(loop, 3)
    found = now(loop)
    assert found.linked is not None
    assert {"coercion", "weapon", "repeat-victim"} <= set(found.decision.flags)
    assert_made_again_the_same(found, loop.rules)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"action": "change", "themes": (ASB,)},
        {"action": "split", "themes": (ASB, DOMESTIC)},
        {"action": "merge", "case": JOINED},
        {"action": "not-ours", "destination": "Luton Council highways"},
    ],
    ids=["confirm", "change", "split", "merge", "not-ours"],
)
def test_every_answer_is_the_same_made_again(loop: Any, changes: dict[str, Any]) -> None:
    unsure(loop, 1)
    loop.pass_time(timedelta(hours=5))
    assert_made_again_the_same(reviewed(loop, **changes), loop.rules)
    second: Decided | None = loop.state.get(f"decision:{second_matter(UUID(int=1))}")
    assert (second is not None) == (changes.get("action") == "split")
    if second is not None:
        assert second.decision.themes == (DOMESTIC,)
        assert_made_again_the_same(second, loop.rules)


def test_a_birthday_between_the_decision_and_her_answer_makes_no_other_decision(loop: Any) -> None:
    """She answers the day after the rules decided, on which the subject is eighteen."""
    born = date(loop.now.year - 18, loop.now.month, loop.now.day) + timedelta(days=1)
    child = ANN | {"age": None, "date_of_birth": str(born)}
    comes(loop, UNSURE, None, 1, child)
    assert ("child" in now(loop).decision.flags, now(loop).in_review) == (True, True)
    loop.pass_time(timedelta(days=1))
    assert_made_again_the_same(reviewed(loop), loop.rules)
    loop.pass_time(MOMENT)
    body = UndoReview(report_id=UUID(int=1), version=now(loop).version, by=ASHA)
    loop.send(body, "1", origin="command")
    assert now(loop).undone == "confirm"
    assert_made_again_the_same(now(loop), loop.rules)


def test_ages_are_of_the_day_where_the_partnership_is_which_in_summer_begins_an_hour_before_utcs(rules: Rules) -> None:
    loop = MemoryLoop(Deciding(), rules, datetime(2026, 6, 30, 23, 30, tzinfo=UTC))
    comes(loop, UNSURE, CONTROLLED, 1, ANN | {"age": None, "date_of_birth": "2008-07-01"})
    assert ("child" in now(loop).decision.flags, now(loop).day) == (False, date(2026, 7, 1))
    assert_made_again_the_same(now(loop), rules)
    assert_made_again_the_same(reviewed(loop), rules)
    answers(loop, "weapon", so=True)
    assert_made_again_the_same(now(loop), rules)
    old = now(loop).model_copy(update={"ruled_on": None})
    assert stored(old).day == date(2026, 6, 30), "a row from before the day was kept was decided by UTC's"


@pytest.mark.parametrize("changes", [{}, {"action": "change", "themes": (ASB,)}], ids=["confirm", "change"])
def test_a_correction_after_her_answer_is_the_same_made_again(loop: Any, changes: dict[str, Any]) -> None:
    unsure(loop, 1)
    hers = reviewed(loop, **changes).decision
    corrected = unsure(loop, 1, revision=2)
    assert (corrected.decision.themes, corrected.decision.review_reason) == (hers.themes, AGAIN)
    assert_made_again_the_same(corrected, loop.rules)
    assert_made_again_the_same(reviewed(loop), loop.rules)


def test_a_later_report_does_not_take_a_corrected_one_from_who_must_decide_it_again(loop: Any) -> None:
    unsure(loop, 1)
    reviewed(loop)
    for number, revision in ((1, 2), (2, 1), (3, 1)):
        unsure(loop, number, revision=revision)
    found = now(loop)
    assert found.linked is not None
    assert "repeat-victim" in found.decision.flags
    assert (found.in_review, found.decision.review_reason) == (True, AGAIN)
    assert_made_again_the_same(found, loop.rules)


def test_two_rule_sets_are_compared_by_what_they_say_themselves_not_by_her_answer(loop: Any) -> None:
    unsure(loop, 1, None)
    found = reviewed(loop, action="change", themes=(ASB,))
    silent = found.model_copy(update={"reviewed": None})
    assert redecided(found, loop.rules).decision.themes == (ASB,)
    assert redecided(silent, loop.rules).decision.themes == ()
    assert compared([found], loop.rules, loop.rules).changed == 0


@pytest.mark.parametrize("second", [UNSURE, RUBBISH], ids=["disagreed", "agreed"])
def test_a_second_correction_does_not_undo_her_answer_either(loop: Any, second: str) -> None:
    unsure(loop, 1)
    hers = reviewed(loop, action="change", themes=(ASB,)).decision
    comes(loop, second, None, 1, ANN, revision=2)
    assert now(loop).in_review == (second == UNSURE)
    loop.pass_time(MOMENT)
    comes(loop, BEATEN, None, 1, ANN, revision=3, category="domestic-abuse")
    found = now(loop)
    assert (found.report.revision, found.in_review, found.decision.review_reason) == (3, True, AGAIN)
    assert (found.decision.themes, found.decision.lead_agency) == (hers.themes, hers.lead_agency)
    assert_made_again_the_same(found, loop.rules)


def agreed(loop: Any) -> Decided:
    """She answered the report, and a correction left it where she had sent it."""
    unsure(loop, 1)
    hers = reviewed(loop, action="change", themes=("hate-extremism", DRUGS)).decision
    comes(loop, "Drug dealing on the corner, racist abuse shouted.", None, 1, ANN, revision=2)
    found = now(loop)
    assert (found.answer, found.in_review, found.decision.themes) == (None, False, hers.themes)
    loop.pass_time(MOMENT)
    return found


def test_a_strike_after_a_correction_that_agreed_moves_nothing_of_what_she_decided(loop: Any) -> None:
    """Without the sign the hub alone is sure of drugs, which another agency leads."""
    before = agreed(loop).decision
    answers(loop, "hate-race", so=False, revision=2)
    found = now(loop)
    assert ("hate-race" in before.flags, "hate-race" in found.decision.flags) == (True, False)
    assert (found.decision.themes, found.decision.lead_agency) == (before.themes, before.lead_agency)
    assert not found.in_review
    assert_made_again_the_same(found, loop.rules)


@pytest.mark.parametrize("strikes", [1, 2])
def test_new_words_after_a_strike_do_not_undo_her_answer(loop: Any, strikes: int) -> None:
    hers = agreed(loop)
    for _ in range(strikes):
        answers(loop, "hate-race", so=False, revision=2)
        loop.pass_time(MOMENT)
    comes(loop, BEATEN, None, 1, ANN, revision=3, category="domestic-abuse")
    found = now(loop)
    assert (found.in_review, found.decision.review_reason) == (True, AGAIN)
    assert found.decision.themes == hers.decision.themes
    assert_made_again_the_same(found, loop.rules)


TORN = Reading("test", {DOMESTIC: 0.6, ASB: 0.2, NONE: 0.2}, {})
"""Of domestic abuse, and perhaps a nuisance: that is named for the person who decides, and for nobody else."""


@pytest.mark.parametrize(
    ("answer", "themes"),
    [
        ({}, (DOMESTIC,)),
        ({"action": "merge", "case": JOINED}, (DOMESTIC,)),
        ({"action": "change", "themes": (DOMESTIC, ASB)}, (DOMESTIC, ASB)),
    ],
    ids=["confirm", "merge", "change"],
)
def test_what_is_named_only_for_her_to_choose_stays_where_she_says_so(
    loop: Any, answer: dict[str, Any], themes: tuple[str, ...]
) -> None:
    waiting = unsure(loop, 1, TORN)
    assert (waiting.in_review, waiting.decision.themes) == (True, (DOMESTIC, ASB))
    found = reviewed(loop, **answer)
    assert (found.decision.themes, found.decision.settled_themes) == (themes, themes)
    assert_made_again_the_same(found, loop.rules)
    corrected = unsure(loop, 1, TORN, revision=2)
    assert corrected.decision.settled_themes == themes
    assert_made_again_the_same(corrected, loop.rules)


def test_a_report_counts_under_its_settled_themes_alone(loop: Any) -> None:
    unsure(loop, 1, TORN)
    counted = [each for found in loop.state.values() if isinstance(found, Sightings) for each in found.reports]
    assert {each.themes for each in counted} == {(DOMESTIC,)}
