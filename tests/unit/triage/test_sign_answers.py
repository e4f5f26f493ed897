"""A person confirms or strikes out a sign on a case: its reports are decided again with her answer."""

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from schemas.case_life import ReportOfSign, SignConfirmed, SignStruckOut
from schemas.events import Actor, ReportWithdrawn
from schemas.personal import seal
from services.kernel.testing import MemoryLoop
from services.triage.domain.deciding import Rules
from services.triage.domain.reading import NONE, Reading
from services.triage.domain.state import Decided
from services.triage.messages import ResolveReview, TextRead
from services.triage.review_views import fired
from tests.unit.referrals.made import open_case
from tests.unit.triage.deciding import assert_made_again_the_same, kept, now, send

LUTON = Path("partnerships/luton")
WAIT = timedelta(seconds=5)
MOMENT = timedelta(minutes=1)
ASB, DOMESTIC, VIOLENCE = "asb-environmental", "domestic-abuse-osse", "violence-exploitation"
DRUGS = "drugs-alcohol-mental-health"
POLICE, STREETS = "bedfordshire-police", "luton-council-neighbourhood-services"
PUBLIC_HEALTH = "luton-council-public-health"
ASHA = Actor(kind="person", id="asha-venn", name="Asha Venn", agency=STREETS)
BEATEN = "My husband hit me again, I am frightened of my partner. He had a knife. Domestic abuse."
RUBBISH = "Fly-tipping again, rubbish and mattresses dumped by the garages, and she looked unhappy"
ANN = {"id": "a", "role": "victim", "name": "Nobody Ann", "age": 30}
CASE = UUID(int=77)


def comes(
    loop: MemoryLoop, words: str, reading: Reading | None = None, number: int = 1, *people: Any, **changes: Any
) -> Decided:
    """A report is received, where there is a reading it waits for it; how it was decided."""
    loop.rules = replace(loop.rules, reading_wait=WAIT if reading else None)
    send(loop, number, words, *people, **changes)
    if reading is not None:
        asked: Any = loop.jobs[-1].payload
        body = TextRead(report_id=asked.report_id, asked=asked.asked, keys=asked.keys, reading=reading)
        loop.send(body, str(number), origin="result")
    return now(loop, number)


def read(theme: str, chance: float = 0.95, **flags: float) -> Reading:
    named = {flag.replace("_", "-"): value for flag, value in flags.items()}
    return Reading("test", {theme: chance, NONE: round(1 - chance, 3)}, named)


def answers(
    loop: MemoryLoop, sign: str, *, so: bool, numbers: tuple[int, ...] = (1,), revision: int = 1, **more: Any
) -> None:
    """She answers a sign of the case; `at` is when, `message_id` the event's own."""
    at: datetime = more.pop("at", loop.now)
    loop.send(
        (SignConfirmed if so else SignStruckOut)(
            case=open_case(CASE, at),
            at=at,
            by=ASHA,
            changed={"sign": sign},
            reports=tuple(ReportOfSign(report_id=UUID(int=each), revision=revision) for each in numbers),
        ),
        str(CASE),
        **more,
    )


def test_a_sign_that_was_only_read_counts_as_known_once_she_confirms_it(loop: MemoryLoop, rules: Rules) -> None:
    before = comes(loop, RUBBISH, read(ASB, suicide_self_harm=0.9)).decision
    assert before.second_reading is not None
    assert (before.second_reading.alone, before.act_first) == (("suicide-self-harm",), ())
    assert "mash" not in before.panels
    loop.pass_time(MOMENT)
    answers(loop, "suicide-self-harm", so=True)
    after = now(loop)
    assert after.decision.second_reading is not None
    assert (after.decision.second_reading.alone, after.decision.act_first) == ((), (POLICE,))
    assert ("mash" in after.decision.panels, "suicide-self-harm" in after.decision.flags) == (True, True)
    assert (after.version, after.decided_by, [each.version for each in kept(loop)]) == (2, "hub", [1])
    event = loop.events[-1].body
    assert (event.TYPE, event.answered.sign, event.answered.confirmed, event.answered.by) == (
        "ReportTriaged", "suicide-self-harm", True, ASHA,
    )  # fmt: skip
    assert event.earlier.lead_agency == before.lead_agency
    assert_made_again_the_same(now(loop), rules)


