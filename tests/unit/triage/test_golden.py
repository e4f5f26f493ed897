"""Golden cases: the shipped rules pass them, and rules that fail one are told which."""

import json
from datetime import date
from pathlib import Path

import pytest

from services.partnership.loading import load_partnership
from services.triage.domain.golden import failures, read_golden
from services.triage.domain.rule_edits import RowEdit, WordsEdit, edited
from services.triage.domain.rule_versions import EditRefused
from services.triage.rule_set import compiled, digest_of, golden_cases, judged, read_rules, shipped_documents

LUTON = Path("partnerships/luton")
DAY = date(2026, 6, 1)


def row(table: str, row_id: str, **cells: str) -> RowEdit:
    """The shipped row with some cells changed."""
    lines = shipped_documents(LUTON)[f"{table}.json"].splitlines()
    found = next(json.loads(line.strip().rstrip(",")) for line in lines if f'"_id": "{row_id}"' in line)
    text, _ = found.pop("_description"), found.pop("_id")
    return RowEdit(table=table, operation="set", row=row_id, text=text, cells=found | cells)


def test_the_shipped_rules_pass_every_golden_case() -> None:
    cases = golden_cases(LUTON)
    assert len(cases) >= 25
    assert failures(cases, read_rules(LUTON)) == ()


def test_rules_that_lose_a_weapon_are_told_which_case_they_fail() -> None:
    documents = edited(shipped_documents(LUTON), row("signals", "weapon", flag="null"))
    found = judged(documents, load_partnership(LUTON), golden_cases(LUTON), DAY)
    assert found.mistakes == ()
    assert "golden case “A knife outside a door, now”" in found.failures[0]


def test_a_flag_that_must_not_be_is_one_that_could_be() -> None:
    text = "cases:\n  - name: x\n    report: {}\n    expect: {not_flags: [weapon, wepon]}"
    cases, problems = read_golden(text)
    assert problems == []
    assert failures(cases, read_rules(LUTON)) == ("golden case “x”: not_flags names wepon, which is no flag",)


def test_a_mistake_comes_before_the_golden_cases() -> None:
    documents = edited(shipped_documents(LUTON), row("signals", "weapon", signal="weapon"))
    found = judged(documents, load_partnership(LUTON), golden_cases(LUTON), DAY)
    assert found.mistakes[0].cell == ("signals", "weapon", "signal")
    assert found.failures == ()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("cases: 3", "must hold a list"),
        ("cases:\n  - name: x\n    report: {mood: grim}\n    expect: {}", "case 1: Extra inputs"),
        ("cases:\n  - name: x\n    report: {}\n    expect: {disposition: [perhaps]}", "case 1: Input should be"),
        ("cases:\n  - name: x\n    report: {}\n    expect: {}", "case 1: expects nothing"),
        ("cases:\n  - name: x\n    report: {}\n    expect: {flags: [], theme: ''}", "case 1: expects nothing"),
        ("cases: [", "is not YAML"),
    ],
)
def test_a_mistaken_golden_case_is_named_by_line(text: str, words: str) -> None:
    cases, problems = read_golden(text)
    assert cases == () or problems
    assert words in problems[0].message


def test_saving_a_row_as_it_was_changes_no_other_line() -> None:
    before = shipped_documents(LUTON)
    after = edited(before, row("category", "noise", weight="0.71"))
    old, new = ([line for line in kept["category.json"].splitlines() if '"_id"' in line] for kept in (before, after))
    changed = [line for line in new if line not in old]
    assert len(changed) == 1
    assert '"0.71"' in changed[0]
    assert len(old) == len(new)


def test_rows_are_added_before_the_last_moved_and_removed() -> None:
    before = shipped_documents(LUTON)
    added = row("panels", "mash-adult").model_copy(update={"operation": "add", "row": "new"})
    text = edited(before, added)["panels.json"]
    order = [line.split('"')[3] for line in text.splitlines() if '"_id"' in line]
    assert order[-2:] == ["new", "no-panel"]
    up = edited({"panels.json": text}, RowEdit(table="panels", operation="up", row="new"))["panels.json"]
    order = [line.split('"')[3] for line in up.splitlines() if '"_id"' in line]
    assert order[-3] == "new"
    gone = edited({"panels.json": up}, RowEdit(table="panels", operation="remove", row="new"))["panels.json"]
    assert '"new"' not in gone


def test_words_are_changed_and_the_rest_of_the_lexicon_stays() -> None:
    before = shipped_documents(LUTON)
    after = edited(before, WordsEdit(section="signals/weapon", terms=("kni(fe|ves)", "cosh")))
    assert digest_of(after) != digest_of(before)
    rules = compiled(after, load_partnership(LUTON))
    assert [hit.signal for hit in rules.reader.lexicon.hits("He had a cosh.")] == ["weapon"]
    assert [hit.signal for hit in rules.reader.lexicon.hits("Two men fighting.")] == ["fight"]


@pytest.mark.parametrize(
    "edit",
    [
        RowEdit(table="moods", operation="remove", row="x"),
        RowEdit(table="panels", operation="remove", row="x"),
        RowEdit(table="panels", operation="add", row="x", cells={"mood": "1"}),
        WordsEdit(section="signals/moods", terms=("x",)),
    ],
)
def test_a_change_of_what_is_not_there_is_refused(edit: RowEdit | WordsEdit) -> None:
    with pytest.raises(EditRefused):
        edited(shipped_documents(LUTON), edit)
