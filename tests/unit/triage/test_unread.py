"""A report that the tables are not sure of waits for its reading or for its timer, and is decided exactly once."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from schemas.events import Actor, ReportFacts, ReportReceived, ReportWithdrawn
from schemas.personal import seal
from services.kernel.decision import Context, Decision, Message
from services.kernel.testing import START, MemoryLoop
from services.triage.domain import handling
from services.triage.domain.reading import NONE, Reading
from services.triage.domain.rerun import redecided
from services.triage.domain.state import Decided
from services.triage.domain.succession import report_key
from services.triage.domain.unread import unread_key
from services.triage.messages import ReadText, ResolveReview, TextRead
from services.triage.rule_set import read_rules
from services.triage.stage import report_keys

WAIT = timedelta(seconds=5)
RULES = replace(read_rules(Path("partnerships/luton")), reading_wait=WAIT)
ONE = UUID(int=1)
ASHA = Actor(kind="person", id="asha-venn", name="Asha Venn", agency="luton-council-neighbourhood-services")
UNSURE, SURE = "Somebody is begging.", "Fly-tipping, litter and graffiti by the garages."
SAYS_TOWN = Reading("test", {"town-centre": 0.95, NONE: 0.05}, {})


class Stage:
    """The pure part of triage's stage."""

    @staticmethod
    def decide(state: Mapping[str, Any], message: Message, context: Context) -> Decision:
        return handling.handle(state, message, context)


@pytest.fixture
def loop() -> MemoryLoop:
    return MemoryLoop(Stage(), RULES)


def facts(revision: int = 1, **changes: Any) -> ReportFacts:
    known = {"report_id": ONE, "reference": "R-222-222-222", "source_id": "1", "channel": "online"}
    return ReportFacts.model_validate({**known, "received_at": START, "revision": revision, **changes})


def sent(words: str = UNSURE, revision: int = 1, **changes: Any) -> ReportReceived:
    return ReportReceived(report=facts(revision, **changes), personal=seal({"description": words}))


def receive(loop: MemoryLoop, event: ReportReceived, message: int | None = None) -> Any:
    return loop.send(event, str(ONE), message_id=UUID(int=message) if message else None)


def answer(loop: MemoryLoop, reading: Reading | None = SAYS_TOWN, job: int = -1) -> Any:
    """The worker's result on one of the jobs so far."""
    asked = loop.jobs[job].payload
    assert isinstance(asked, ReadText)
    body = TextRead(report_id=asked.report_id, asked=asked.asked, keys=asked.keys, reading=reading)
    return loop.send(body, str(ONE), origin="result")


def decision(loop: MemoryLoop) -> Decided:
    found: Decided = loop.state[report_key(ONE)]
    return found


def waits(loop: MemoryLoop) -> bool:
    return loop.state.get(unread_key(ONE)) is not None


def test_an_unsure_report_asks_for_a_reading_and_tells_nobody(loop: MemoryLoop) -> None:
    receive(loop, sent())
    assert waits(loop)
    assert (loop.types(), report_key(ONE) in loop.state) == ([], False)
    assert [job.kind for job in loop.jobs] == ["read-text"]
    assert [timer.due_at for timer, _ in loop.timers.values()] == [START + WAIT]


@pytest.mark.parametrize(
    ("event", "asked"),
    [
        pytest.param(sent(), False, id="a first revision"),
        pytest.param(sent(revision=2), True, id="a correction"),
        pytest.param(ReportWithdrawn(report=facts(), personal=seal({})), True, id="taken back"),
    ],
)
def test_only_what_follows_on_a_report_asks_whether_it_waits(event: Any, asked: bool) -> None:
    keys = report_keys(event)
    assert report_key(ONE) in keys.aggregates
    assert (unread_key(ONE) in keys.aggregates) is asked


def test_the_reading_decides_and_the_timer_finds_nothing(loop: MemoryLoop) -> None:
    receive(loop, sent())
    answer(loop)
    assert (loop.types(), decision(loop).version) == (["ReportTriaged"], 1)
    assert (decision(loop).decision.themes[0], decision(loop).reading) == ("town-centre", SAYS_TOWN)
    assert "second-reader/town-centre" in decision(loop).decision.rules
    assert not any(timer.kind == "reading-late" for timer, _ in loop.timers.values())
    loop.pass_time(timedelta(minutes=1))
    assert (loop.types(), waits(loop), loop.tallies["reading/read"]) == (["ReportTriaged"], False, 1)


def test_the_timer_decides_as_the_tables_do_and_a_later_reading_is_counted_and_ignored(loop: MemoryLoop) -> None:
    receive(loop, sent())
    loop.pass_time(WAIT)
    alone = decision(loop)
    assert (len(loop.events), alone.reading, waits(loop)) == (1, None, False)
    quiet = MemoryLoop(Stage(), replace(RULES, reading_wait=None))
    receive(quiet, sent())
    assert decision(quiet).decision == alone.decision
    answer(loop)
    assert (decision(loop), len(loop.events), loop.tallies["reading/too-late"]) == (alone, 1, 1)


def test_a_result_without_a_reading_decides_as_the_timer_would(loop: MemoryLoop) -> None:
    receive(loop, sent())
    answer(loop, None)
    assert (len(loop.events), decision(loop).reading, loop.tallies["reading/without"]) == (1, None, 1)
    loop.pass_time(timedelta(minutes=1))
    assert len(loop.events) == 1


