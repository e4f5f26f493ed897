"""A case's signs, and which of them stand on the second reader's word alone."""

from services.desk.case_view import signs

STATE = {"flags": ["weapon", "hate-race", "danger-now"], "unconfirmed": ["hate-race"]}


def test_a_sign_that_was_only_read_is_not_confirmed_and_a_danger_stays() -> None:
    shown = [(each["words"], each["confirmed"], each["stays"]) for each in signs(STATE)]
    assert shown == [("weapon", True, False), ("hate race", False, False), ("danger now", True, True)]


def test_a_case_from_before_signs_were_answered_shows_them_as_they_are() -> None:
    assert [each["confirmed"] for each in signs({"flags": ["weapon"]})] == [True]
