"""The second reader counts beside other evidence, and is never the only reason for a decision."""

from datetime import UTC, date, datetime
from pathlib import Path
from uuid import UUID

import numpy as np
import pytest

from schemas.events import ReportFacts
from services.triage.domain.deciding import Counts, Decided, Rules, decide_report
from services.triage.domain.reading import NONE, Reading, suspected, weighed
from services.triage.rule_set import read_rules
from services.triage.second_reader import WEIGHTS, Model, grams, load, save

LUTON = Path(__file__).parents[3] / "partnerships" / "luton"
NOW = datetime(2026, 3, 2, 10, tzinfo=UTC)


@pytest.fixture(scope="module")
def rules() -> Rules:
    return read_rules(LUTON)


def decided(rules: Rules, words: str, reading: Reading | None) -> Decided:
    report = ReportFacts(
        report_id=UUID(int=1), reference="R-222-222-222", source_id="1", channel="online", kind="incident",
        received_at=NOW, danger_now=False,
    )  # fmt: skip
    return decide_report(report, {"description": words}, Counts(), rules, date(2026, 3, 2), reading)


def reading(theme: str, chance: float, **flags: float) -> Reading:
    return Reading("test", {theme: chance, NONE: 1 - chance}, flags)


def test_a_theme_that_only_the_reader_sees_goes_to_a_person(rules: Rules) -> None:
    made = decided(rules, "It was odd.", reading("town-centre", 0.99)).decision
    assert (made.disposition, made.review_reason) == ("review", "only the second reader says so")
    assert made.themes[0] == "town-centre"


def test_a_theme_that_the_words_say_too_is_decided(rules: Rules) -> None:
    made = decided(rules, "Somebody is begging.", reading("town-centre", 0.95)).decision
    assert (made.disposition, made.themes[0]) == ("needs-case", "town-centre")


def test_harm_that_only_the_reader_sees_is_no_flag_and_goes_to_a_person(rules: Rules) -> None:
    made = decided(rules, "Somebody is begging.", reading("town-centre", 0.95, coercion=0.9)).decision
    assert (made.flags, made.disposition) == ((), "review")
    assert suspected(reading("town-centre", 0.9, coercion=0.9), []) == ["coercion"]


def test_the_same_inputs_give_the_same_answer(rules: Rules) -> None:
    read = reading("town-centre", 0.6, child=0.3)
    assert decided(rules, "Lads are begging.", read) == decided(rules, "Lads are begging.", read)


def test_own_evidence_raises_a_chance_and_chances_sum_to_one() -> None:
    made = weighed(Reading("test", {"a": 0.4, "b": 0.6}, {}), {"a": 0.5})
    assert made["a"] == pytest.approx(0.8 / 1.4, abs=1e-3)
    assert sum(made.values()) == pytest.approx(1.0, abs=1e-3)


def test_a_kept_model_reads_as_the_one_that_was_saved(tmp_path: Path) -> None:
    model = Model(
        "m", ("a", NONE), ("child",), ("?child",), 1.5, np.ones(1 << 15, np.float32),
        np.full((3, 768 + (1 << 15) + 1), 0.25, np.float32), np.array([1, 0, -1], np.float32),
    )  # fmt: skip
    save(model, tmp_path / WEIGHTS)
    kept = load(tmp_path)
    assert kept is not None
    vector = model.vector("a lad", (), np.ones(768, np.float32))
    assert kept.read(vector) == model.read(vector)


def test_a_partnership_without_weights_has_no_reader(tmp_path: Path) -> None:
    assert load(tmp_path) is None


def test_letters_do_not_depend_on_case_or_apostrophes() -> None:
    assert grams("DON'T go") == grams("dont GO")
