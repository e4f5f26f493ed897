"""An answer to a report in review is taken back by who gave it, for a while, and the report waits as it did before."""

from datetime import timedelta
from typing import Any

import pytest

from schemas.events import Actor, ReviewRequested
from services.kernel.testing import MemoryLoop
from services.triage.domain.undoing import NotUndone, undo_until
from services.triage.messages import UndoReview
from tests.unit.triage.test_succession import ASHA, IDENTITY, UNSURE, answered, kept, now, sent

RUTH = Actor(kind="person", id="ruth-pellow", name="Ruth Pellow", agency="bedfordshire-police")


def undone(loop: MemoryLoop, version: int = 2, by: Actor = ASHA) -> Any:
    command = UndoReview(report_id=IDENTITY, version=version, by=by)
    return loop.send(command, str(IDENTITY), origin="command")


@pytest.fixture
def given(loop: MemoryLoop) -> MemoryLoop:
    """A report whose theme somebody changed a minute ago."""
    loop.send(sent(UNSURE), "1")
    loop.pass_time(timedelta(minutes=5))
    answered(loop, "change", themes=("domestic-abuse-osse",))
    loop.pass_time(timedelta(minutes=1))
    return loop


def test_the_report_waits_again_with_its_earlier_decision_and_its_first_clock(given: MemoryLoop) -> None:
    first = kept(given)[0].decided
    made = undone(given)
    assert (made.decision, made.in_review, made.version, made.answer) == (first.decision, True, 3, None)
    assert made.waits_since == first.decided_at
    event = given.events[-1].body
    assert isinstance(event, ReviewRequested)
    assert (event.undone, event.answer, event.decided_by.id) == ("change", None, "asha-venn")
    assert event.earlier is not None
    assert event.earlier.themes == ("domestic-abuse-osse",)
    assert [each.decided.version for each in kept(given)] == [1, 2]
    assert given.timers


def test_what_the_answer_said_of_the_rules_no_longer_counts(given: MemoryLoop) -> None:
    undone(given)
    assert given.tallies["review/change"] == 0
    assert given.tallies["review/undone"] == 1
    judged = {name: value for name, value in given.tallies.items() if name.endswith(("/confirmed", "/overridden"))}
    assert set(judged.values()) <= {0}


def test_it_is_answered_again_as_if_for_the_first_time(given: MemoryLoop) -> None:
    undone(given)
    made = answered(given, "confirm", version=3)
    assert (made.answer, made.undone, made.in_review) == ("confirm", None, False)
    assert given.events[-1].body.undone is None


def test_only_who_answered_takes_it_back(given: MemoryLoop) -> None:
    answer = undone(given, by=RUTH)
    assert isinstance(answer, NotUndone)
    assert answer.code == "undo-not-yours"
    assert not now(given).in_review


def test_after_the_stated_time_the_answer_stands(given: MemoryLoop) -> None:
    given.pass_time(timedelta(minutes=15))
    answer = undone(given)
    assert isinstance(answer, NotUndone)
    assert (answer.code, "15 minutes" in answer.message) == ("undo-too-late", True)


def test_an_answer_that_was_decided_again_since_is_stale(given: MemoryLoop) -> None:
    given.send(sent("Fly-tipping by the garages", revision=2, category="noise"), "1")
    answer = undone(given)
    assert isinstance(answer, NotUndone)
    assert answer.code == "version-stale"


@pytest.mark.parametrize("again", [False, True], ids=["it waits", "it was taken back"])
def test_what_waits_has_no_answer_to_take_back(loop: MemoryLoop, again: bool) -> None:
    loop.send(sent(UNSURE), "1")
    if again:
        answered(loop, "confirm")
        undone(loop)
    answer = undone(loop, version=now(loop).version)
    assert isinstance(answer, NotUndone)
    assert answer.code == "nothing-to-undo"


def test_a_split_made_two_reports_and_is_not_taken_back(loop: MemoryLoop) -> None:
    loop.send(sent(UNSURE), "1")
    made = answered(loop, "split", themes=("domestic-abuse-osse", "asb-environmental"))
    assert undo_until(made, loop.rules.partnership) is None
    answer = undone(loop)
    assert isinstance(answer, NotUndone)
    assert answer.code == "undo-of-split"
