"""The second reader counts beside other evidence, and is never the only reason for a decision."""

from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np
import pytest

from schemas.events import ReportFacts
from services.triage.domain.deciding import Counts, Decided, Rules, decide_report
from services.triage.domain.lexicon import Lexicon
from services.triage.domain.reading import (
    ALARMED,
    CONTRADICTED,
    DOUBTED,
    FURTHER,
    HARM,
    NONE,
    PRESENT,
    SUSPECTED,
    Reading,
    suspected,
    weighed,
)
from services.triage.domain.second_look import asks
from services.triage.domain.weighing import PERHAPS, asks_reading
from services.triage.rule_set import read_rules
from services.triage.second_reader import (
    BUCKETS,
    FURTHER_PIECES,
    NEARNESS,
    WEIGHTS,
    Model,
    Said,
    SecondReader,
    Vector,
    grams,
    load,
    nearness,
    save,
)

LUTON = Path(__file__).parents[3] / "partnerships" / "luton"
NOW = datetime(2026, 3, 2, 10, tzinfo=UTC)
NO_WORD_OF_ITS = "It was quiet again on Tuesday."
ONE_WORD_OF_ITS = "She is quiet when her husband is there."
"""Of domestic abuse: the word says nothing by itself."""


@pytest.fixture(scope="module")
def rules() -> Rules:
    return read_rules(LUTON)


REPORT = ReportFacts(
    report_id=UUID(int=1), reference="R-222-222-222", source_id="1", channel="online", kind="incident",
    received_at=NOW, danger_now=False,
)  # fmt: skip


def decided(rules: Rules, words: str, reading: Reading | None) -> Decided:
    return decide_report(REPORT, {"description": words}, Counts(), rules, date(2026, 3, 2), reading)


def reading(theme: str, chance: float, **flags: float) -> Reading:
    return Reading("test", {theme: chance, NONE: 1 - chance}, flags)


def test_a_theme_that_only_the_reader_sees_goes_to_a_person(rules: Rules) -> None:
    made = decided(rules, "It was odd.", reading("town-centre", 0.99)).decision
    assert (made.disposition, made.review_reason) == ("review", "only the second reader says so")
    assert made.themes[0] == "town-centre"


def test_a_theme_that_the_words_say_too_is_decided(rules: Rules) -> None:
    made = decided(rules, "Somebody is begging.", reading("town-centre", 0.95)).decision
    assert (made.disposition, made.themes[0]) == ("needs-case", "town-centre")


def test_harm_that_only_the_reader_suspects_is_no_flag_and_goes_to_a_person(rules: Rules) -> None:
    made = decided(rules, "Somebody is begging.", reading("town-centre", 0.95, coercion=SUSPECTED)).decision
    assert (made.flags, made.disposition) == ((), "review")
    assert suspected(reading("town-centre", 0.9, coercion=0.9), []) == ["coercion"]


LONG = "The bicycle stood by the library. " * 40
"""Longer than what is read at once."""


def test_a_plain_word_counts_beyond_what_was_read_whatever_the_reader_says_of_the_rest(rules: Rules) -> None:
    harmless = Reading(
        "test", {NONE: 0.97, "town-centre": 0.03}, {"weapon": 0.01, "strangulation": 0.01, "injury": 0.01}
    )
    words = f"{LONG} My husband strangled me and held a knife to my throat."
    assert decided(rules, words, harmless).decision.disposition == "not-ours"
    made = decided(rules, words, replace(harmless, until=len(LONG))).decision
    assert {"weapon", "strangulation"} <= set(made.flags)
    assert (made.risk, made.disposition) == ("high", "review")


@dataclass
class Piecewise:
    """Reads fifty code points at once, and finds harm where the word for it is."""

    asked: list[str] = field(default_factory=list)

    def embed(self, text: str) -> Said:
        self.asked.append(text)
        scores = np.array([0, 4, 4.0 if "hurt" in text[:50] else -4.0], np.float32)
        return Said(np.ones(2, np.float32), scores, 50 if len(text) > 50 else None)

    def meaning(self, text: str) -> Vector:
        return self.embed(text).meaning


