"""In what two decisions on one report differ, in the words of the shadow run."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from schemas.events import TriageDecision
from services.triage.domain.difference import Difference, differences

RECEIVED = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def decision(**changes: Any) -> TriageDecision:
    due = changes.pop("minutes", 60)
    made: dict[str, Any] = {
        "themes": ("violence-exploitation",),
        "lead_agency": "bedfordshire-police",
        "disposition": "needs-case",
        "risk": "high",
        "priority": 1,
        "due_at": None if due is None else RECEIVED + timedelta(minutes=due),
        "act_first": ("bedfordshire-police",),
        "flags": ("weapon",),
        "confidence": 0.9,
        "rule_set": "one",
    }
    return TriageDecision.model_validate(made | changes)


def between(old: dict[str, Any], new: dict[str, Any]) -> tuple[Difference, ...]:
    return differences(decision(**old), decision(**new), RECEIVED)


def test_equal_decisions_of_two_rule_sets_differ_in_nothing() -> None:
    assert between({}, {"rule_set": "two", "confidence": 0.8}) == ()


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ({}, {"risk": "standard"}, ("risk", "high", "standard", True)),
        ({"risk": "medium"}, {}, ("risk", "medium", "high", False)),
        ({}, {"act_first": ()}, ("act_first", "bedfordshire-police", "none", True)),
        ({}, {"act_first": ("luton-council",)}, ("act_first", "bedfordshire-police", "luton-council", True)),
        (
            {},
            {"act_first": ("luton-council", "bedfordshire-police")},
            ("act_first", "bedfordshire-police", "bedfordshire-police, luton-council", False),
        ),
        ({}, {"flags": ("weapon", "child")}, ("flags", "weapon", "child, weapon", False)),
        ({}, {"joint_leads": ("luton-council",)}, ("joint_leads", "none", "luton-council", False)),
        (
            {},
            {"themes": ("violence-exploitation", "town-centre")},
            ("further_themes", "none", "town-centre", False),
        ),
        ({}, {"priority": 2}, ("priority", "1", "2", False)),
        ({}, {"disposition": "record-only"}, ("disposition", "needs-case", "record-only", True)),
        ({"disposition": "review"}, {"disposition": "not-ours"}, ("disposition", "review", "not-ours", True)),
        ({"disposition": "not-ours"}, {}, ("disposition", "not-ours", "needs-case", False)),
    ],
)
def test_a_field_says_what_it_was_what_it_would_be_and_whether_it_is_weaker(
    old: dict[str, Any], new: dict[str, Any], expected: tuple[str, str, str, bool]
) -> None:
    assert between(old, new) == (Difference(*expected),)


@pytest.mark.parametrize(
    ("was", "now", "expected"),
    [
        (60, 15, ("60 min", "15 min", False)),
        (60, 60000, ("60 min", "about 42 days", True)),
        (240, 2880, ("4 h", "2 days", True)),
        (60, None, ("60 min", "no clock", True)),
        (None, 60, ("no clock", "60 min", False)),
        (60000, 60010, ("41 days, 16:00:00", "41 days, 16:10:00", True)),
    ],
    ids=["sooner", "later", "hours-and-days", "no-clock-any-more", "a-clock-now", "told-apart-to-the-minute"],
)
def test_the_time_allowed_is_counted_from_receipt(
    was: int | None, now: int | None, expected: tuple[str, str, bool]
) -> None:
    assert between({"minutes": was}, {"minutes": now}) == (Difference("time_allowed", *expected),)


def test_the_order_in_which_agencies_and_signs_are_named_is_no_difference() -> None:
    one = {"flags": ("weapon", "child"), "act_first": ("luton-council", "bedfordshire-police")}
    other = {name: tuple(reversed(codes)) for name, codes in one.items()}
    assert between(one, other) == ()
