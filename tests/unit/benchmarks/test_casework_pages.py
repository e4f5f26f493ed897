"""The soak of signed-in people sees a hidden conflict and a lost update, and a shown conflict as shown."""

from random import Random

import pytest

from tests.benchmarks.casework_pages import Page, filled, shows_both
from tests.benchmarks.casework_record import Tally

HEAD = "<tr><td></td><th>Was, version {was}</th><th>Now, version {now}, Ruth Pellow</th><th>Yours, not saved</th></tr>"
ROW = "<tr><th>Risk</th><td>{}</td><td>{} <span>changed</span></td><td>{} <span>changed</span></td></tr>"


def page(was: int = 4, now: int = 5, risk: tuple[str, str, str] = ("Medium", "High", "Standard")) -> Page:
    head = HEAD.format(was=was, now=now)
    return Page(f"<table>{head}{ROW.format(*risk)}</table><p>Visited, nobody in.</p>")


def test_a_conflict_that_has_was_now_and_hers_is_shown() -> None:
    assert shows_both(page(), "risk", 4, "Standard")
    assert shows_both(page(), "note", 4, "Visited, nobody in.")


@pytest.mark.parametrize(
    "hidden",
    [page(was=3), page(now=4), page(risk=("Medium", "High", "Medium")), Page("<p>Somebody changed it.</p>")],
    ids=["another-version", "no-later-version", "not-hers", "no-table"],
)
def test_a_conflict_that_hides_a_side_is_not(hidden: Page) -> None:
    assert not shows_both(hidden, "risk", 4, "Standard")


def test_two_accepted_commands_on_one_version_are_a_lost_update() -> None:
    tally = Tally()
    tally.took("C-1", 4, "risk", "high", 5)
    assert tally.faults == []
    tally.took("C-1", 4, "assign", "asha-venn", 5)
    assert tally.faults == ["two commands made version 5 of one case: one of them was lost"]


FORM = """<form action="/cases/C-1/risk"><input type="hidden" name="version" value="4"><input type="hidden" name="was"
    value='{"risk": "high"}'><select name="risk"><option value="high">High</option>
    <option value="medium">Medium</option></select></form>"""


def test_a_form_goes_out_with_its_hidden_fields_and_a_choice_that_changes_something() -> None:
    sent, words = filled(Page(FORM).forms["/cases/C-1/risk"], "risk", (), Random(1))
    assert (sent["version"], sent["risk"], words) == ("4", "medium", "Medium")