@pytest.mark.parametrize(("pieces", "seen"), [(1, True), (FURTHER_PIECES, True), (FURTHER_PIECES + 1, False)])
def test_the_rest_of_a_long_text_is_read_for_harm_up_to_a_limit(rules: Rules, pieces: int, seen: bool) -> None:
    three = np.zeros(3, np.float32)
    model = Model(
        name="test", themes=("a", NONE), flags=("injury",), signals=(), idf=np.zeros(BUCKETS, np.float32),
        centre=np.zeros(2, np.float32), directions=np.eye(2, dtype=np.float32), points=np.zeros((0, 2), np.float32),
        pulls=np.zeros((0, 3), np.float32), weights=np.zeros((3, BUCKETS), np.float32), shares=three + 1, bias=three,
    )  # fmt: skip
    embedder = Piecewise()
    text = "nine code " * 5 * pieces + "hurt"
    read = SecondReader(model, embedder).read(text, rules.reader.lexicon)
    assert (read.flags["injury"] > 0.9, read.until) == (seen, 50)
    assert max(read.themes, key=lambda each: read.themes[each]) == NONE
    assert len(embedder.asked) == min(pieces, FURTHER_PIECES) + 1


def test_some_harm_that_the_reader_cannot_name_goes_to_a_person_where_none_is_flagged(rules: Rules) -> None:
    made = decided(rules, "Somebody is begging.", reading("town-centre", 0.95, **{HARM: PRESENT})).decision
    assert (made.flags, made.disposition) == ((), "review")
    assert made.review_reason == "the second reader suspects: harm"
    less = decided(rules, "Somebody is begging.", reading("town-centre", 0.95, **{HARM: PRESENT - 0.01})).decision
    assert less.disposition == "needs-case"


def test_some_harm_is_never_a_flag_however_sure_the_reader_is(rules: Rules) -> None:
    made = decided(rules, "Somebody is begging.", reading("town-centre", 0.95, **{HARM: 0.99}))
    assert made.decision.flags == ()
    assert f"read-alone/{HARM}" not in [each.rule for each in made.because]


@pytest.mark.parametrize(("chance", "seen"), [(FURTHER, ["child"]), (FURTHER - 0.01, [])])
def test_beside_a_flagged_harm_a_further_one_must_be_plainer(chance: float, seen: list[str]) -> None:
    assert suspected(reading("a", 0.9, weapon=0.9, child=chance, **{HARM: 0.99}), ["weapon"]) == seen


def test_what_is_no_harm_of_the_readers_keeps_no_harm_from_being_suspected() -> None:
    assert suspected(reading("a", 0.9, child=SUSPECTED), ["repeat-place"]) == ["child"]


def test_a_named_harm_is_told_instead_of_some_harm() -> None:
    assert suspected(reading("a", 0.9, child=SUSPECTED, **{HARM: 0.99}), []) == ["child"]


def test_harm_that_only_the_reader_sees_plainly_is_flagged_as_not_confirmed_and_tells_nobody_else(rules: Rules) -> None:
    made = decided(rules, "Somebody is begging.", reading("town-centre", 0.95, weapon=0.9))
    assert (made.decision.flags, made.decision.risk, made.decision.disposition) == (("weapon",), "high", "needs-case")
    assert made.decision.second_reading is not None
    assert (made.decision.second_reading.alone, made.decision.second_reading.suspects) == (("weapon",), ())
    assert made.decision.act_first == ()
    assert "read-alone/weapon" in [each.rule for each in made.because]


def test_harm_that_a_word_names_is_not_the_readers_alone(rules: Rules) -> None:
    made = decided(rules, "Begging with a knife.", reading("town-centre", 0.95, weapon=0.9)).decision
    assert made.second_reading is not None
    assert (made.flags, made.second_reading.alone) == (("weapon",), ())


@pytest.mark.parametrize("harm", [{}, {"coercion": 0.9}])
def test_a_theme_of_which_only_the_reader_speaks_goes_to_a_person(rules: Rules, harm: dict[str, float]) -> None:
    made = decided(rules, ONE_WORD_OF_ITS, reading("domestic-abuse-osse", 0.95, **harm)).decision
    assert (made.flags, made.disposition) == (tuple(harm), "needs-case")
    made = decided(rules, NO_WORD_OF_ITS, reading("domestic-abuse-osse", 0.95, **harm)).decision
    assert (made.flags, made.review_reason) == (tuple(harm), "only the second reader says so")


