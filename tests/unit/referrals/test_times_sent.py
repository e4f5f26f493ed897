"""Times in the bodies of commands: text with an offset, as in a report; a number would be seconds since 1970."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from pydantic import ValidationError

from schemas.casefile import AddPerson, AddTask, ChangePerson
from schemas.casework import Acknowledge
from schemas.meeting import AssignAction, ScheduleMeeting
from schemas.referring import TakeStep
from schemas.submission import Person, Sent

BODIES: list[tuple[type[Sent], str, dict[str, Any]]] = [
    (AddTask, "due_at", {"what": "Call back."}),
    (Acknowledge, "danger_since", {}),
    (ScheduleMeeting, "at", {"panel": "gang-panel"}),
    (AssignAction, "due_at", {"referral": "F-222-222-222", "what": "Call back.", "person": "rosa-fell"}),
]


@pytest.mark.parametrize(("body", "field", "others"), BODIES)
@pytest.mark.parametrize(
    ("time", "says"),
    [
        (1_790_000_000, "A time is text"),
        ("1790000000", "A time is text"),
        ("1.79e9", "A time is text"),
        (" +1_790_000_000 ", "A time is text"),
        ("2026-09-21T14:00:00", "A time needs an offset"),
        ("0026-09-21T14:00:00Z", "between the years 1900 and 2100"),
    ],
)
def test_a_time_that_could_be_taken_for_another_is_refused_by_field(
    body: type[Sent], field: str, others: dict[str, Any], time: object, says: str
) -> None:
    with pytest.raises(ValidationError, match=says) as refused:
        body.model_validate(others | {field: time})
    assert refused.value.errors()[0]["loc"] == (field,)


@pytest.mark.parametrize(("body", "field", "others"), BODIES)
def test_a_time_with_its_offset_is_taken(body: type[Sent], field: str, others: dict[str, Any]) -> None:
    made = body.model_validate(others | {field: "2026-09-21T14:00:00+01:00"})
    assert getattr(made, field).isoformat() == "2026-09-21T14:00:00+01:00"


BIRTHS: list[tuple[type[Sent], dict[str, Any]]] = [
    (AddPerson, {"role": "subject"}),
    (ChangePerson, {"person": UUID(int=1), "reason": "As his school says."}),
    (TakeStep, {"instrument": "cbo", "reason": "As agreed."}),
]


@pytest.mark.parametrize(("body", "others"), BIRTHS)
@pytest.mark.parametrize("days", [2, 4000])
def test_nobody_is_born_in_days_to_come(body: type[Sent], others: dict[str, Any], days: int) -> None:
    born = (datetime.now(UTC) + timedelta(days=days)).date().isoformat()
    with pytest.raises(ValidationError, match="between 1900 and today") as refused:
        body.model_validate(others | {"date_of_birth": born})
    assert refused.value.errors()[0]["loc"] == ("date_of_birth",)


@pytest.mark.parametrize(("body", "others"), BIRTHS)
def test_somebody_may_be_born_from_1900_until_the_day_that_has_begun_in_the_east(
    body: type[Sent], others: dict[str, Any]
) -> None:
    with pytest.raises(ValidationError, match="between 1900 and today"):
        body.model_validate(others | {"date_of_birth": "1899-12-31"})
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).date().isoformat()
    for born in ("1900-01-01", tomorrow):
        made = body.model_validate(others | {"date_of_birth": born})
        assert made.model_dump(mode="json")["date_of_birth"] == born


def test_a_report_is_taken_though_its_date_of_birth_is_to_come() -> None:
    """A slip of the pen in a feed must not keep a report from being read."""
    born = (datetime.now(UTC) + timedelta(days=400)).date()
    sent = {"id": "p", "role": "victim", "name": "Somebody", "date_of_birth": born.isoformat()}
    assert Person.model_validate(sent).date_of_birth == born
