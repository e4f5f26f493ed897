"""The balance of `/ops`: which dead letters are an accepted report's, and which are not part of it."""

from typing import Any

import pytest

from services.desk.operations_pages import balanced

COUNTED: dict[str, Any] = {"accepted": 9, "decided": 6, "waiting": 1, "in_review": 1, "quarantined": 1, "difference": 0}


@pytest.mark.parametrize(
    ("quarantined", "letters", "outside"),
    [(0, 0, 0), (1, 1, 0), (0, 3, 3), (1, 4, 3), (2, 1, 0)],
    ids=["none", "a report's", "a foreign record's in three services", "both", "a letter that was replayed meanwhile"],
)
def test_letters_that_hold_up_no_accepted_report_are_not_part_of_the_balance(
    quarantined: int, letters: int, outside: int
) -> None:
    found = balanced(COUNTED | {"quarantined": quarantined}, letters)
    assert (found["dead_lettered"], found["outside"]) == (quarantined, outside)
    assert (found["accepted"], found["difference"]) == (9, 0)