@pytest.mark.parametrize(
    "event",
    [
        pytest.param(sent(SURE), id="the tables are sure"),
        pytest.param(sent(danger_now=True), id="danger now"),
        pytest.param(sent(historic=True), id="of the past"),
        pytest.param(sent(batch="B-222-222-222"), id="a row of an import"),
        pytest.param(sent(" ", category="other"), id="no words to read"),
    ],
)
def test_a_report_is_decided_at_once_where(loop: MemoryLoop, event: ReportReceived) -> None:
    receive(loop, event)
    assert (len(loop.events), loop.jobs, waits(loop)) == (1, [], False)


def test_without_a_reader_nothing_waits() -> None:
    loop = MemoryLoop(Stage(), replace(RULES, reading_wait=None))
    receive(loop, sent())
    assert (len(loop.events), loop.jobs) == (1, [])


def test_a_record_that_comes_twice_waits_once_and_is_decided_once(loop: MemoryLoop) -> None:
    receive(loop, sent(), message=7)
    receive(loop, sent(), message=7)
    answer(loop)
    receive(loop, sent(), message=7)
    assert (len(loop.jobs), len(loop.events)) == (1, 1)


def test_a_correction_ends_the_waiting_of_the_one_before(loop: MemoryLoop) -> None:
    receive(loop, sent())
    receive(loop, sent("Somebody begs at the doors.", revision=2))
    answer(loop, job=0)
    assert (loop.events, waits(loop)) == ([], True)
    answer(loop, job=1)
    assert (len(loop.events), decision(loop).report.revision, decision(loop).version) == (1, 2, 1)


def test_corrections_one_after_the_other_make_nobody_wait_longer(loop: MemoryLoop) -> None:
    receive(loop, sent())
    for revision in (2, 3):
        loop.pass_time(timedelta(seconds=2))
        receive(loop, sent(f"Somebody begs at the doors, {revision} of them.", revision=revision))
    assert loop.events == []
    loop.pass_time(timedelta(seconds=1))
    assert (len(loop.events), decision(loop).report.revision, waits(loop)) == (1, 3, False)
    receive(loop, sent("Somebody begs at the doors again.", revision=4))
    assert loop.state[unread_key(ONE)].until == loop.now + WAIT


def test_a_sure_correction_is_decided_at_once_and_the_old_reading_ignored(loop: MemoryLoop) -> None:
    receive(loop, sent())
    receive(loop, sent(SURE, revision=2))
    assert (len(loop.events), waits(loop)) == (1, False)
    answer(loop)
    loop.pass_time(WAIT)
    assert (len(loop.events), decision(loop).report.revision) == (1, 2)


def test_an_older_revision_does_not_end_the_waiting_of_a_newer_one(loop: MemoryLoop) -> None:
    receive(loop, sent(revision=2))
    receive(loop, sent(SURE, revision=1))
    assert (loop.events, waits(loop)) == ([], True)


def test_the_earlier_decision_stands_until_the_correction_was_read(loop: MemoryLoop) -> None:
    receive(loop, sent(SURE))
    before = decision(loop)
    receive(loop, sent(revision=2))
    assert decision(loop) == before
    answer(loop)
    last = loop.events[-1].body
    assert (last.version, last.earlier.themes, last.earlier.revision) == (2, before.decision.themes, 1)


def test_a_persons_answer_while_a_correction_is_read_is_not_lost(loop: MemoryLoop) -> None:
    receive(loop, sent("Something strange on our road most nights."))
    answer(loop, None)
    assert decision(loop).in_review
    receive(loop, sent("Something strange on our road most nights, again.", revision=2))
    confirmed = ResolveReview(
        report_id=ONE, version=1, action="change", themes=("hate-extremism",), reason="Known.", by=ASHA
    )
    loop.send(confirmed, str(ONE), origin="command")
    answer(loop)
    assert (decision(loop).in_review, decision(loop).decision.themes) == (True, ("hate-extremism",))
    assert decision(loop).decision.review_reason == "corrected after a person decided"


def test_a_report_taken_back_while_it_is_read_reaches_nobody(loop: MemoryLoop) -> None:
    receive(loop, sent())
    loop.send(ReportWithdrawn(report=facts(2), personal=seal({"withdrawn_reason": "sent in error"})), str(ONE))
    only = loop.events[-1].body
    assert (len(loop.events), only.withdrawn, only.decision.disposition) == (1, True, "record-only")
    assert (decision(loop).version, decision(loop).personal["description"]) == (1, UNSURE)
    answer(loop)
    loop.pass_time(timedelta(minutes=1))
    assert (len(loop.events), waits(loop)) == (1, False)


def test_rules_published_while_it_is_read_decide(loop: MemoryLoop) -> None:
    receive(loop, sent())
    loop.rules = replace(RULES, rule_set="the next ones")
    answer(loop)
    assert decision(loop).decision.rule_set == "the next ones"
    again = redecided(Decided.model_validate_json(decision(loop).model_dump_json(exclude_none=True)), loop.rules)
    assert again.decision == decision(loop).decision


def test_another_report_of_the_place_counts_by_the_order_of_decisions(loop: MemoryLoop) -> None:
    receive(loop, sent(cell="8a1"))
    other = facts(report_id=UUID(int=2), reference="R-333-333-333", cell="8a1", occurred_at=START - timedelta(days=9))
    loop.send(ReportReceived(report=other, personal=seal({"description": SURE})), str(UUID(int=2)))
    answer(loop)
    assert [each.reference for each in decision(loop).seen] == ["R-333-333-333"]
