"""Which outcome a crime has, whatever the order in which its rows came."""

from itertools import permutations

import pytest

from services.intake.domain.outcomes import Crime, KnownOutcome, crime_of, crime_source

ROWS = (("2023-01", "Under investigation", 1), ("2023-03", "Suspect charged", 1), ("2023-02", "Local resolution", 1))


def crime(rows: object) -> Crime:
    known = tuple(KnownOutcome(month=month, outcome=outcome, ordinal=n) for month, outcome, n in rows)  # type: ignore[attr-defined]
    return Crime(partner="police", crime_id="abc", outcomes=known)


@pytest.mark.parametrize("rows", list(permutations(ROWS)))
def test_the_outcome_of_the_last_month_counts_in_whatever_order_they_came(rows: object) -> None:
    assert crime(rows).latest(1) == "Suspect charged"


def test_a_crime_without_outcomes_has_none() -> None:
    assert crime(()).latest(1) is None


def test_each_report_of_one_crime_id_takes_the_outcome_of_its_place() -> None:
    made = crime((("2023-01", "Suspect charged", 1), ("2023-01", "Local resolution", 1)))
    assert [made.latest(n) for n in (1, 2, 3)] == ["Local resolution", "Suspect charged", "Suspect charged"]


@pytest.mark.parametrize("crime_id", ["abc", "a#b", "#"])
def test_a_source_id_gives_its_crime_id_and_ordinal_back(crime_id: str) -> None:
    assert crime_of(crime_source(crime_id, 12)) == (crime_id, 12)
    assert crime_of("place:2023-01:abc#1") is None
