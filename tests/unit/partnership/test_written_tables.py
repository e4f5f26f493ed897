"""What is refused of somebody who writes tables today, and that a version which was stored with it still loads."""

import json
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from services.partnership.documents import Problem
from services.partnership.live_themes import live_themes
from services.partnership.models import Partnership
from services.partnership.table_contract import CONTRACTS
from services.partnership.tables import compile_tables, written_tables
from tests.unit.partnership.conftest import LUTON, TODAY

Change = Callable[[list[dict[str, str]]], None]


def sources(name: str, change: Change) -> dict[str, str]:
    """Luton's tables with one changed."""
    texts = {each: (LUTON / "triage" / f"{each}.json").read_text(encoding="utf-8") for each in CONTRACTS}
    document = json.loads(texts[name])
    change(next(node["content"]["rules"] for node in document["nodes"] if node["type"] == "decisionTableNode"))
    return texts | {name: json.dumps(document)}


def cells(row: str, **changed: str) -> Change:
    """The row with these cells."""

    def change(rules: list[dict[str, str]]) -> None:
        next(rule for rule in rules if rule["_id"] == row).update(changed)

    return change


def without(row: str) -> Change:
    """The table without the row."""

    def change(rules: list[dict[str, str]]) -> None:
        rules[:] = [rule for rule in rules if rule["_id"] != row]

    return change


def split(row: str, column: str, *conditions: str) -> Change:
    """Instead of the row one with each condition."""

    def change(rules: list[dict[str, str]]) -> None:
        at = next(place for place, rule in enumerate(rules) if rule["_id"] == row)
        rules[at : at + 1] = [
            rules[at] | {"_id": f"{row}-{number}", column: each} for number, each in enumerate(conditions)
        ]

    return change


def problems(name: str, change: Change, luton: Partnership) -> list[Problem]:
    return written_tables(sources(name, change), luton, TODAY)[1]


REST = "asb-environmental, drugs-alcohol-mental-health, re-offending"
"""Themes that no row of the risk table takes by themselves but the one that takes all."""

GAPS: dict[str, tuple[str, Change, tuple[str, str], str]] = {
    "a category of one kind alone": (
        "category",
        cells("noise", kind='"incident"'),
        ("noise", "kind"),
        "leaves a gap: no row takes noise where kind is concern; widen this one, or add a row",
    ),
    "a category of one channel alone": (
        "category",
        cells("robbery", channel='"101", "online"'),
        ("robbery", "channel"),
        "leaves a gap: no row takes robbery where channel is partner; widen this one, or add a row",
    ),
    "two rows that leave a channel of one kind": (
        "category",
        split("noise", "kind", '"incident"', '"intelligence"'),
        ("noise-0", "kind"),
        "leaves a gap: no row takes noise where kind is concern",
    ),
    "what takes every theme takes one alone": (
        "risk",
        cells("known-theme", theme='"town-centre"'),
        ("known-theme", "theme"),
        f"leaves a gap: no row takes {REST}; widen this one",
    ),
    "what takes every theme takes repeated places alone": (
        "risk",
        cells("known-theme", repeat_place=">= 1"),
        ("known-theme", "repeat_place"),
        f"leaves a gap: no row takes {REST}, town-centre where repeat place is 0; widen this one, or add a row",
    ),
    "nothing takes every theme": (
        "risk",
        without("known-theme"),
        ("hate-theme", "theme"),
        "leaves a gap: no row takes asb-environmental",
    ),
}


@pytest.mark.parametrize("gap", GAPS)
def test_a_gap_is_refused_by_table_row_and_column(luton: Partnership, gap: str) -> None:
    name, change, (row, column), words = GAPS[gap]
    (problem,) = problems(name, change, luton)
    assert problem.cell == (name, row, column)
    assert problem.message.startswith(f"table {name}, row {row}, column {column}: {words}")


COVERED: dict[str, tuple[str, Change]] = {
    "a category of every kind but intelligence, which has its own row": (
        "category",
        cells("noise", kind='"incident", "concern"'),
    ),
    "a category's kinds one by one": ("category", split("noise", "kind", '"incident"', '"concern"')),
    "a narrowed category that elsewhere takes": ("category", cells("burglary", kind='"incident"')),
    "a theme by how often": ("risk", split("known-theme", "repeat_victim", "< 1", ">= 1")),
    "two themes of one category, which add up": (
        "category",
        split("noise", "theme", '"asb-environmental"', '"town-centre"'),
    ),
}


