"""A list of words that a colleague changed while its form was open: what the form holds, and what it says."""

import json

from services.desk.rule_words_conflict import Lists, lists_of

WAS = ["knife", "gun", "bat"]


def lists(now: list[str], *mine: str) -> Lists:
    return lists_of(now, {"was": json.dumps({"terms": WAS}), "terms": "\r\n".join(mine)})


def test_what_the_other_one_changed_is_said_and_hers_is_laid_over_it() -> None:
    found = lists(["knife", "gun", "machete"], "knife", "bat", "sword", "")
    assert found.merged == ["knife", "machete", "sword"]
    said = found.said("Helen Strood")
    assert said.startswith("The list was changed while you were writing, and nothing was saved; Helen Strood saved")
    assert "Added: machete. Taken out: bat. The list below has that, and your changes." in said


def test_where_nobody_else_changed_it_hers_stays_as_she_wrote_it() -> None:
    found = lists(WAS, "sword", "knife")
    assert (found.merged, found.said("somebody")) == (["sword", "knife"], "")


def test_a_list_sent_back_as_it_was_changes_nothing_and_a_page_that_was_opened_shows_what_stands() -> None:
    assert not lists(WAS, *WAS).hers
    assert lists(WAS, "knife").hers
    assert lists_of(WAS, {}).merged == WAS
