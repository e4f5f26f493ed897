"""The triage tables: what they answer, and what they refuse to be asked."""

from collections.abc import Callable
from pathlib import Path
from typing import get_args

import pytest
from pydantic import ValidationError

from schemas.codes import Flag, Theme
from services.partnership.documents import PartnershipInvalid
from services.partnership.models import Partnership
from services.partnership.tables import CompiledTables, load_tables

Break = Callable[[str, str, str], list[str]]

RISK = {
    "flags": [],
    "danger_now": False,
    "under_18": False,
    "repeat_victim": 0,
    "repeat_place": 0,
    "theme": None,
}


def test_a_flag_that_nobody_would_hear_of_is_refused(broken: Break) -> None:
    (problem,) = broken("triage/signals.json", r'"signal": "\"stalking\""', r'"signal": "\"stalker\""')
    assert "no row names the flag stalking" in problem


def test_a_missing_table_is_named(folder: Path, luton: Partnership) -> None:
    (folder / "triage" / "risk.json").unlink()
    with pytest.raises(PartnershipInvalid, match=r"triage/risk\.json:1: table risk: is missing"):
        load_tables(folder, luton)


def test_the_line_of_a_bad_cell_is_the_line_of_its_row(broken_table: Break) -> None:
    problems = broken_table("risk", '">= 2"', '">= "')
    assert problems[0].split(":")[1] not in ("0", "1")


def test_every_flag_of_the_product_reaches_the_tables(tables: CompiledTables) -> None:
    assert set(get_args(Flag)) <= tables.vocabulary("signals", "signal")


def test_at_least_forty_cues_weigh_for_the_eight_themes(tables: CompiledTables) -> None:
    cues = tables.vocabulary("signals", "signal") - set(get_args(Flag))
    rows = {cue: tables.evaluate("signals", {"signal": cue, "negated": False}) for cue in cues}
    assert len(cues) >= 40
    assert {row.outputs["theme"] for fired in rows.values() for row in fired} >= set(get_args(Theme))


@pytest.mark.parametrize("flag", get_args(Flag))
def test_a_flag_that_is_present_is_raised_and_a_negated_one_is_not(tables: CompiledTables, flag: str) -> None:
    present = tables.evaluate("signals", {"signal": flag, "negated": False})
    negated = tables.evaluate("signals", {"signal": flag, "negated": True})
    assert flag in {row.outputs["flag"] for row in present}
    assert [(row.rule, row.outputs["flag"], row.outputs["weight"]) for row in negated] == [("signals/negated", None, 0)]


def test_the_flags_that_need_somebody_at_once_name_who(tables: CompiledTables) -> None:
    def first(flag: str) -> set[str]:
        return {row.outputs["act_first"] for row in tables.evaluate("signals", {"signal": flag, "negated": False})}

    for flag in ("danger-now", "weapon", "strangulation", "sexual-violence"):
        assert "bedfordshire-police" in first(flag)
    assert "luton-council" in first("child")
    assert "bedfordshire-fire" in first("fire-arson")


def test_a_catch_all_comes_back_only_when_nothing_else_fires(tables: CompiledTables) -> None:
    unknown = tables.evaluate("signals", {"signal": "never-heard-of", "negated": False})
    assert [row.rule for row in unknown] == ["signals/unknown-signal"]
    known = tables.evaluate("category", {"category": "street-drinking", "kind": "incident", "channel": "101"})
    assert [row.outputs["theme"] for row in known] == ["town-centre", "drugs-alcohol-mental-health"]


@pytest.mark.parametrize(
    ("inputs", "rule", "risk", "priority"),
    [
        ({"danger_now": True, "flags": ["weapon"]}, "risk/danger-now", "high", 1),
        ({"flags": ["weapon"]}, "risk/weapon", "high", 1),
        ({"flags": ["strangulation"], "theme": "domestic-abuse-osse"}, "risk/danger-to-life", "high", 1),
        ({"flags": ["county-lines"], "under_18": True}, "risk/child-exploited", "high", 1),
        ({"theme": "domestic-abuse-osse", "repeat_victim": 2}, "risk/domestic-abuse-repeat", "high", 1),
        ({"theme": "domestic-abuse-osse"}, "risk/domestic-abuse", "medium", 2),
        ({"flags": ["hate-race"], "theme": "hate-extremism"}, "risk/hate", "medium", 2),
        ({"theme": "asb-environmental", "repeat_place": 2}, "risk/repeat-place", "medium", 3),
        ({"theme": "asb-environmental"}, "risk/known-theme", "standard", 3),
        ({}, "risk/nothing-known", "standard", 4),
    ],
)
def test_risk_takes_the_first_row_that_fits(
    tables: CompiledTables, inputs: dict[str, object], rule: str, risk: str, priority: int
) -> None:
    (row,) = tables.evaluate("risk", RISK | inputs)
    assert (row.rule, row.outputs["risk"], row.outputs["priority"]) == (rule, risk, priority)
    assert row.text


def test_a_child_in_the_town_centre_goes_to_safeguarding_and_not_to_enforcement(tables: CompiledTables) -> None:
    inputs = {"theme": "town-centre", "flags": ["child"], "under_18": True, "adult": False}
    panels = {row.outputs["panel"] for row in tables.evaluate("panels", inputs)}
    assert panels == {"mash"}
    adult = {"theme": "town-centre", "flags": [], "under_18": False, "adult": True}
    assert {row.outputs["panel"] for row in tables.evaluate("panels", adult)} == {"tcig"}


def test_street_drinking_in_the_town_centre_at_night_weighs_for_the_town_centre(tables: CompiledTables) -> None:
    inputs = {"in_town_centre": True, "near": ["nightlife"], "hour": 23}
    weight = sum(r.outputs["weight"] for r in tables.evaluate("place", inputs) if r.outputs["theme"] == "town-centre")
    assert weight > 0.3


def test_what_no_theme_takes_still_has_a_destination(tables: CompiledTables) -> None:
    (row,) = tables.evaluate("elsewhere", {"signal": None, "category": "burglary"})
    assert row.outputs["agency"] == "bedfordshire-police"


@pytest.mark.parametrize("inputs", [{}, {"signal": "weapon"}, {"signal": 3, "negated": False}, {"x": 1}])
def test_wrong_inputs_are_refused_instead_of_never_matching(tables: CompiledTables, inputs: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        tables.evaluate("signals", inputs)