@pytest.mark.parametrize("covered", COVERED)
def test_what_leaves_nobody_out_is_no_gap(luton: Partnership, covered: str) -> None:
    name, change = COVERED[covered]
    assert problems(name, change, luton) == []


def test_a_reason_of_blanks_is_none(luton: Partnership) -> None:
    (problem,) = problems("risk", cells("weapon", _description="  "), luton)
    assert "row weapon, column In plain words: is empty" in problem.message


STORED: dict[str, tuple[str, Change]] = {
    "a theme that is over": ("category", cells("robbery", theme='"youth-violence"')),
    "a theme that is over, asked for": ("risk", cells("violence", theme='"violence-exploitation", "asb"')),
    "a constant": ("risk", cells("weapon", flags='contains($, "weapon") or true')),
    "a weight that is yes": ("category", cells("robbery", weight="true")),
    "a gap": ("risk", cells("known-theme", theme='"town-centre"')),
    **{
        f"a cell that is {written}": ("risk", cells("weapon", under_18=written))  # type: ignore[arg-type]
        for written in (False, 0, None)
    },
}


@pytest.mark.parametrize("stored", STORED)
def test_a_version_that_was_stored_before_it_was_refused_still_loads(luton: Partnership, stored: str) -> None:
    name, change = STORED[stored]
    tables, found = compile_tables(sources(name, change), luton)
    assert (tables is not None, found) == (True, [])
    assert problems(name, change, luton) != []


@pytest.mark.parametrize("written", [False, 0, None, True, 5])
def test_a_cell_that_is_no_text_is_refused_by_row_and_column(luton: Partnership, written: Any) -> None:
    found = problems("risk", cells("weapon", under_18=written), luton)
    assert found[0].cell == ("risk", "weapon", "under_18")


def test_a_key_that_stands_twice_is_refused_and_a_version_that_was_stored_with_it_still_loads(
    luton: Partnership,
) -> None:
    texts = sources("risk", cells("weapon"))
    texts["risk"] = texts["risk"].replace('"_id": "weapon"', '"_id": "weapon", "risk": "\'standard\'"', 1)
    (problem,) = written_tables(texts, luton, TODAY)[1]
    assert problem.message == (
        "table risk, row weapon, column risk: stands twice, and only the last one counts; keep one"
    )
    assert compile_tables(texts, luton)[1] == []


def test_a_number_of_thousands_of_digits_is_named(luton: Partnership) -> None:
    texts = sources("risk", cells("weapon"))
    texts["risk"] = texts["risk"].replace('"nodes"', f'"size": {"1" * 5000}, "nodes"', 1)
    assert compile_tables(texts, luton)[1][0].message == "table risk: holds a number of too many digits to be read"


@pytest.mark.parametrize(
    ("day", "theme", "lives"),
    [
        (date(2019, 6, 1), "asb", True),
        (date(2026, 6, 1), "asb", False),
        (date(2019, 6, 1), "town-centre", True),
        (date(2026, 6, 1), "town-centre", True),
        (date(2030, 1, 1), "town-centre", True),
        (date(2030, 1, 1), "asb", False),
    ],
)
def test_themes_live_until_their_strategy_is_over(luton: Partnership, day: date, theme: str, lives: bool) -> None:
    assert (theme in live_themes(luton, day)) is lives


def test_a_clock_of_any_length_is_refused_also_where_it_was_stored(luton: Partnership) -> None:
    """It would overflow with every report that meets it: the folder's rules decide instead."""
    tables, found = compile_tables(sources("risk", cells("weapon", due_minutes="9" * 20)), luton)
    assert tables is None
    assert "row weapon, column due_minutes: Input should be less than or equal to 527040" in found[0].message


def test_the_tables_that_are_shipped_leave_no_gap(luton: Partnership) -> None:
    def unchanged(_: Any) -> None:
        return None

    assert problems("risk", unchanged, luton) == []