def test_harm_that_only_the_reader_sees_goes_to_a_person_where_the_theme_is_not_sure(rules: Rules) -> None:
    made = decided(rules, "Somebody is begging.", reading("town-centre", 0.6, weapon=0.9)).decision
    assert (made.flags, made.disposition, made.review_reason) == (("weapon",), "review", "the evidence is weak")


@pytest.mark.parametrize(("share", "named"), [(PERHAPS + 0.01, True), (PERHAPS - 0.01, False)])
def test_where_a_person_decides_on_one_theme_the_next_likeliest_is_named_beside_it(
    rules: Rules, share: float, named: bool
) -> None:
    chances = {"town-centre": 0.7, "hate-extremism": 0.7 * share, NONE: 0.3 - 0.7 * share}
    made = decided(rules, "It was odd.", Reading("test", chances, {})).decision
    assert (made.disposition, made.settled_themes) == ("review", ("town-centre",))
    assert made.themes == (("town-centre", "hate-extremism") if named else ("town-centre",))
    alone = decided(rules, "It was odd.", Reading("test", {"town-centre": 0.7, NONE: 0.3}, {})).decision
    assert (made.lead_agency, made.joint_leads, made.panels) == (alone.lead_agency, alone.joint_leads, alone.panels)


def test_where_nobody_decides_no_further_theme_is_named_for_anybody(rules: Rules) -> None:
    chances = {"town-centre": 0.86, "hate-extremism": 0.13, NONE: 0.01}
    assert chances["hate-extremism"] > PERHAPS * chances["town-centre"]
    made = decided(rules, "Somebody is begging.", Reading("test", chances, {})).decision
    assert (made.disposition, made.themes) == ("needs-case", ("town-centre",))


def test_danger_that_only_the_reader_sees_is_flagged_and_still_put_before_a_person(rules: Rules) -> None:
    less = decided(
        rules, "Somebody is begging.", reading("town-centre", 0.95, **{"danger-now": ALARMED - 0.01})
    ).decision
    assert (less.flags, less.disposition) == ((), "review")
    made = decided(rules, "Somebody is begging.", reading("town-centre", 0.95, **{"danger-now": ALARMED})).decision
    assert (made.flags, made.risk, made.disposition) == (("danger-now",), "high", "review")
    assert made.review_reason == "the second reader suspects: danger-now"


@pytest.mark.parametrize(("chance", "flags"), [(CONTRADICTED, ("weapon",)), (CONTRADICTED - 0.01, ())])
def test_harm_that_the_writer_seems_to_deny_goes_to_a_person_and_is_flagged_where_the_reader_sees_it_plainly(
    rules: Rules, chance: float, flags: tuple[str, ...]
) -> None:
    made = decided(rules, "Somebody is begging, no weapon seen.", reading("town-centre", 0.95, weapon=chance)).decision
    assert (made.flags, made.disposition) == (flags, "review")
    assert made.review_reason == "the second reader suspects: weapon"


@pytest.mark.parametrize(("chance", "flags"), [(DOUBTED, ("weapon",)), (DOUBTED - 0.01, ())])
def test_a_word_for_a_harm_counts_unless_the_whole_text_speaks_against_it(
    rules: Rules, chance: float, flags: tuple[str, ...]
) -> None:
    made = decided(rules, "They sharpen knives on the market.", reading(NONE, 0.99, weapon=chance))
    assert made.decision.flags == flags
    told = {each.rule: each for each in made.because}
    if not flags:
        doubt = told["second-reader/not-weapon"]
        assert (doubt.text, doubt.start, doubt.end, doubt.negated) == ("knives", 13, 19, True)


