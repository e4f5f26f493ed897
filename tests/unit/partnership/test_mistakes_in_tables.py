"""Every kind of mistake that a decision table can hold is refused, in words that name the table, the row and the cell.

Most of them the engine would take without a word, and the row would never match, or match what it should not.
"""

import json
from collections.abc import Callable
from typing import Any

import pytest

from services.partnership.documents import Problem
from services.partnership.models import Partnership
from services.partnership.table_contract import CONTRACTS
from services.partnership.table_file import parse_table
from services.partnership.table_lint import lint
from services.partnership.table_writing import lint_writing, writing_on
from services.partnership.tables import CompiledTables, compile_tables, vocabulary_of
from tests.unit.partnership.conftest import LUTON, TODAY

Content = dict[str, Any]

CELLS = {
    "a bare word": ("signals", "weapon", "signal", "weapon", "`weapon` is a bare word"),
    "an unclosed quotation mark": ("signals", "weapon", "signal", '"weapon', "a quotation mark is not closed"),
    "an unclosed single quotation mark": ("signals", "weapon", "signal", "'weapon", "a quotation mark is not closed"),
    "curly quotation marks around a word": ("signals", "weapon", "signal", "“weapon”", "curly quotation marks"),
    "an unclosed answer": ("signals", "weapon", "theme", '"town-centre', "a quotation mark is not closed"),
    "an answer in curly quotation marks": ("signals", "weapon", "theme", "“town-centre”", "curly quotation marks"),
    "a quotation mark too many": ("signals", "weapon", "signal", '"weapon""', "a quotation mark is not closed"),
    "curly quotation marks": ("risk", "weapon", "flags", "“”", "curly quotation marks"),
    "an operator that is none": ("risk", "repeat-victim", "repeat_victim", "=> 2", "does not compile"),
    "an operator without its number": ("risk", "repeat-victim", "repeat_victim", ">=", "does not compile"),
    "a range written backwards": ("place", "town-centre-night", "hour", "[5..2]", "can never match: no number"),
    "a contradiction": ("place", "town-centre-night", "hour", ">= 20 and < 5", "can never match: no number"),
    "an hour that no day has": ("place", "town-centre-night", "hour", "> 23", "can never match: no number"),
    "a count below nought": ("risk", "repeat-victim", "repeat_victim", "< 0", "can never match: no number"),
    "a function that reads the clock": (
        "place",
        "town-centre-night",
        "hour",
        "> date()",
        "`date(…)` may not be called",
    ),
    "a function that is random": ("place", "town-centre-night", "hour", "> rand(9)", "`rand(…)` may not be called"),
    "a function that nobody knows": ("risk", "weapon", "flags", 'holds($, "weapon")', "`holds(…)` may not be called"),
    "another column's name": ("risk", "repeat-victim", "repeat_victim", "> repeat_place", "`repeat_place` is a bare"),
    "a word where a number stands": (
        "risk",
        "repeat-victim",
        "repeat_victim",
        '>= "2"',
        "compares a number with a word",
    ),
    "a number where a word stands": ("signals", "weapon", "signal", "3", "compares a word with a number"),
    "a number among words": ("category", "noise", "category", '"noise", 3', "compares a word with a number"),
    "words put in order": ("category", "noise", "category", '> "noise"', "compares words as if they were numbers"),
    "a word where yes or no stands": ("risk", "danger-now", "danger_now", '"true"', "must be true, false or blank"),
    "a number where yes or no stands": ("panels", "mash-adult", "adult", "1", "must be true, false or blank"),
    "a word where a list stands": ("place", "near-school", "near", '"school"', "can never match: no list"),
    "an empty list of words": ("risk", "hate", "flags", "some($, # in [])", "can never match: no list"),
    "a negation that the engine cannot do": ("elsewhere", "parking", "category", 'not("parking")', "can never match"),
    "an unknown category": ("category", "noise", "category", '"nose"', "`nose` is not a known code"),
    "an unknown kind of report": ("category", "noise", "kind", '"rumour"', "`rumour` is not a known code"),
    "an unknown channel": ("category", "noise", "channel", '"fax"', "`fax` is not a known code"),
    "an unknown flag in a condition": (
        "risk",
        "weapon",
        "flags",
        'contains($, "weapn")',
        "`weapn` is not a known code",
    ),
    "an unknown theme in a condition": ("risk", "violence", "theme", '"violence"', "`violence` is not a known code"),
    "an unknown surrounding": ("place", "near-school", "near", 'contains($, "skool")', "`skool` is not a known code"),
    "an unknown signal": ("elsewhere", "thanks-signal", "signal", '"cheers"', "`cheers` is not a known code"),
    "an unknown theme in an answer": ("place", "near-school", "theme", '"school"', "is not a known code"),
    "an unknown flag in an answer": ("signals", "weapon", "flag", '"weapn"', "is not a known code"),
    "an unknown agency in an answer": ("signals", "weapon", "act_first", '"police"', "is not a known code"),
    "an unknown panel in an answer": ("panels", "mash-adult", "panel", '"m"', "is not a known code"),
    "an unknown calendar in an answer": ("risk", "weapon", "due_calendar", '"always-on"', "is not a known code"),
    "an unknown disposition": ("category", "noise", "disposition", '"bin-it"', "Input should be"),
    "a risk that is no grade": ("risk", "weapon", "risk", '"huge"', "Input should be"),
    "a priority that is none": ("risk", "weapon", "priority", "5", "less than or equal to 4"),
    "a clock of no minutes": ("risk", "weapon", "due_minutes", "0", "greater than 0"),
    "a clock that no date can hold": ("risk", "weapon", "due_minutes", "9" * 20, "less than or equal to 527040"),
    "a number that the engine cannot hold": (
        "risk",
        "repeat-victim",
        "repeat_victim",
        ">= " + "9" * 400,
        "names a number above 1000000",
    ),
    "a weight above one": ("signals", "weapon", "weight", "6", "less than or equal to 1"),
    "a weight below nought": ("signals", "weapon", "weight", "-0.5", "greater than or equal to 0"),
    "a weight that is no number": ("signals", "weapon", "weight", '"a lot"', "should be a valid number"),
    "a weight for no theme": ("category", "noise", "theme", "null", "weighs for no theme"),
    "an answer that is an expression": ("signals", "weapon", "weight", "0.3 + 0.3", "must be a plain value"),
    "an answer without quotation marks": ("signals", "weapon", "theme", "town-centre", "must be a plain value"),
    "an answer that is a list": ("signals", "weapon", "theme", '["town-centre"]', "must be one value"),
    "an answer that is blank": ("signals", "weapon", "weight", "", "must be a plain value"),
    "an answer that is an empty word": ("elsewhere", "parking", "destination", '""', "is empty"),
    "an answer with a backslash": ("elsewhere", "parking", "destination", r'"Luton\" Council"', "a backslash"),
    "a mention that is not meant": ("signals", "weapon", "negated", "", "must be false"),
    "a clock of more minutes than its calendar has in a year": (
        "risk",
        "known-theme",
        "due_minutes",
        "200000",
        "200000 minutes are more than 52 weeks of office-hours hold; write 124800 or fewer",
    ),
    "a weight that is yes": ("signals", "weapon", "weight", "true", "must be a number: not true or false"),
    "a priority that is yes": ("risk", "weapon", "priority", "true", "must be a number: not true or false"),
    "a weight in quotation marks": ("signals", "weapon", "weight", '"0.5"', "without quotation marks"),
    "a theme of an earlier strategy in an answer": (
        "category",
        "robbery",
        "theme",
        '"youth-violence"',
        "`youth-violence` is a theme of a strategy that is over",
    ),
    "a theme of an earlier strategy in a condition": (
        "risk",
        "violence",
        "theme",
        '"violence-exploitation", "asb"',
        "`asb` is a theme of a strategy that is over",
    ),
    "a word, or a constant": ("category", "noise", "category", '"noise" or true', "holds or fails by `true`"),
    "a flag, or a constant": ("risk", "weapon", "flags", 'contains($, "weapon") or true', "holds or fails by `true`"),
    "a number, and a constant": ("risk", "repeat-victim", "repeat_victim", "> 2 or true", "holds or fails by `true`"),
    "a condition that no report fails": ("risk", "repeat-victim", "repeat_victim", ">= 0", "always holds"),
    "a list that is always long enough": ("panels", "mash-child", "flags", "len($) >= 0", "always holds"),
    "an overlap": ("signals", "injury", "signal", '"weapon"', "overlaps row weapon"),
}
"""What is wrong: table, row, column, the cell, and words of the message."""


