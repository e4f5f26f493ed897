"""A row that a colleague changed while its form was open: what the form holds and shows, and what it says."""

import json

import pytest

from services.desk.rule_row_conflict import ROW, plainly, sides_of
from services.desk.sides import ADDED, CHANGED, REMOVED, Sides
from services.partnership.table_file import TableRow

LABELS = {"text": "In plain words", "cell-a": "When: a", "cell-b": "Then: b"}
WAS = {"text": "Noise", "cell-a": '"noise"', "cell-b": "0.5"}


def row(text: str = "Noise", a: str = '"noise"', b: str = "0.5") -> TableRow:
    return TableRow("noise", text, {"a": a}, {"b": b})


def sides(now: TableRow | None, was: dict[str, str] | None = WAS, **mine: str) -> Sides:
    sent = WAS | {f"cell-{name}" if name != "text" else name: value for name, value in mine.items()}
    return sides_of(now, sent if was is None else sent | {"was": json.dumps(was)})


def test_a_cell_that_only_the_other_one_changed_comes_with_the_others_value() -> None:
    found = sides(row(b="0.9"), a="null")
    assert found.merged == {"text": "Noise", "cell-a": "null", "cell-b": "0.9"}
    assert found.said() == CHANGED.format(ROW)


def test_a_cell_that_both_changed_keeps_hers_and_is_shown_with_all_three() -> None:
    found = sides(row(b="0.9"), b="0.7")
    assert found.merged["cell-b"] == "0.7"
    (shown,) = found.rows(LABELS, plainly)
    assert [shown[each] for each in ("label", "was", "now", "mine")] == ["Then: b", "0.5", "0.9", "0.7"]
    assert (shown["theirs"], shown["yours"]) == (True, True)


def test_her_own_changes_are_shown_too_and_equal_cells_are_not() -> None:
    found = sides(row(text="Loud noise"), a="")
    assert [each["label"] for each in found.rows(LABELS, plainly)] == ["In plain words", "When: a"]
    assert [each["yours"] for each in found.rows(LABELS, plainly)] == [False, True]
    assert found.rows(LABELS, plainly)[1]["mine"] == "any"


def test_two_cells_that_read_the_same_in_words_are_shown_as_they_are_written() -> None:
    (shown,) = sides(row(a='"dog-mess"'), {**WAS, "cell-a": '"dog mess"'}, a='"dog mess"').rows(LABELS, plainly)
    assert (shown["was"], shown["now"]) == ('"dog mess"', '"dog-mess"')


@pytest.mark.parametrize(
    ("now", "was", "said"),
    [(None, WAS, REMOVED), (row("Other"), {}, ADDED), (row(), WAS, ""), (row("Other"), None, ""), (None, {}, "")],
)
def test_what_became_of_the_row_is_said_and_all_hers_is_kept(
    now: TableRow | None, was: dict[str, str] | None, said: str
) -> None:
    found = sides(now, was, b="0.7")
    assert found.said() == said.format(ROW)
    assert found.merged["cell-b"] == "0.7"
    assert bool(found.rows(LABELS, plainly)) == bool(said)


def test_a_form_sent_back_as_it_was_changes_nothing() -> None:
    assert not sides(None).hers
    assert sides(None, b="0.7").hers
