"""A decision is made again from its recorded inputs, and is the same; and each one says under which rules and why."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from schemas.events import ReportFacts, ReportReceived
from schemas.personal import seal
from services.kernel.testing import MemoryLoop
from services.partnership.loading import load_partnership
from services.triage.domain import handling
from services.triage.domain.deciding import Rules
from services.triage.domain.lexicon_lint import example
from services.triage.domain.rerun import compared, redecided
from services.triage.domain.rule_edits import RowEdit, edited
from services.triage.domain.state import Decided
from services.triage.rule_set import compiled, read_rules, shipped_documents

LUTON = Path("partnerships/luton")
RULES = read_rules(LUTON)
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
CATEGORIES = sorted(category.code for category in RULES.partnership.categories)
TERMS = sorted(
    said
    for line in shipped_documents(LUTON)["lexicon.yaml"].splitlines()
    if line.strip().startswith("- ") and (said := example(line.strip()[2:].strip("'\"")))
)


class Deciding:
    """The stage's pure part."""

    decide = staticmethod(handling.handle)


words = some.lists(some.one_of(some.sampled_from(TERMS), some.text(max_size=12)), max_size=8).map(" ".join)
people = some.fixed_dictionaries(
    {"role": some.sampled_from(["victim", "suspect", "subject", "witness"])},
    optional={
        "name": some.sampled_from(["An Invented Person", "Another Invented Person"]),
        "age": some.integers(0, 90),
        "under_18": some.booleans(),
        "date_of_birth": some.dates(date(1950, 1, 1), date(2020, 1, 1)).map(str),
    },
)
places = some.fixed_dictionaries(
    {},
    optional={"text": some.sampled_from(["George Street", "by the school", "car park"]), "latitude": some.just(51.87)},
)


@some.composite
def events(draw: Any) -> ReportReceived:
    occurred = draw(some.none() | some.integers(0, 60).map(lambda hours: NOW - timedelta(hours=hours)))
    report = ReportFacts(
        report_id=draw(some.uuids()),
        reference="R-222-222-222",
        source_id="made",
        channel=draw(some.sampled_from(["101", "online", "partner"])),
        kind=draw(some.sampled_from(["incident", "concern", "intelligence"])),
        category=draw(some.none() | some.sampled_from(CATEGORIES)),
        received_at=NOW,
        occurred_at=occurred,
        street=draw(some.none() | some.sampled_from(["George Street", "Wigmore Lane"])),
        cell=draw(some.none() | some.sampled_from(["8a1", "8a2"])),
        danger_now=draw(some.booleans()),
        historic=draw(some.booleans()),
    )
    personal = {"description": draw(words), "place": draw(places), "people": draw(some.lists(people, max_size=3))}
    return ReportReceived(report=report, personal=seal(personal))


def stored(decided: Decided) -> Decided:
    """As it comes back from the database."""
    return Decided.model_validate_json(decided.model_dump_json(exclude_none=True))


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(some.lists(events(), min_size=1, max_size=4))
def test_a_decision_made_again_from_its_recorded_inputs_is_the_same(sent: list[ReportReceived]) -> None:
    loop = MemoryLoop(Deciding(), RULES, NOW)
    for event in sent:
        decided = loop.send(event, str(event.report.report_id))
        if decided is None:
            continue
        again = redecided(stored(decided), RULES)
        assert again.decision == stored(decided).decision
        assert [each.as_dict() for each in again.because] == decided.because
        assert decided.decision.rule_set == RULES.rule_set
        assert decided.because
        assert decided.decision.rules


def decisions(*described: str) -> list[Decided]:
    loop = MemoryLoop(Deciding(), RULES, NOW)
    made = []
    for number, words_ in enumerate(described):
        report = ReportFacts(
            report_id=UUID(int=number + 1),
            reference=f"R-222-222-22{number}",
            source_id=str(number),
            channel="101",
            category="noise",
            received_at=NOW,
        )
        event = ReportReceived(report=report, personal=seal({"description": words_}))
        made.append(loop.send(event, str(report.report_id)))
    return made


@pytest.fixture(scope="module")
def quieter() -> Rules:
    """Rules by which noise belongs to the town centre."""
    cells = {"category": '"noise"', "theme": '"town-centre"', "weight": "0.9", "disposition": "null"}
    edit = RowEdit(table="category", operation="set", row="noise", text="Category: noise", cells=cells)
    return compiled(edited(shipped_documents(LUTON), edit), load_partnership(LUTON), 2)


def test_two_rule_sets_that_are_equal_differ_in_nothing() -> None:
    found = compared(decisions("Loud music.", "Party next door."), RULES, RULES)
    assert (found.replayed, found.changed, found.changes) == (2, 0, ())


def test_a_difference_names_field_before_after_and_reports(quieter: Rules) -> None:
    found = compared(decisions("Please come.", "Please come again."), RULES, quieter)
    assert (found.replayed, found.changed) == (2, 2)
    change = next(each for each in found.changes if each.field == "theme")
    assert (change.before, change.after, change.count) == ("asb-environmental", "town-centre", 2)
    assert [each.reference for each in change.reports] == ["R-222-222-220", "R-222-222-221"]
    assert "luton-council-neighbourhood-services" in change.reports[0].visible_to
    assert {each.field for each in found.changes} >= {"theme", "lead"}


def test_pages_add_up_and_keep_the_first_references(quieter: Rules) -> None:
    page = compared(decisions("Please come."), RULES, quieter)
    whole = page.merged(page, most=1)
    change = next(each for each in whole.changes if each.field == "theme")
    assert (whole.replayed, whole.changed, change.count, len(change.reports)) == (2, 2, 2, 1)