def test_a_hint_is_a_reason_to_read_and_a_flag_is_none(rules: Rules) -> None:
    cues: dict[str, Any] = {
        "negations": {"before": [], "after": []},
        "historic": [],
        "hypothetical": [],
        "figurative": [],
    }
    words = Lexicon({**cues, "signals": {}, "hints": {"child": ["lad"]}})
    hinting = replace(rules, reader=replace(rules.reader, lexicon=words))
    assert decided(hinting, "There was one lad at the gate.", None).hinted
    assert not decided(hinting, "There was a shout at the gate.", None).hinted


@pytest.mark.parametrize(
    ("hinted", "supposed", "danger", "asks"),
    [
        (True, False, (), True),
        (False, False, (), False),
        (True, False, ("danger-now",), False),
        (False, True, ("danger-now",), True),
    ],
)
def test_who_is_sure_is_read_again_only_for_a_hint_and_never_in_danger_that_is_told(
    rules: Rules, hinted: bool, supposed: bool, danger: tuple[str, ...], asks: bool
) -> None:
    told = asks_reading(REPORT, 0.99, danger, rules.partnership, hinted=hinted, supposed=supposed)
    assert told is asks


HINTS_AT_DANGER = "Lads are begging by the bank, still there."


def test_a_hint_at_danger_is_danger_where_nobody_reads_and_the_reader_is_asked(rules: Rules) -> None:
    made = decided(rules, HINTS_AT_DANGER, None)
    assert (made.decision.flags, made.decision.disposition) == (("danger-now",), "needs-case")
    assert asks(REPORT, {"description": HINTS_AT_DANGER}, made, rules)
    told = REPORT.model_copy(update={"danger_now": True})
    day = date(2026, 3, 2)
    said = decide_report(told, {"description": HINTS_AT_DANGER}, Counts(), rules, day)
    assert not asks(told, {"description": HINTS_AT_DANGER}, said, rules), "a call-taker who says so is not asked back"


@pytest.mark.parametrize(
    ("chance", "flags", "disposition"),
    [
        (ALARMED, ("danger-now",), "needs-case"),
        (ALARMED - 0.01, (), "review"),
        (SUSPECTED - 0.01, (), "needs-case"),
    ],
)
def test_a_hint_at_danger_is_what_the_reader_makes_of_the_whole_text(
    rules: Rules, chance: float, flags: tuple[str, ...], disposition: str
) -> None:
    made = decided(rules, HINTS_AT_DANGER, reading("town-centre", 0.95, **{"danger-now": chance})).decision
    assert (made.flags, made.disposition) == (flags, disposition)


def test_a_person_looks_for_danger_that_words_hint_at_whatever_else_is_flagged(rules: Rules) -> None:
    words = "Lads are begging by the bank with a machete, still there."
    made = decided(rules, words, reading("town-centre", 0.95, weapon=0.99, **{"danger-now": SUSPECTED})).decision
    assert (made.flags, made.disposition) == (("weapon",), "review")
    assert made.review_reason == "the second reader suspects: danger-now"


def test_a_hint_at_danger_beyond_what_was_read_is_danger(rules: Rules) -> None:
    read = replace(reading("town-centre", 0.95, **{"danger-now": 0.01}), until=len(LONG))
    assert decided(rules, f"{LONG} {HINTS_AT_DANGER}", read).decision.flags == ("danger-now",)


def test_the_same_inputs_give_the_same_answer(rules: Rules) -> None:
    read = reading("town-centre", 0.6, child=0.3)
    assert decided(rules, "Lads are begging.", read) == decided(rules, "Lads are begging.", read)


def test_own_evidence_raises_a_chance_and_chances_sum_to_one() -> None:
    read = Reading("test", {"a": 0.4, "b": 0.6}, {})
    assert weighed(read, {"a": 0.5})["a"] > weighed(read, {})["a"]
    assert weighed(read, {"a": 0.5})["a"] == pytest.approx(0.5, abs=1e-3)
    assert sum(weighed(read, {"a": 0.5}).values()) == pytest.approx(1.0, abs=1e-3)


def test_a_word_that_goes_with_the_theme_supports_the_reader_and_stands_among_the_reasons(rules: Rules) -> None:
    words = "Cardboard and a blanket again."
    assert "town-centre" not in decided(rules, words, None).decision.themes
    made = decided(rules, words, reading("town-centre", 0.95))
    assert (made.decision.disposition, made.decision.themes[0]) == ("needs-case", "town-centre")
    said = [each.text for each in made.because if each.rule == "words/town-centre"]
    assert said == ["Cardboard"]


