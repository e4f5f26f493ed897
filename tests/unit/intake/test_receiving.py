"""A report is taken in once, as what came last says it, and danger is never history and never put off."""

import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from schemas.casefile import AddPerson, ChangePerson
from schemas.codes import ReportStatus
from schemas.referring import TakeStep
from schemas.submission import Person, Sent, Submission
from services.intake.domain.receiving import Accepted, Refused, Report, report_id
from services.intake.messages import ReceiveReport
from services.intake.stage import IntakeStage
from services.kernel.testing import START, MemoryLoop
from services.partnership.loading import load_partnership

PARTNERSHIP = load_partnership(Path("partnerships/luton"))
LONG_AGO = START - timedelta(days=400)


@pytest.fixture
def loop() -> MemoryLoop:
    stage = IntakeStage(PARTNERSHIP)
    return MemoryLoop(stage, stage._rules)


def take(loop: MemoryLoop, revision: int = 1, *, said: dict[str, Any] | None = None, **more: Any) -> Any:
    """A revision of one report, received now; its answer."""
    made = Submission.model_validate({"source_id": "s-1", "revision": revision, "category": "noise"} | (said or {}))
    identity = report_id("police", "s-1")
    given = {"report_id": identity, "partner": "police", "channel": "101", "submission": made, "received_at": loop.now}
    return loop.send(ReceiveReport.model_validate(given | more), str(identity), origin="command")


def kept(loop: MemoryLoop) -> Report:
    (report,) = (each for each in loop.state.values() if isinstance(each, Report))
    return report


def test_what_began_long_ago_is_history_and_danger_now_never_is(loop: MemoryLoop) -> None:
    old = {"occurred_at": LONG_AGO.isoformat()}
    take(loop, said=old)
    assert kept(loop).facts.historic
    take(loop, 2, said=old | {"danger_now": True})
    assert not kept(loop).facts.historic
    assert [kind for kind, _, _ in loop.timers] == ["danger-unanswered"]


def test_a_correction_long_after_a_report_is_as_live_as_the_report_was(loop: MemoryLoop) -> None:
    take(loop, said={"occurred_at": START.isoformat()})
    loop.pass_time(timedelta(days=90))
    take(loop, 2, said={"occurred_at": START.isoformat(), "description": "He is not safe to write to."})
    assert not kept(loop).facts.historic


def test_the_duty_contact_hears_a_minute_after_danger_was_told_first_however_often_it_is_told_again(
    loop: MemoryLoop,
) -> None:
    for revision in range(1, 8):
        take(loop, revision, said={"danger_now": True, "description": f"He is outside{'!' * revision}"})
        loop.pass_time(timedelta(seconds=20))
    assert [job.kind for job in loop.jobs] == ["danger-mail"]


def test_a_danger_that_is_told_again_after_a_decision_is_waited_for_anew(loop: MemoryLoop) -> None:
    take(loop, said={"danger_now": True})
    ((key, report),) = loop.state.items()
    loop.state[key] = report.model_copy(update={"status": ReportStatus.ROUTED})
    loop.pass_time(timedelta(minutes=5))
    assert loop.jobs == []
    take(loop, 2, said={"danger_now": True, "description": "Again."})
    loop.pass_time(timedelta(minutes=5))
    assert [job.kind for job in loop.jobs] == ["danger-mail"]


def test_another_grade_is_other_content(loop: MemoryLoop) -> None:
    take(loop, line="101", grade="4")
    assert isinstance(take(loop, line="101", grade="1"), Refused)
    assert take(loop, line="101", grade="4").duplicate


def test_what_one_page_sends_last_stands_although_an_answer_to_it_was_lost(loop: MemoryLoop) -> None:
    told = ("He is in the house.", "He is in the house.", "He is in the house with a knife.", "He is in the house.")
    answers = [take(loop, said={"description": words}, newest=True) for words in told]
    assert all(isinstance(answer, Accepted) for answer in answers)
    assert [answer.duplicate for answer in answers] == [False, True, False, False]
    assert kept(loop).facts.revision == 3
    assert [event.body.report.revision for event in loop.events] == [1, 2, 3]


def test_anybody_else_who_sends_other_content_under_one_revision_is_refused(loop: MemoryLoop) -> None:
    take(loop, said={"description": "He is in the house."})
    assert take(loop, said={"description": "With a knife."}).code == "source-id-reused"


@pytest.mark.parametrize("month", ["0000-01", "1899-12", "2101-01", "9999-12"])
def test_a_month_or_time_beyond_all_reports_is_refused_by_its_field(month: str) -> None:
    for given in ({"occurred_month": month}, {"occurred_at": f"{month}-01T00:00:00+00:00"}):
        with pytest.raises(ValidationError) as refused:
            Submission.model_validate({"source_id": "s-1", "category": "noise"} | given)
        assert {each["loc"][0] for each in refused.value.errors()} == set(given)


BORN: dict[type[Sent], dict[str, str]] = {
    Person: {"role": "victim"},
    AddPerson: {"role": "victim"},
    ChangePerson: {"person": "6f1d2b5e-0000-4000-8000-000000000000", "reason": "Seen on a letter."},
    TakeStep: {"instrument": "verbal-warning", "reason": "Asked twice."},
}


@pytest.mark.parametrize("body", BORN)
def test_a_day_of_birth_is_a_written_day_and_never_a_number(body: type[Sent]) -> None:
    wrong: tuple[Any, ...] = (
        0,
        631152000,
        0.0,
        True,
        "0",
        "86400",
        "19900501",
        "1990-05-01T00:00:00",
        "1990-02-30",
        "",
    )
    for born in wrong:
        with pytest.raises(ValidationError) as refused:
            body.model_validate_json(json.dumps(BORN[body] | {"date_of_birth": born}))
        assert [each["loc"] for each in refused.value.errors()] == [("date_of_birth",)]
    for right in ("1990-05-01", date(1990, 5, 1)):
        assert body.model_validate(BORN[body] | {"date_of_birth": right}).model_dump()["date_of_birth"] == date(
            1990, 5, 1
        )
    assert body.model_json_schema()["properties"]["date_of_birth"]["anyOf"][0] == {"format": "date", "type": "string"}


@pytest.mark.parametrize("number", [1700000000, "1700000000", "-5", "1.5"])
def test_a_number_is_no_time_even_as_text(number: Any) -> None:
    with pytest.raises(ValidationError) as refused:
        Submission.model_validate({"source_id": "s-1", "category": "noise", "occurred_at": number})
    assert [each["type"] for each in refused.value.errors()] == ["datetime_type"]
