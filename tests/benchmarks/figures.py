"""The figures by which triage is judged: pure functions over labels, so that a table of values tests them."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

NONE = "none"
Pair = tuple[str, str]
"""A label and what triage said."""


def accuracy(pairs: Sequence[Pair]) -> float:
    """Share of right answers; 0 for nothing."""
    return sum(expected == got for expected, got in pairs) / len(pairs) if pairs else 0.0


def f1(pairs: Sequence[Pair], label: str) -> float:
    """Harmonic mean of precision and recall of one label; 0 where it is never right."""
    right = sum(expected == got == label for expected, got in pairs)
    named = sum(expected == label for expected, _ in pairs) + sum(got == label for _, got in pairs)
    return 2 * right / named if named else 0.0


def macro_f1(pairs: Sequence[Pair], labels: Collection[str]) -> float:
    """The plain mean of the labels' F1: each counts the same, however many texts it has."""
    return sum(f1(pairs, label) for label in labels) / len(labels) if labels else 0.0


@dataclass(frozen=True, slots=True)
class Found:
    """Of what should be raised and what was: recall, precision, and how many stand behind them."""

    recall: float
    precision: float
    due: int
    raised: int


def found(reports: Iterable[tuple[Collection[str], Collection[str]]]) -> Found:
    """Recall and precision over pairs of (due, raised) codes; 1 where there is nothing to find or to blame."""
    due = raised = right = 0
    for wanted, got in reports:
        due, raised, right = due + len(wanted), raised + len(got), right + len(set(wanted) & set(got))
    return Found(right / due if due else 1.0, right / raised if raised else 1.0, due, raised)


def reliability(sure: Sequence[tuple[float, bool]], bins: int = 10) -> tuple[float, list[Mapping[str, float]]]:
    """Expected calibration error of (confidence, was right), and its bins of equal width."""
    table: list[Mapping[str, float]] = []
    error = 0.0
    for number in range(bins):
        inside = [(c, r) for c, r in sure if min(int(c * bins), bins - 1) == number]
        if inside:
            said, was = sum(c for c, _ in inside) / len(inside), sum(r for _, r in inside) / len(inside)
            error += len(inside) / len(sure) * abs(said - was)
            table.append({"count": len(inside), "said": round(said, 3), "was": round(was, 3)})
    return error, table
