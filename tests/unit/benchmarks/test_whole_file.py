"""The comparison of a whole extract with the hub finds what it is there to find."""

from typing import Any

from tests.benchmarks.whole_file import compared, look_alikes

ASB = {"Crime ID": "", "Month": "2023-11", "Crime type": "Anti-social behaviour"}
CRIME = {"Crime ID": "e1", "Month": "2023-11", "Crime type": "Burglary"}
NAMES = {"Anti-social behaviour": "anti-social-behaviour", "Burglary": "burglary"}
ROWS = [ASB, CRIME, dict(ASB)]


def kept(reference: str, category: str) -> dict[str, Any]:
    return {"reference": reference, "month": "2023-11", "category": category} | {
        "reason": "It counts.",
        "disposition": "record-only",
    }


def found(references: list[str | None], *decided: str) -> dict[str, Any]:
    categories = {"R-1": "anti-social-behaviour", "R-2": "burglary", "R-3": "anti-social-behaviour"}
    hub = {reference: kept(reference, category) for reference, category in categories.items()}
    outcomes = [{"reference": reference} for reference in references]
    differences: dict[str, Any] = compared(ROWS, outcomes, hub, set(decided), NAMES)["differences"]
    return differences


def test_rows_that_equal_each_other_in_every_column_are_look_alikes() -> None:
    assert look_alikes(ROWS) == [1, 3]


def test_a_hub_that_kept_every_row_differs_in_nothing() -> None:
    assert not any(found(["R-1", "R-2", "R-3"], "R-1", "R-2", "R-3").values())


def test_look_alikes_that_became_one_report_are_found_by_row_and_by_figure() -> None:
    differences = found(["R-1", "R-2", "R-1"], "R-1", "R-2")
    assert differences["look_alikes_that_fell_together"] == differences["rows_without_a_report"] == 1
    assert differences["by_month_and_type"] == [
        {"of": ["2023-11", "anti-social-behaviour"], "file": 2, "hub": 1},
    ]


def test_a_row_without_a_report_and_a_report_without_a_decision_are_found() -> None:
    differences = found(["R-1", "R-2", None], "R-1")
    assert (differences["rows_without_a_report"], differences["undecided"]) == (1, 1)
