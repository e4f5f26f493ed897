"""A decision is made again from its recorded inputs, and is the same; and each one says under which rules and why."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from schemas.case_life import ReportOfSign, SignConfirmed, SignStruckOut
from schemas.events import ReportFacts, ReportReceived
from schemas.personal import seal
from services.kernel.references import reference
from services.kernel.testing import START, MemoryLoop
from services.partnership.live_themes import themes_to_choose
from services.partnership.loading import load_partnership
from services.partnership.table_contract import CONTRACTS
from services.partnership.table_file import parse_table
from services.triage.domain import handling
from services.triage.domain.deciding import Rules
from services.triage.domain.lexicon_lint import spellings
from services.triage.domain.reading import NONE, Reading
from services.triage.domain.rerun import compared
from services.triage.domain.rule_edits import RowEdit, edited
from services.triage.domain.state import Decided
from services.triage.domain.succession import report_key
from services.triage.messages import ResolveReview, TextRead
from services.triage.rule_set import compiled, read_rules, shipped_documents
from tests.unit.referrals.made import ASHA, open_case
from tests.unit.triage.deciding import Deciding, assert_made_again_the_same

LUTON = Path("partnerships/luton")
RULES = read_rules(LUTON)
WAIT = timedelta(seconds=5)
READ = replace(RULES, reading_wait=WAIT)
"""Rules under which unsure reports wait for the second reader."""
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
THEMES = tuple(theme.code for strategy in RULES.partnership.strategies for theme in strategy.themes)
CATEGORIES = sorted(category.code for category in RULES.partnership.categories)
TERMS = sorted(
    said
    for line in shipped_documents(LUTON)["lexicon.yaml"].splitlines()
    if line.strip().startswith("- ")
    for said in (spellings(line.strip()[2:].strip("'\"")) or ())[:1]
)
SENTENCES = (
    "My husband hit me again, I am frightened of my partner",
    "He has a knife and he is outside now",
    "Something odd on our road",
    "They took his passport and he works to pay off a debt",
    "",
)


words = some.one_of(
    some.sampled_from(SENTENCES),
    some.lists(some.one_of(some.sampled_from(TERMS), some.text(max_size=12)), max_size=8).map(" ".join),
)
people = some.fixed_dictionaries(
    {"id": some.just("p"), "role": some.sampled_from(["victim", "suspect", "subject", "witness"])},
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
    """A report of one of a few, so that a second one of the same is its correction."""
    occurred = draw(some.none() | some.integers(0, 24 * 500).map(lambda hours: NOW - timedelta(hours=hours)))
    number = draw(some.integers(1, 6))
    report = ReportFacts(
        report_id=UUID(int=number),
        reference=f"R-{number}",
        source_id=str(number),
        channel=draw(some.sampled_from(["101", "online", "partner"])),
        kind=draw(some.sampled_from(["incident", "concern", "intelligence"])),
        category=draw(some.none() | some.sampled_from(CATEGORIES)),
        received_at=NOW,
        occurred_at=occurred,
        street=draw(some.none() | some.sampled_from(["George Street", "Wigmore Lane"])),
        cell=draw(some.none() | some.sampled_from(["8a194ad32b67fff", "8a194ad32b6ffff"])),
        danger_now=draw(some.booleans()),
        historic=draw(some.booleans()),
    )
    personal = {"description": draw(words), "place": draw(places), "people": draw(some.lists(people, max_size=3))}
    return ReportReceived(report=report, personal=seal(personal))


chances = some.floats(0, 1, allow_nan=False).map(lambda chance: round(chance, 4))
readings = some.builds(
    lambda theme, chance, flags: Reading("drawn", {theme: chance, NONE: round(1 - chance, 4)}, flags),
    some.sampled_from(THEMES),
    chances,
    some.dictionaries(some.sampled_from(("child", "coercion", "weapon", "missing")), chances),
)


def answered(loop: MemoryLoop, reading: Reading | None) -> None:
    """The worker's result on the last report that waits, where one was."""
    if loop.jobs:
        asked: Any = loop.jobs[-1].payload
        body = TextRead(report_id=asked.report_id, asked=asked.asked, keys=asked.keys, reading=reading)
        loop.send(body, str(asked.report_id), origin="result")