@pytest.mark.parametrize("only_read", [False, True], ids=["told by words", "only read"])
def test_a_sign_that_she_struck_out_does_not_count(loop: MemoryLoop, rules: Rules, only_read: bool) -> None:
    if only_read:
        before = comes(loop, RUBBISH, read(ASB, weapon=0.9)).decision
    else:
        before = comes(loop, BEATEN, category="domestic-abuse").decision
    assert ("weapon" in before.flags, before.risk) == (True, "high")
    loop.pass_time(MOMENT)
    answers(loop, "weapon", so=False)
    after = now(loop).decision
    assert "weapon" not in after.flags
    assert after.risk in ("standard", "medium")
    assert after.priority > before.priority
    assert (before.due_at and after.due_at and after.due_at > before.due_at) is True
    assert (after.themes[0], after.lead_agency, after.disposition) == (
        before.themes[0], before.lead_agency, before.disposition,
    )  # fmt: skip
    told = [each for each in now(loop).because if each["rule"] == "struck-out/weapon"]
    assert [(each["field"], each["negated"]) for each in told] == [("signs" if only_read else "description", True)]
    assert_made_again_the_same(now(loop), rules)


def test_a_strike_leaves_the_other_signs_as_they_were(loop: MemoryLoop) -> None:
    comes(loop, RUBBISH, read(ASB, weapon=0.9, coercion=0.9))
    answers(loop, "weapon", so=False)
    after = now(loop).decision
    assert after.flags == ("coercion",)
    assert after.second_reading is not None
    assert (after.second_reading.alone, after.second_reading.suspects) == (("coercion",), ())


def test_a_confirmed_sign_hides_nothing_else_that_was_read(loop: MemoryLoop, rules: Rules) -> None:
    """With it the tables alone would be sure, and would not ask the second reader any more."""
    comes(
        loop,
        "People fight there most nights, a man was assaulted.",
        read(VIOLENCE, trafficking=0.9, coercion=0.9),
    )
    loop.pass_time(MOMENT)
    answers(loop, "trafficking", so=True)
    after = now(loop).decision
    assert {"trafficking", "coercion"} <= set(after.flags)
    assert after.second_reading is not None
    assert after.second_reading.alone == ("coercion",)
    assert_made_again_the_same(now(loop), rules)


def test_a_strike_moves_the_report_to_whose_it_is_without_the_sign_and_the_old_lead_is_named(
    loop: MemoryLoop, rules: Rules
) -> None:
    before = comes(loop, "Drug dealing on the corner, racist abuse shouted.").decision
    assert before.themes == ("hate-extremism", DRUGS)
    answers(loop, "hate-race", so=False)
    event = loop.events[-1].body
    assert event.decision.themes == (DRUGS,)
    assert (event.earlier.lead_agency, event.decision.lead_agency) == (before.lead_agency, PUBLIC_HEALTH)
    assert before.lead_agency == "luton-council-citizen-engagement"
    assert_made_again_the_same(now(loop), rules)


def test_a_confirmed_sign_may_move_the_report_where_all_evidence_is_sure_of_another_theme(
    loop: MemoryLoop, rules: Rules
) -> None:
    before = comes(loop, RUBBISH, read(ASB, 0.9, stalking=0.9))
    sure = read(DOMESTIC, 0.9, stalking=0.9)
    loop.state[f"decision:{UUID(int=1)}"] = before.model_copy(update={"reading": sure})
    answers(loop, "stalking", so=True)
    event = loop.events[-1].body
    assert (event.earlier.lead_agency, event.decision.lead_agency) == (STREETS, PUBLIC_HEALTH)
    assert event.decision.themes[0] == DOMESTIC
    assert_made_again_the_same(now(loop), rules)


def test_where_a_strike_leaves_the_theme_unsure_the_report_stays_where_it_is_and_does_not_go_to_review(
    loop: MemoryLoop, rules: Rules
) -> None:
    before = comes(loop, "They were carrying knives", category=None).decision
    assert (before.disposition, before.themes) == ("needs-case", (VIOLENCE,))
    answers(loop, "weapon", so=False)
    after = now(loop)
    assert (after.in_review, after.decision.review_reason) == (False, None)
    kept_ = ("themes", "lead_agency", "disposition", "confidence")
    assert [getattr(after.decision, name) for name in kept_] == [getattr(before, name) for name in kept_]
    assert ("weapon" in after.decision.flags, after.decision.risk) == (False, "medium")
    assert_made_again_the_same(now(loop), rules)