def test_a_report_that_words_and_reader_place_nowhere_is_not_ours_and_named(rules: Rules) -> None:
    made = decided(rules, "It was odd.", reading("town-centre", 0.04)).decision
    assert made.disposition == "not-ours"
    assert made.destination == "The police and other agencies, within their own operating practices"
    assert decided(rules, "It was odd.", None).decision.disposition == "review"
    assert decided(rules, "It was odd.", reading("town-centre", 0.3)).decision.disposition == "review"


def test_words_that_name_a_theme_keep_the_reader_from_sending_a_report_away(rules: Rules) -> None:
    made = decided(rules, "Somebody is begging.", reading("town-centre", 0.02)).decision
    assert made.disposition == "review"


def test_harm_keeps_a_report_from_being_sent_away(rules: Rules) -> None:
    made = decided(rules, "He had a knife.", reading("town-centre", 0.02, weapon=0.9)).decision
    assert made.disposition == "review"


def test_a_kept_model_reads_as_the_one_that_was_saved(tmp_path: Path) -> None:
    model = Model(
        name="m", themes=("a", NONE), flags=("child",), signals=("?child",), idf=np.ones(BUCKETS, np.float32),
        centre=np.zeros(3, np.float32), directions=np.eye(3, 2, dtype=np.float32), points=np.eye(2, dtype=np.float32),
        pulls=np.array([[1, 0, 0.5], [0, 1, 0]], np.float32), weights=np.full((3, BUCKETS + 1), 0.25, np.float32),
        shares=np.array([0.5, 0.5, 2], np.float32), bias=np.array([1, 0, -1], np.float32),
    )  # fmt: skip
    save(model, tmp_path / WEIGHTS)
    kept = load(tmp_path)
    assert kept is not None
    words, said = model.words("a lad", ()), Said(np.array([3, 4, 9], np.float32), np.array([1, 0, 1], np.float32))
    assert model.meaning(said.meaning) == pytest.approx([0.6, 0.8])
    assert kept.read(words, said) == model.read(words, said)
    first = (tmp_path / WEIGHTS).read_bytes()
    save(kept, tmp_path / WEIGHTS)
    assert (tmp_path / WEIGHTS).read_bytes() == first


def test_what_the_embedder_says_of_a_theme_or_a_harm_counts_by_its_share() -> None:
    model = Model(
        name="m", themes=("a", NONE), flags=("child",), signals=(), idf=np.ones(BUCKETS, np.float32),
        centre=np.zeros(2, np.float32), directions=np.eye(2, dtype=np.float32), points=np.eye(2, dtype=np.float32),
        pulls=np.zeros((2, 3), np.float32), weights=np.zeros((3, BUCKETS), np.float32),
        shares=np.array([1, 1, 2], np.float32), bias=np.zeros(3, np.float32),
    )  # fmt: skip
    words, meaning = model.words("a lad", ()), np.ones(2, np.float32)
    quiet, loud = (model.read(words, Said(meaning, np.array(said, np.float32))) for said in ([0, 0, 0], [3, 0, 1]))
    assert (quiet.themes["a"], quiet.flags["child"]) == (0.5, 0.5)
    assert loud.themes["a"] == pytest.approx(1 / (1 + np.exp(-3)), abs=1e-4)
    assert loud.flags["child"] == pytest.approx(1 / (1 + np.exp(-2)), abs=1e-4)


def test_nearness_is_greatest_where_the_meaning_is_the_same_and_falls_with_distance() -> None:
    points = np.array([[1, 0], [0.6, 0.8], [-1, 0]], np.float32)
    near = nearness(points, np.array([1, 0], np.float32))
    assert near[0] == pytest.approx(NEARNESS)
    assert near[0] > near[1] > near[2] > 0


def test_a_partnership_without_weights_has_no_reader(tmp_path: Path) -> None:
    assert load(tmp_path) is None


def test_letters_do_not_depend_on_case_or_apostrophes() -> None:
    assert grams("DON'T go") == grams("dont GO")
