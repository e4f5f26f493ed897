"""Incidents are counted across channels and agencies, each once, and the hub never says that a threshold is met."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from schemas.events import Entitlement, ReportFacts, TriageDecision
from services.triage.domain.counting import Counts
from services.triage.domain.deciding import Rules, decide_report
from services.triage.domain.incidents import incidents
from services.triage.domain.state import Sighting, second_matter, sighting_of
from services.triage.rule_set import read_rules

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
CELL, ELSEWHERE = "8a194ad32b67fff", "8a194ad32b6ffff"
DOMESTIC, ASB = "domestic-abuse-osse", "asb-environmental"
SIX_HOURS = timedelta(hours=6)
ANN, BEN, CAZ = ({"role": "victim", "name": name, "age": 30} for name in ("A", "B", "C"))
SUSPECT, OTHER = ({"role": "suspect", "name": name} for name in ("S", "T"))
BEATEN = "My husband hit me again, I am frightened of my partner, domestic abuse"
TIPPED = "Fly-tipping again, rubbish and mattresses dumped by the garages"


@pytest.fixture(scope="module")
def rules() -> Rules:
    return read_rules(Path("partnerships/luton"))


def facts(number: int, at: datetime = NOW, **changes: Any) -> ReportFacts:
    made = {
        "report_id": UUID(int=number),
        "reference": f"R-{number}",
        "source_id": str(number),
        "channel": "101",
        "received_at": at,
        "cell": CELL,
    }
    return ReportFacts.model_validate(made | changes)


def seen(number: int, days: float, *people: dict[str, Any], theme: str = DOMESTIC, **changes: Any) -> Sighting:
    report = facts(number, NOW - timedelta(days=days), **changes)
    return sighting_of(report, {"people": list(people)}, (theme,))


def decide(rules: Rules, words: str, people: list[dict[str, Any]], *others: Sighting, **changes: Any) -> TriageDecision:
    personal = {"description": words, "people": people}
    return decide_report(facts(99, **changes), personal, Counts(others), rules, date(2026, 3, 2)).decision


def found(decision: TriageDecision, code: str) -> Entitlement | None:
    return next((each for each in decision.entitlements if each.code == code), None)


def test_the_two_matters_of_one_report_that_was_split_are_one_incident_whatever_their_themes() -> None:
    first = seen(1, 4, ANN, theme=ASB)
    changes = {"report_id": str(second_matter(UUID(int=1))), "reference": "R-0", "themes": ("town-centre",)}
    second = first.model_copy(update=changes)
    assert [len(group) for group in incidents([first, second, seen(2, 0, theme=ASB)], SIX_HOURS)] == [2, 1]
    told_twice = seen(3, 4.01, ANN, theme=ASB)
    assert [len(group) for group in incidents([told_twice, first, second], SIX_HOURS)] == [3]


@pytest.mark.parametrize(
    ("changes", "at", "timed"),
    [
        ({"occurred_at": NOW - timedelta(days=1)}, NOW - timedelta(days=1), True),
        ({"occurred_at": NOW + timedelta(days=365)}, NOW, True),
        ({"occurred_month": "2026-02"}, datetime(2026, 2, 1, tzinfo=UTC), False),
        ({"occurred_month": "2099-01"}, NOW, False),
        ({}, NOW, True),
    ],
    ids=["yesterday", "a day to come", "a month", "a month to come", "not said"],
)
def test_nothing_happened_after_it_was_told(changes: dict[str, Any], at: datetime, timed: bool) -> None:
    """Else fifty reports of days to come would hide all others of their place from every count, for good."""
    found = sighting_of(facts(1, **changes), {}, (ASB,))
    assert (found.happened_at, found.timed) == (at, timed)


@pytest.mark.parametrize(
    ("others", "count"),
    [
        ([seen(1, 0.01, ANN), seen(2, 0.02, ANN)], 1),
        ([seen(1, 0.01, ANN, cell=ELSEWHERE), seen(2, 0.02, ANN)], 1),
        ([seen(1, 0.5, ANN), seen(2, 1.5, ANN)], 2),
        ([seen(1, 0.01, ANN, theme=ASB), seen(2, 0.01, ANN, theme=DOMESTIC)], 2),
        ([seen(1, 30, occurred_month="2026-02"), seen(2, 30, occurred_month="2026-02")], 2),
        ([seen(1, 0.01, ANN, cell=None), seen(2, 0.01, BEN, cell=None)], 2),
        ([seen(1, 0.01, ANN, cell=None), seen(2, 0.01, ANN, cell=None)], 1),
    ],
    ids=[
        "told twice within hours",
        "one victim, the place told differently",
        "a day apart",
        "two matters at once",
        "only the month is known",
        "two victims, no place",
        "one victim, no place",
    ],
)
def test_reports_are_grouped_into_incidents(others: list[Sighting], count: int) -> None:
    assert len(incidents(others, SIX_HOURS)) == count


@pytest.mark.parametrize(
    ("others", "count"),
    [
        ([seen(1, 30, ANN), seen(2, 200, ANN)], 3),
        ([seen(1, 30, ANN), seen(2, 30.1, ANN), seen(3, 30.2, ANN)], None),
        ([seen(1, 30, ANN), seen(2, 400, ANN)], None),
        ([seen(1, 30, ANN, SUSPECT), seen(2, 200, ANN, OTHER)], None),
        ([seen(1, 30, ANN, SUSPECT), seen(2, 200, ANN)], 3),
        ([seen(1, 30, BEN), seen(2, 200, BEN)], None),
        ([seen(1, 30, ANN, theme=ASB), seen(2, 200, ANN)], None),
        ([seen(1, 30, ANN, cell=ELSEWHERE), seen(2, 200, ANN, cell=None)], 3),
    ],
    ids=[
        "three in a year",
        "one incident told to three agencies",
        "the first too long ago",
        "another perpetrator",
        "a perpetrator not known",
        "another victim",
        "another matter",
        "wherever it happened",
    ],
)
def test_a_third_domestic_abuse_incident_may_prompt_a_marac(
    rules: Rules, others: list[Sighting], count: int | None
) -> None:
    got = found(decide(rules, BEATEN, [dict(ANN), dict(SUSPECT)], *others), "marac-repeat")
    assert (got.count if got else None) == count
    if got is not None:
        assert (got.destination, got.needed, got.within_days, got.status) == ("marac", 3, 365, "comparator")
        assert got.reports == ("R-2", "R-1", "R-99")


@pytest.mark.parametrize(
    ("others", "count"),
    [
        ([seen(1, 30, theme=ASB), seen(2, 200, theme=ASB)], 3),
        ([seen(1, 30, theme=ASB), seen(2, 200, theme="hate-extremism")], None),
        ([seen(1, 30, theme=ASB, cell=ELSEWHERE), seen(2, 200, theme=ASB)], None),
        ([seen(1, 30, theme=ASB), seen(2, 30, theme=ASB, historic=True)], None),
    ],
    ids=["three at one place", "one of another theme", "one elsewhere", "an extract's row counts not"],
)
def test_three_incidents_may_meet_the_asb_case_review(rules: Rules, others: list[Sighting], count: int | None) -> None:
    got = found(decide(rules, TIPPED, [], *others, category="noise"), "asb-case-review")
    assert (got.count if got else None) == count
    assert got is None or "may meet" in got.note.lower()


def test_a_repeat_place_counts_an_extracts_rows_too_and_is_a_flag_with_its_reason(rules: Rules) -> None:
    others = [seen(number, number, theme=ASB, historic=True) for number in (5, 6)]
    decision = decide(rules, TIPPED, [], *others, category="noise")
    assert "repeat-place" in decision.flags
    assert "entitlements/repeat-place" in decision.rules
    assert "repeat-place" not in decide(rules, TIPPED, [], others[0], category="noise").flags


@pytest.mark.parametrize(
    ("words", "people", "code"),
    [
        ("They took his passport, he works for no pay to pay off a debt and cannot leave", [], "nrm"),
        ("He is being radicalised online, watching ISIS videos", [], "channel"),
        ("A bag of rubbish was left by the bins", [], None),
    ],
)
def test_a_sign_alone_makes_a_duty(rules: Rules, words: str, people: list[dict[str, Any]], code: str | None) -> None:
    decision = decide(rules, words, people)
    signed = [each.code for each in decision.entitlements if each.count is None]
    assert signed == ([code] if code else [])


def test_intelligence_is_neither_counted_nor_tells_of_a_count(rules: Rules) -> None:
    others = [seen(1, 30, ANN), seen(2, 60, ANN)]
    decision = decide(rules, BEATEN, [dict(ANN)], *others, kind="intelligence")
    assert decision.entitlements == ()
    assert "repeat-victim" not in decision.flags


@pytest.mark.parametrize(
    ("words", "people", "letters"),
    [
        ("He has a knife", [], {"threat": "present now", "risk": "high", "engagement": "nobody to contact"}),
        ("Litter on the verge", [], {"threat": "none seen", "harm": "none seen", "vulnerability": "none seen"}),
        (
            "He grabbed her round the neck",
            [{"role": "victim", "name": "A", "under_18": True, "contact": {"safe": "no"}}, SUSPECT],
            {
                "harm": "grave",
                "vulnerability": "a child",
                "investigation": "a suspect is named",
                "engagement": "do not contact",
            },
        ),
    ],
)
def test_the_thrive_record_is_a_first_look_by_the_partnerships_lines(
    rules: Rules, words: str, people: list[dict[str, Any]], letters: dict[str, str]
) -> None:
    thrive = decide(rules, words, people).thrive
    assert thrive is not None
    assert {letter: getattr(thrive, letter) for letter in letters} == letters
    assert len(thrive.rules) == len(("threat", "harm", "risk", "investigation", "vulnerability", "engagement"))