IN_FORCE = sorted(themes_to_choose(RULES.partnership, START.date()))
pairs = some.lists(some.sampled_from(IN_FORCE), min_size=2, max_size=2, unique=True)
SIGNS = ("child", "coercion", "weapon", "danger-now", "repeat-victim")


def signs_answered(loop: MemoryLoop, said: list[tuple[str, bool]]) -> None:
    """A person answers these signs on the cases of all reports that there are."""
    for sign, so in said:
        loop.pass_time(timedelta(milliseconds=1))
        decided = [value.report for value in loop.state.values() if isinstance(value, Decided)]
        named = tuple(ReportOfSign(report_id=each.report_id, revision=each.revision) for each in decided)
        made = (SignConfirmed if so else SignStruckOut)(
            case=open_case(UUID(int=9), loop.now), at=loop.now, by=ASHA, changed={"sign": sign}, reports=named
        )
        loop.send(made, "case")


ANSWERS = ("confirm", "change", "split", "merge", "not-ours")
ANOTHER_CASE = reference("C", UUID(int=9))


def reviews_answered(loop: MemoryLoop, said: list[tuple[str, list[str]]]) -> None:
    """A person answers the reports that wait for her, one after the other, as far as she says something of them."""
    waiting = [value for value in loop.state.values() if isinstance(value, Decided) and value.in_review]
    for known, (action, themes) in zip(waiting, said, strict=False):
        loop.pass_time(timedelta(hours=5))
        now = loop.state[report_key(known.report.report_id)]
        if not now.in_review:
            continue  # a later revision hints at danger, and nobody read it in time
        body = ResolveReview(
            report_id=known.report.report_id,
            version=now.version,
            action=action,
            themes=tuple(themes[:1] if action == "change" else themes),
            destination="Luton Council highways",
            case=ANOTHER_CASE,
            reason="I rang.",
            by=ASHA,
            keys=tuple(sorted(handling.sighting_keys(known.report, known.personal))),
        )
        answer = loop.send(body, str(known.report.report_id), origin="command")
        assert isinstance(answer, Decided)


@pytest.mark.parametrize("rules", [RULES, READ], ids=["without-a-reader", "with-a-reader"])
@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(
    sent=some.lists(some.tuples(events(), some.none() | readings), min_size=1, max_size=6),
    said=some.lists(some.tuples(some.sampled_from(SIGNS), some.booleans()), max_size=4),
    told=some.lists(some.tuples(some.sampled_from(ANSWERS), pairs), max_size=6),
)
def test_a_decision_made_again_from_its_recorded_inputs_is_the_same(
    rules: Rules,
    sent: list[tuple[ReportReceived, Reading | None]],
    said: list[tuple[str, bool]],
    told: list[tuple[str, list[str]]],
) -> None:
    """Read, unread or late: a drawn reading is the worker's answer, and where none is drawn the timer decides. Signs of
    all of them are confirmed and struck out on their cases, and those in review answered, before the last report (which
    may be a correction, or ask the earlier ones again) and after it. The split makes a report that nobody sent."""
    loop = MemoryLoop(Deciding(), rules, NOW)
    for revision, (event, reading) in enumerate(sent, 1):
        if revision == len(sent):
            signs_answered(loop, said[:1])
            reviews_answered(loop, told[:3])
            signs_answered(loop, said[1:2])
        report = event.report.model_copy(update={"revision": revision})
        loop.send(event.model_copy(update={"report": report}), str(report.report_id))
        if reading is not None:
            answered(loop, reading)
    loop.pass_time(WAIT)
    signs_answered(loop, said[2:3])
    reviews_answered(loop, told[3:])
    signs_answered(loop, said[3:])
    made = [value for value in loop.state.values() if isinstance(value, Decided)]
    first_hand = {each.report.report_id for each in made if each.report.split_from is None}
    assert first_hand == {event.report.report_id for event, _ in sent}
    for decided in made:
        assert_made_again_the_same(decided, rules)
        assert decided.decision.rule_set == rules.rule_set
        assert decided.because
        assert decided.decision.rules


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
def test_the_last_of_three_finds_the_repeat_in_whatever_order_they_come(order: tuple[int, ...]) -> None:
    loop = MemoryLoop(Deciding(), RULES)
    for place in order:
        report = ReportFacts(
            report_id=UUID(int=place + 1),
            reference=f"R-{place}",
            source_id=str(place),
            channel="online",
            category="noise",
            received_at=NOW,
            occurred_at=loop.now - timedelta(days=10 * place),
            cell="8a194ad32b67fff",
        )
        loop.send(ReportReceived(report=report, personal=seal({"description": "Fly-tipping."})), str(place))
    assert "repeat-place" in loop.events[-1].body.decision.flags
    assert all("repeat-place" not in event.body.decision.flags for event in loop.events[:-1])


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
    assert change.reports[0].visible_to == ("luton-council-neighbourhood-services",), "the draft's lead sees no more"
    assert {each.field for each in found.changes} >= {"theme", "lead"}


