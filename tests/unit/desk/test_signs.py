"""A case's signs, and which of them stand on the second reader's word alone."""

from typing import Any

import pytest

from services.desk.case_view import signs

STATE = {"flags": ["weapon", "hate-race"]}


def decision(*flags: str, alone: tuple[str, ...] = ()) -> dict[str, Any]:
    return {"flags": list(flags), "second_reading": {"alone": list(alone)}}


@pytest.mark.parametrize(
    ("decisions", "words"),
    [
        ([decision("weapon", "hate-race")], ["weapon", "hate race"]),
        ([decision("weapon", "hate-race", alone=("weapon",))], ["weapon (read, not confirmed)", "hate race"]),
        ([decision("weapon", alone=("weapon",)), decision("weapon")], ["weapon", "hate race"]),
        ([{"flags": ["weapon"], "second_reading": None}], ["weapon", "hate race"]),
        ([None], ["weapon", "hate race"]),
    ],
    ids=["by words", "read alone", "by another report's words", "nothing read", "not yet decided"],
)
def test_a_sign_that_was_only_read_says_that_it_is_not_confirmed(
    decisions: list[dict[str, Any] | None], words: list[str]
) -> None:
    assert signs(STATE, decisions) == words