def in_review(loop: MemoryLoop, number: int = 1, **answer: Any) -> None:
    """It waits for a person, and she answers."""
    known = now(loop, number)
    loop.state[f"decision:{UUID(int=number)}"] = known.model_copy(update={"in_review": True})
    fields = {"report_id": UUID(int=number), "version": known.version, "reason": "Seen before.", "by": ASHA}
    loop.send(ResolveReview.model_validate(fields | answer), str(number), origin="command")


def test_what_a_person_decided_in_the_review_is_not_undone_by_an_answer_on_the_case(
    loop: MemoryLoop, rules: Rules
) -> None:
    comes(loop, BEATEN, category="domestic-abuse")
    in_review(loop, action="change", themes=(ASB,))
    answers(loop, "weapon", so=False)
    after = now(loop)
    assert (after.answer, after.reason, after.in_review) == ("change", "Seen before.", False)
    assert (after.decision.themes, after.decision.lead_agency) == ((ASB,), STREETS)
    assert (after.decision.confidence, after.decision.risk != "high") == (1.0, True)
    assert after.because[-1]["rule"] == "person/review"
    assert_made_again_the_same(now(loop), rules)


def test_a_report_that_waits_for_a_person_goes_on_waiting_on_its_first_clock(loop: MemoryLoop, rules: Rules) -> None:
    comes(loop, "Something odd on our road", read(ASB, 0.5, coercion=0.9))
    since = now(loop).decided_at
    assert now(loop).in_review
    loop.pass_time(MOMENT)
    answers(loop, "coercion", so=False)
    after = now(loop)
    assert (after.in_review, after.waits_since, loop.events[-1].body.TYPE) == (True, since, "ReviewRequested")
    assert_made_again_the_same(now(loop), rules)


def test_an_answer_that_comes_twice_and_one_that_comes_after_a_later_one_change_nothing(loop: MemoryLoop) -> None:
    comes(loop, BEATEN, category="domestic-abuse")
    event, early = uuid4(), loop.now
    loop.pass_time(MOMENT)
    answers(loop, "weapon", so=False, message_id=event)
    once = now(loop)
    answers(loop, "weapon", so=False, message_id=event)
    answers(loop, "weapon", so=False)
    answers(loop, "weapon", so=True, at=early)
    assert now(loop) == once
    assert (len(loop.events), loop.tallies["redecided/sign"]) == (2, 1)


def test_a_later_answer_takes_the_place_of_an_earlier_one(loop: MemoryLoop, rules: Rules) -> None:
    first = comes(loop, BEATEN, category="domestic-abuse").decision
    answers(loop, "weapon", so=False)
    loop.pass_time(MOMENT)
    answers(loop, "weapon", so=True)
    assert (now(loop).decision.flags, now(loop).decision.risk) == (first.flags, "high")
    assert now(loop).answers is not None
    assert [each.confirmed for each in now(loop).answers.signs] == [True]  # type: ignore[union-attr]
    assert [each.version for each in kept(loop)] == [1, 2]
    assert_made_again_the_same(now(loop), rules)


def test_every_report_of_the_case_that_has_the_sign_is_decided_again_and_asks_nobody_further(loop: MemoryLoop) -> None:
    for number in (1, 2, 3):
        comes(loop, BEATEN, None, number, category="domestic-abuse")
    before = len(loop.events)
    answers(loop, "weapon", so=False, numbers=(1, 3, 9))
    assert [now(loop, number).version for number in (1, 2, 3)] == [2, 1, 2]
    assert len(loop.events) == before + 2
    assert loop.timers == {}


def test_new_words_of_the_sender_say_again_what_was_struck_out_and_keep_what_was_confirmed(
    loop: MemoryLoop, rules: Rules
) -> None:
    comes(loop, RUBBISH, read(ASB, suicide_self_harm=0.9, weapon=0.9))
    answers(loop, "weapon", so=False)
    answers(loop, "suicide-self-harm", so=True)
    loop.pass_time(MOMENT)
    comes(loop, BEATEN, category="domestic-abuse", revision=2)
    after = now(loop)
    assert {"weapon", "suicide-self-harm"} <= set(after.decision.flags)
    assert (after.decision.themes[0], loop.events[-1].body.answered) == (DOMESTIC, None)
    assert_made_again_the_same(now(loop), rules)


