"""The figures that judge triage, as tables of values."""

import pytest

from tests.benchmarks.figures import accuracy, f1, found, macro_f1, reliability

PAIRS = [("a", "a"), ("a", "b"), ("b", "b"), ("c", "b")]


def test_accuracy_is_the_share_of_right_answers() -> None:
    assert accuracy(PAIRS) == 0.5
    assert accuracy([]) == 0.0


@pytest.mark.parametrize(("label", "expected"), [("a", 2 / 3), ("b", 0.5), ("c", 0.0), ("unheard", 0.0)])
def test_f1_of_a_label_weighs_what_it_missed_and_what_it_took(label: str, expected: float) -> None:
    assert f1(PAIRS, label) == pytest.approx(expected)


def test_macro_f1_counts_every_label_the_same() -> None:
    assert macro_f1(PAIRS, ("a", "b", "c")) == pytest.approx((2 / 3 + 0.5 + 0.0) / 3)


def test_recall_counts_what_is_due_and_precision_what_was_raised() -> None:
    made = found([({"weapon", "child"}, {"weapon"}), (set(), {"injury"}), ({"missing"}, set())])
    assert made.recall == pytest.approx(1 / 3)
    assert (made.precision, made.due, made.raised) == (0.5, 3, 2)


def test_nothing_to_find_is_nothing_to_blame() -> None:
    made = found([(set(), set())])
    assert (made.recall, made.precision) == (1.0, 1.0)


def test_calibration_error_is_the_distance_between_what_was_said_and_what_was() -> None:
    error, bins = reliability([(0.95, True), (0.95, True), (0.55, False), (0.55, True)])
    assert error == pytest.approx(0.5 * 0.05 + 0.5 * 0.05)
    assert [each["count"] for each in bins] == [2, 2]
