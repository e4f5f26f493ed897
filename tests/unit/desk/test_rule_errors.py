"""What is wrong with a row stands at its cell; what the form has no cell for stands above it, never nowhere."""

from services.desk.commands import Outcome
from services.desk.rule_row_conflict import sides_of
from services.desk.rule_row_pages import _at_cells

NOBODY = sides_of(None, {})


def refused(*errors: tuple[str, str]) -> Outcome:
    return Outcome(422, {"errors": [{"field": field, "message": message} for field, message in errors]}, {})


def test_a_cell_s_mistake_stands_at_the_cell() -> None:
    assert _at_cells(refused(("/risk/weapon/flags", "bare")), "risk", "weapon", NOBODY) == ({"flags": "bare"}, [])


def test_a_mistake_of_the_row_s_own_words_or_of_another_row_stands_above_the_form() -> None:
    outcome = refused(("/risk/weapon/In plain words", "empty"), ("/risk/hate/flags", "bare"), ("/risk//", "no end"))
    assert _at_cells(outcome, "risk", "weapon", NOBODY) == ({}, ["empty", "bare", "no end"])