@pytest.mark.parametrize(("so", "versions"), [(False, 2), (True, 3)], ids=["struck out", "confirmed"])
def test_an_answer_to_words_that_were_corrected_meanwhile_confirms_but_does_not_strike(
    loop: MemoryLoop,
    so: bool,
    versions: int,
) -> None:
    comes(loop, BEATEN, category="domestic-abuse")
    comes(loop, BEATEN + " He still has it.", category="domestic-abuse", revision=2)
    answers(loop, "weapon", so=so, revision=1)
    assert ("weapon" in now(loop).decision.flags, now(loop).version) == (True, versions)


def test_a_report_that_was_taken_back_or_is_of_the_past_stays_as_it_was(loop: MemoryLoop) -> None:
    known = comes(loop, BEATEN, category="domestic-abuse")
    facts = known.report.model_copy(update={"revision": 2})
    loop.send(ReportWithdrawn(report=facts, personal=seal({})), "1")
    comes(loop, BEATEN, None, 2, category="domestic-abuse", historic=True)
    before = [now(loop, number) for number in (1, 2)]
    answers(loop, "weapon", so=True, numbers=(1, 2))
    assert [now(loop, number) for number in (1, 2)] == before


def test_a_later_report_about_the_same_person_finds_the_answer_still_in_force(loop: MemoryLoop, rules: Rules) -> None:
    for number in (1, 2, 3):
        loop.pass_time(timedelta(days=10))
        comes(loop, BEATEN, None, number, ANN, category="domestic-abuse")
        if number == 1:
            answers(loop, "weapon", so=False)
        loop.pass_time(MOMENT)
    first = now(loop)
    assert first.linked is not None
    assert {each.code for each in first.decision.entitlements} >= {"marac-repeat"}
    assert "weapon" not in first.decision.flags
    assert loop.events[-1].body.linked == "R-3"
    assert all(event.body.answered is None for event in loop.events[2:])
    assert_made_again_the_same(now(loop), rules)


@pytest.mark.parametrize("sign", ["child", "repeat-place"])
def test_what_the_record_itself_holds_is_corrected_there_and_not_struck_out(loop: MemoryLoop, sign: str) -> None:
    """A date of birth and a count are facts, not signs that somebody read into words."""
    for number in (1, 2, 3):
        comes(loop, "Fly-tipping.", None, number, {"id": "p", "role": "victim", "age": 9}, category="noise",
              cell="8a194ad32b67fff", occurred_at=loop.now)  # fmt: skip
        loop.pass_time(timedelta(days=10))
    assert sign in now(loop, 3).decision.flags
    answers(loop, sign, so=False, numbers=(3,))
    assert sign in now(loop, 3).decision.flags


def test_who_reads_the_evidence_is_told_in_words_that_the_sign_was_struck_out(loop: MemoryLoop, rules: Rules) -> None:
    comes(loop, BEATEN, category="domestic-abuse")
    answers(loop, "weapon", so=False)
    said = fired(now(loop), rules.reader.tables.rows, rules.partnership, {})["struck-out/weapon"]
    assert said["says"] == "Weapon: struck out on its case"


@pytest.mark.parametrize("confirmed", [False, True])
def test_new_words_are_read_though_a_confirmed_sign_alone_would_be_sure_of_them(
    loop: MemoryLoop, confirmed: bool
) -> None:
    comes(loop, "People fight there most nights, a man was assaulted.", read(VIOLENCE, trafficking=0.9))
    if confirmed:
        answers(loop, "trafficking", so=True)
    before = len(loop.jobs)
    later = read(VIOLENCE, trafficking=0.9, coercion=0.9)
    after = comes(loop, "People fight there most nights, a man was assaulted again.", later, revision=2).decision
    assert len(loop.jobs) == before + 1
    assert after.second_reading is not None
    assert ("coercion" in after.flags, "coercion" in after.second_reading.alone) == (True, True)
