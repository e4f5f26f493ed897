"""A case is given another theme: one of the strategy in force, named once, led as of Luton's own day."""

from datetime import UTC, date, datetime

import pytest
from pydantic import ValidationError

from schemas.casework import Reroute
from tests.unit.referrals.conftest import LUTON, Desk

REASON = {"reason": "It is about the neighbour's son."}


def test_a_theme_of_a_strategy_that_is_over_is_refused(desk: Desk) -> None:
    assert "youth-violence" in LUTON.themes
    assert desk.refused("colm-ferris", "reroute", {"themes": ["youth-violence"], **REASON}) == "code-unknown"
    assert desk.refused("colm-ferris", "reroute", {"themes": ["no-such-theme"], **REASON}) == "code-unknown"


def test_a_theme_in_force_brings_its_lead(desk: Desk) -> None:
    leads = LUTON.leads_of("asb-environmental", LUTON.day(desk.now))
    after = desk.done("colm-ferris", "reroute", {"themes": ["asb-environmental"], **REASON})
    assert (after.themes, after.lead_agency) == (("asb-environmental",), leads[0])


def test_a_day_begins_at_midnight_in_luton() -> None:
    assert LUTON.day(datetime(2026, 6, 1, 23, 30, tzinfo=UTC)) == date(2026, 6, 2)
    assert LUTON.day(datetime(2026, 12, 1, 23, 30, tzinfo=UTC)) == date(2026, 12, 1)


def test_a_theme_twice_is_refused_by_name() -> None:
    with pytest.raises(ValidationError, match="Name each theme once"):
        Reroute.model_validate({"themes": ["town-centre", "town-centre"], **REASON})
