"""When a command was given: only a demonstration may lay it in the past, and never in the future."""

from datetime import UTC, datetime, timedelta

import pytest
from starlette.requests import Request

from services.kernel.http import Problem
from services.referrals.requests import given_at

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def asked(claimed: str) -> Request:
    return Request({"type": "http", "headers": [(b"x-demonstration-given-at", claimed.encode())]})


def test_only_a_demonstration_believes_when_a_command_says_it_was_given() -> None:
    then = NOW - timedelta(hours=4)
    assert given_at(asked(then.isoformat()), NOW, demonstration=True) == then
    assert given_at(asked(then.isoformat()), NOW, demonstration=False) is None
    assert given_at(Request({"type": "http", "headers": []}), NOW, demonstration=True) is None


def test_nothing_is_given_in_the_future() -> None:
    assert given_at(asked((NOW + timedelta(hours=1)).isoformat()), NOW, demonstration=True) == NOW


@pytest.mark.parametrize("claimed", ["yesterday", "2026-03-02T05:00:00"])
def test_what_is_no_time_with_an_offset_is_refused(claimed: str) -> None:
    with pytest.raises(Problem) as refused:
        given_at(asked(claimed), NOW, demonstration=True)
    assert refused.value.code == "invalid-header"