@pytest.fixture(scope="module")
def laxer() -> Rules:
    """Rules by which a weapon is of standard risk, may wait for 60,000 minutes, and nobody acts first."""
    documents = shipped_documents(LUTON)
    lax = {"risk": '"standard"', "priority": "1", "due_minutes": "60000", "due_calendar": '"elapsed"'}
    nobody = {"risk": "null", "act_first": "null"}
    for table, cells in (("risk", lax), ("signals", nobody)):
        row = weapon_row(documents[f"{table}.json"], table)
        edit = RowEdit(table=table, operation="set", row="weapon", text=row.text, cells=row.cells | cells)
        documents = edited(documents, edit)
    return compiled(documents, load_partnership(LUTON), 3)


def weapon_row(text: str, table: str) -> RowEdit:
    """The row of a weapon, as it is shipped."""
    row = next(each for each in parse_table(text, table, CONTRACTS[table]).rows if each.id == "weapon")
    return RowEdit(table=table, operation="set", row=row.id, text=row.text, cells={**row.conditions, **row.answers})


def test_a_lower_risk_more_time_and_nobody_first_are_named_before_all_else(laxer: Rules) -> None:
    found = compared(decisions("He has a knife.", "Loud music."), RULES, laxer)
    assert (found.replayed, found.changed) == (2, 1)
    assert [(each.what, each.before, each.after) for each in found.changes[:3]] == [
        ("risk lowered", "high", "standard"),
        ("more time allowed", "60 min", "about 42 days"),
        ("no longer acts first", "bedfordshire-police", "none"),
    ]
    assert all(each.weaker for each in found.changes[:3])
    assert [each.reference for each in found.changes[0].reports] == ["R-222-222-220"]


def test_more_is_no_reason_to_look_first(laxer: Rules) -> None:
    found = compared(decisions("He has a knife."), laxer, RULES)
    assert [each.what for each in found.changes[:3]] == ["risk", "time allowed", "acts first"]
    assert not any(each.weaker for each in found.changes)


def test_what_is_weaker_stays_on_top_however_few_reports_it_has(quieter: Rules, laxer: Rules) -> None:
    often = compared(decisions("Please come.", "Please come again."), RULES, quieter)
    both = often.merged(compared(decisions("He has a knife."), RULES, laxer))
    weaker = [each.weaker for each in both.changes]
    assert weaker == sorted(weaker, reverse=True)
    assert any(weaker)


def test_pages_add_up_and_keep_the_first_references(quieter: Rules) -> None:
    page = compared(decisions("Please come."), RULES, quieter)
    whole = page.merged(page, most=1)
    change = next(each for each in whole.changes if each.field == "theme")
    assert (whole.replayed, whole.changed, change.count, len(change.reports)) == (2, 2, 2, 1)
