"""What two further labellers say of a report counts as labels do where both are sure, and tells what can be asked."""

from typing import Any

import pytest

from tests.benchmarks.opinions import Opinions, as_labellers_find
from tests.benchmarks.score import Judged


def report(**changes: Any) -> dict[str, Any]:
    """A report of which nobody is sure whether somebody was made to do something."""
    labels = {"id": "r-1", "flags": ["weapon"], "either_flags": ["coercion", "injury"], "themes": []}
    return {**labels, "also_acceptable": [], "negated_flags": [], **changes}


def judged(flags: list[str], *opinions: set[str], disposition: str = "open-case") -> Judged:
    """A report with what triage raised and what each further labeller is sure of."""
    told = Opinions([frozenset(each) for each in opinions], [True, True])
    return Judged(report(), {"flags": flags, "disposition": disposition, "themes": []}, told)


def test_a_flag_that_both_are_sure_of_is_due_and_no_false_alarm() -> None:
    each = judged(["weapon", "child", "repeat-place"], {"child", "weapon"}, {"child"})
    assert each.opinions.agreed == {"child"}
    assert each.with_agreed() == ({"weapon", "child"}, {"weapon", "child"})


@pytest.mark.parametrize(
    ("opinions", "due", "raised"),
    [
        (({"injury"}, set()), {"weapon"}, {"weapon"}),
        (({"injury"}, {"injury"}), {"weapon", "injury"}, {"weapon", "injury"}),
    ],
)
def test_what_may_be_raised_or_not_counts_once_both_are_sure_of_it(
    opinions: tuple[set[str], set[str]], due: set[str], raised: set[str]
) -> None:
    assert judged(["weapon", "injury"], *opinions).with_agreed() == (due, raised)


@pytest.mark.parametrize(
    ("flags", "disposition", "unseen"),
    [([], "open-case", True), ([], "review", False), (["repeat-place"], "open-case", False)],
)
def test_nobody_sees_what_is_neither_flagged_nor_put_before_a_person(
    flags: list[str], disposition: str, *, unseen: bool
) -> None:
    assert judged(flags, set(), set(), disposition=disposition).unseen is unseen


def test_labellers_are_reckoned_as_triage_is() -> None:
    told = {"r-1": Opinions([frozenset({"weapon", "injury"}), frozenset({"child"})], [True, False])}
    first, second = as_labellers_find([report()], told)
    assert (first.recall, first.precision) == (1.0, 1.0)
    assert (second.recall, second.precision) == (0.0, 0.0)
