"""Times in the bodies of commands: text with an offset, as in a report; a number would be seconds since 1970."""

from typing import Any

import pytest
from pydantic import ValidationError

from schemas.casefile import AddTask
from schemas.casework import Acknowledge
from schemas.meeting import AssignAction, ScheduleMeeting
from schemas.submission import Sent

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
