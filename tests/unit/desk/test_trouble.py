"""What `/ops` says of a service: the gravest that is in its way."""

from typing import Any

from services.desk.operations_pages import trouble


def health(**changes: Any) -> dict[str, Any]:
    well: dict[str, Any] = {
        "database": "connected",
        "relay": {"trouble": None},
        "timers": None,
        "jobs": None,
        "ended": [],
    }
    return well | changes


def test_a_service_that_is_well_has_none() -> None:
    assert trouble(health()) is None


def test_what_has_ended_is_told_before_what_only_waits() -> None:
    assert trouble(health(ended=["Process._tidy"], timers="OSError")) == "Process._tidy has ended"
    assert trouble(health(ended=["Process._tidy"], database="does not answer")) == "does not answer"
