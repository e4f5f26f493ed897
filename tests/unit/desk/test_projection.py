"""What of a report the read model keeps, and which of two decisions on it is the later one."""

from datetime import timedelta
from typing import Any

import pytest

from schemas.events import ReportDecided, ReportReceived, ReportTriaged, ReviewRequested
from schemas.personal import seal
from services.desk.projection import DecisionRow, ReportRow
from services.desk.stage import DeskStage
from services.kernel.testing import START, MemoryLoop
from tests.unit.referrals.made import PARTNERSHIP, triaged

FIRST = triaged(personal={"description": "They shout."})
NEW = seal({"description": "A knife is kept behind the bar.", "because": []}).model_dump()


def decided(version: int | None, revision: int = 1, made: type[ReportDecided] = ReportTriaged, **changes: Any) -> Any:
    """A decision on a revision of the report; the second revision has other words."""
    facts = FIRST.report.model_dump() | {"revision": revision} | changes.pop("report", {})
    words = {"personal": NEW} if revision > 1 else {}
    return made.model_validate(FIRST.model_dump() | {"report": facts, "version": version} | words | changes)


@pytest.fixture
def desk() -> MemoryLoop:
    """Desk in memory, with the report as it first came."""
    loop = MemoryLoop(DeskStage(PARTNERSHIP), PARTNERSHIP)
    loop.send(ReportReceived(report=FIRST.report, personal=FIRST.personal), "1")
    return loop


def report(desk: MemoryLoop) -> ReportRow:
    found: ReportRow = desk.state[f"report:{FIRST.report.report_id}"]
    return found


def decision(desk: MemoryLoop) -> DecisionRow:
    found: DecisionRow = desk.state[f"decision:{FIRST.report.report_id}"]
    return found


def test_a_corrections_words_come_with_the_decision_on_it(desk: MemoryLoop) -> None:
    again = decided(2, revision=2)
    desk.send(ReportReceived(report=again.report, personal=again.personal), "1")
    assert report(desk).personal == {"description": "They shout."}
    desk.send(again, "1")
    assert report(desk).personal == {"description": "A knife is kept behind the bar."}
    assert report(desk).facts.revision == 2


def test_a_decision_says_whether_its_report_is_intelligence(desk: MemoryLoop) -> None:
    desk.send(decided(1), "1")
    assert not decision(desk).intelligence
    desk.send(decided(2, revision=2, report={"kind": "intelligence"}), "1")
    assert decision(desk).intelligence


def test_a_report_that_its_sender_withdrew_is_shown_as_such_with_its_words(desk: MemoryLoop) -> None:
    desk.send(decided(2, revision=2, withdrawn=True), "1")
    assert report(desk).withdrawn


@pytest.mark.parametrize("version", [1, None])
def test_a_later_version_counts_though_its_clock_stepped_back(desk: MemoryLoop, version: int | None) -> None:
    desk.send(decided(version, made=ReviewRequested, decided_at=START + timedelta(seconds=2)), "1")
    desk.send(decided(2), "1")
    assert (decision(desk).version, decision(desk).in_review) == (2, False)


def test_an_earlier_version_that_comes_late_changes_nothing(desk: MemoryLoop) -> None:
    desk.send(decided(2), "1")
    desk.send(decided(1, made=ReviewRequested, decided_at=START + timedelta(seconds=2)), "1")
    assert not decision(desk).in_review
