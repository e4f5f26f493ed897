"""A decision made again from its recorded inputs is the same, whatever came before it and in whatever order."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.events import ReportFacts, ReportReceived
from schemas.personal import seal
from services.kernel.testing import START, MemoryLoop
from services.triage.domain import handling
from services.triage.domain.reading import NONE, Reading
from services.triage.domain.rerun import redecided
from services.triage.domain.state import Decided
from services.triage.messages import TextRead
from services.triage.rule_set import read_rules

WORDS = (
    "My husband hit me again, I am frightened of my partner",
    "Fly-tipping by the garages",
    "Men drinking and begging at the doors",
    "He has a knife and he is outside now",
    "Something odd on our road",
    "They took his passport and he works to pay off a debt",
    "",
)
WAIT = timedelta(seconds=5)
RULES = replace(read_rules(Path("partnerships/luton")), reading_wait=WAIT)
THEMES = tuple(theme.code for strategy in RULES.partnership.strategies for theme in strategy.themes)


class Stage:
    """The pure part of triage's stage."""

    @staticmethod
    def decide(state: Any, message: Any, context: Any) -> Any:
        return handling.handle(state, message, context)


REPORTS = st.fixed_dictionaries(
    {
        "report": st.integers(1, 6),
        "words": st.sampled_from(WORDS),
        "category": st.sampled_from((None, "noise", "begging-vagrancy", "burglary")),
        "cell": st.sampled_from((None, "8a194ad32b67fff", "8a194ad32b6ffff")),
        "hours_ago": st.integers(0, 24 * 500),
        "victim": st.sampled_from((None, "A", "B")),
        "under_18": st.booleans(),
        "danger_now": st.booleans(),
        "kind": st.sampled_from(("incident", "concern", "intelligence")),
        "historic": st.booleans(),
    }
)


def received(drawn: dict[str, Any], revision: int) -> ReportReceived:
    facts = ReportFacts(
        report_id=UUID(int=drawn["report"]),
        reference=f"R-{drawn['report']}",
        revision=revision,
        source_id=str(drawn["report"]),
        channel="online",
        kind=drawn["kind"],
        category=drawn["category"],
        received_at=datetime(2026, 3, 2, 9, 0, tzinfo=UTC),
        occurred_at=START - timedelta(hours=drawn["hours_ago"]),
        cell=drawn["cell"],
        danger_now=drawn["danger_now"],
        historic=drawn["historic"],
    )
    victim = {"id": "v", "role": "victim", "name": drawn["victim"], "under_18": drawn["under_18"]}
    return ReportReceived(
        report=facts, personal=seal({"description": drawn["words"], "people": [victim] if drawn["victim"] else []})
    )


CHANCES = st.floats(0, 1, allow_nan=False).map(lambda chance: round(chance, 4))
READINGS = st.builds(
    lambda theme, chance, flags: Reading("drawn", {theme: chance, NONE: round(1 - chance, 4)}, flags),
    st.sampled_from(THEMES),
    CHANCES,
    st.dictionaries(st.sampled_from(("child", "coercion", "weapon", "missing")), CHANCES),
)


def answered(loop: MemoryLoop, reading: Reading | None) -> None:
    """The worker's result on the last report that waits, where one was."""
    if loop.jobs:
        asked: Any = loop.jobs[-1].payload
        body = TextRead(report_id=asked.report_id, asked=asked.asked, keys=asked.keys, reading=reading)
        loop.send(body, str(asked.report_id), origin="result")


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(REPORTS, st.none() | READINGS), min_size=1, max_size=12))
def test_every_decision_can_be_made_again_from_what_was_recorded_with_it(
    drawn: list[tuple[dict[str, Any], Reading | None]],
) -> None:
    """Read, unread or late: a drawn reading is the worker's answer, and where none is drawn the timer decides."""
    loop = MemoryLoop(Stage(), RULES)
    for revision, (each, reading) in enumerate(drawn, 1):
        loop.send(received(each, revision), str(each["report"]))
        if reading is not None:
            answered(loop, reading)
    loop.pass_time(WAIT)
    assert {str(each["report"]) for each, _ in drawn} == {
        str(value.report.report_id.int) for value in loop.state.values() if isinstance(value, Decided)
    }
    for decided in (value for value in loop.state.values() if isinstance(value, Decided)):
        stored = Decided.model_validate_json(decided.model_dump_json(exclude_none=True))
        again = redecided(stored, RULES)
        assert again.decision == decided.decision
        assert [reason.as_dict() for reason in again.because] == decided.because
        assert decided.decision.rule_set
        assert decided.because


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
def test_the_last_of_three_finds_the_repeat_in_whatever_order_they_come(order: tuple[int, ...]) -> None:
    base = {"category": "noise", "cell": "8a194ad32b67fff", "victim": None, "under_18": False, "danger_now": False}
    base |= {"kind": "incident", "historic": False, "words": WORDS[1]}
    drawn = [base | {"report": number + 1, "hours_ago": 24 * 10 * number} for number in range(3)]
    loop = MemoryLoop(Stage(), replace(RULES, reading_wait=None))
    for place in order:
        loop.send(received(drawn[place], 1), str(place))
    assert "repeat-place" in loop.events[-1].body.decision.flags
    assert all("repeat-place" not in event.body.decision.flags for event in loop.events[:-1])