def _content(document: Any) -> Content:
    content: Content = next(node["content"] for node in document["nodes"] if node["type"] == "decisionTableNode")
    return content


def _row(content: Content, row: str) -> dict[str, str]:
    found: dict[str, str] = next(rule for rule in content["rules"] if rule["_id"] == row)
    return found


def _problems(name: str, document: Any, luton: Partnership, tables: CompiledTables) -> list[Problem]:
    table = parse_table(json.dumps(document), name, CONTRACTS[name])
    lint(table, CONTRACTS[name], vocabulary_of(luton) | {"signals": tables.vocabulary("signals", "signal")})
    if not table.problems:
        lint_writing(table, CONTRACTS[name], writing_on(luton, TODAY))
    return table.problems


def _document(name: str) -> Any:
    return json.loads((LUTON / "triage" / f"{name}.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("mistake", CELLS)
def test_a_mistaken_cell_is_refused_by_table_row_and_column(
    luton: Partnership, tables: CompiledTables, mistake: str
) -> None:
    name, row, column, cell, words = CELLS[mistake]
    document = _document(name)
    _row(_content(document), row)[column] = cell
    found = _problems(name, document, luton, tables)
    told = [
        problem
        for problem in found
        if problem.cell == (name, row, _where(mistake, column)) and words in problem.message
    ]
    assert told, found
    assert f"table {name}, row {row}, column {_where(mistake, column)}: " in str(told[0])


def _where(mistake: str, column: str) -> str:
    """The cell that is named: where two cells only do not fit together, the one to mend."""
    return {"an overlap": "theme", "a weight for no theme": "weight"}.get(mistake, column)


def _twice(content: Content) -> None:
    content["rules"].insert(3, dict(content["rules"][2]))


def _repeated(content: Content) -> None:
    content["rules"].insert(3, content["rules"][2] | {"_id": "again"})


def _without_last(content: Content) -> None:
    content["rules"].pop()


def _last_first(content: Content) -> None:
    content["rules"].insert(0, content["rules"].pop())


def _two_lasts(content: Content) -> None:
    content["rules"].insert(1, content["rules"][-1] | {"_id": "another"})


def _without_id(content: Content) -> None:
    content["rules"][1]["_id"] = ""


def _without_words(content: Content) -> None:
    content["rules"][1]["_description"] = ""


def _strange_name(content: Content) -> None:
    content["rules"][1]["_id"] = "Late noise"


def _strange_cell(content: Content) -> None:
    content["rules"][1]["mood"] = "true"


def _strange_column(content: Content) -> None:
    content["inputs"].append({"id": "mood", "name": "mood", "field": "mood"})


def _missing_column(content: Content) -> None:
    content["inputs"].pop()


def _column_twice(content: Content) -> None:
    content["inputs"].append(content["inputs"][0] | {"id": "other"})


def _gap(content: Content) -> None:
    row = _row(content, "repeat-place")
    row["repeat_place"] = ">= 4"
    content["rules"].insert(-1, row | {"_id": "seldom", "repeat_place": "< 3", "_description": "Seldom"})


def _unreachable(content: Content) -> None:
    _row(content, "weapon")["danger_now"] = "true"


def _same_place_twice(content: Content) -> None:
    content["rules"].insert(1, content["rules"][0] | {"_id": "elsewhere", "destination": '"Somebody else"'})


ROWS: dict[str, tuple[str, Callable[[Content], None], str]] = {
    "an id that stands twice": ("risk", _twice, "row weapon: the name stands twice"),
    "a row that repeats another": ("risk", _repeated, "row again: can never be reached: row weapon"),
    "a repeated row of a table that adds up": ("place", _repeated, "row again: repeats row town-centre-night"),
    "no catch-all": ("risk", _without_last, "needs a catch-all as its last row"),
    "a catch-all that is not the last": ("panels", _last_first, "table panels: needs a catch-all as its last row"),
    "two catch-alls": ("panels", _two_lasts, "row another: has no condition but is not the last row"),
    "no id": ("risk", _without_id, "row 2, column Name of the row: needs a name of small letters"),
    "a name that decisions cannot quote": (
        "risk",
        _strange_name,
        "row Late noise, column Name of the row: needs a name",
    ),
    "no plain words": ("risk", _without_words, "row danger-flag, column In plain words: is empty; write what"),
    "a cell of no column": ("risk", _strange_cell, "row danger-flag, column mood: is a cell of no column"),
    "a column that is none": ("risk", _strange_column, "column mood: is not an input of this table"),
    "a missing column": ("panels", _missing_column, "column adult: the input column is missing"),
    "a column that stands twice": ("risk", _column_twice, "column flags: the input column stands twice"),
    "a gap between two bands": ("risk", _gap, "row seldom, column repeat_place: leaves a gap at 3"),
    "a row that is never reached": ("risk", _unreachable, "row weapon: can never be reached: row danger-now"),
    "a destination that is never used": ("elsewhere", _same_place_twice, "row elsewhere: can never be reached"),
}
"""What is wrong: table, what is done to it, and words of the message."""


@pytest.mark.parametrize("mistake", ROWS)
def test_mistaken_rows_and_columns_are_refused_by_name(
    luton: Partnership, tables: CompiledTables, mistake: str
) -> None:
    name, change, words = ROWS[mistake]
    document = _document(name)
    change(_content(document))
    found = [str(problem) for problem in _problems(name, document, luton, tables)]
    assert [problem for problem in found if words in problem and f"table {name}" in problem], found


@pytest.mark.parametrize(
    ("table", "row", "words"),
    [
        ("category", "noise", "leaves a gap: no row takes noise"),
        ("signals", "stalking", "no row names the flag stalking"),
    ],
)
def test_a_gap_that_a_removed_row_leaves_is_refused(luton: Partnership, table: str, row: str, words: str) -> None:
    sources = {name: (LUTON / "triage" / f"{name}.json").read_text(encoding="utf-8") for name in CONTRACTS}
    document = _document(table)
    content = _content(document)
    content["rules"] = [rule for rule in content["rules"] if rule["_id"] != row]
    compiled, problems = compile_tables(sources | {table: json.dumps(document)}, luton)
    assert compiled is None
    assert [problem for problem in problems if words in problem.message], problems


def test_a_theme_that_nothing_weighs_for_is_refused(luton: Partnership) -> None:
    sources = {name: (LUTON / "triage" / f"{name}.json").read_text(encoding="utf-8") for name in CONTRACTS}
    for name in ("category", "signals"):
        document = _document(name)
        for rule in _content(document)["rules"]:
            if rule["theme"] == '"re-offending"':
                rule.update(theme="null", weight="0")
        sources[name] = json.dumps(document)
    compiled, problems = compile_tables(sources, luton)
    assert compiled is None
    assert [problem for problem in problems if "no row weighs for re-offending" in problem.message], problems


def test_there_are_more_kinds_of_mistakes_than_the_thirty_that_were_asked_for() -> None:
    assert len(CELLS) + len(ROWS) >= 60
