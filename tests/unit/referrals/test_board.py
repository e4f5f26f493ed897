"""A panel's board: whom its rows are about, and where its pages go on."""

from datetime import UTC, datetime

import pytest

from services.access.callers import caller_of_person
from services.referrals import panel_api, panel_views
from services.referrals.domain.parts import people_key
from services.referrals.meeting_sharing import Reader
from services.referrals.panel_repository import OnBoard
from tests.unit.referrals.conftest import CASE_ID, LUTON, Desk
from tests.unit.referrals.test_ladder import person


@pytest.mark.parametrize("order", [1, -1])
def test_a_row_says_that_it_is_about_a_child_whoever_stands_first(desk: Desk, order: int) -> None:
    desk.sent("tcig", under_18=False)
    person(desk, date_of_birth="1985-01-01")
    person(desk, name="Another", date_of_birth="2012-01-01")
    people = desk.state[people_key(CASE_ID)].people[::order]
    reader = Reader(caller_of_person(LUTON.person("ruth-pellow"), frozenset({"cases"})), LUTON)
    found = OnBoard(desk.referrals[0], desk.case, 1, people, desk.now)
    shown = panel_views.row(found, LUTON.panel("tcig"), reader, desk.now)["person"]
    assert (shown["child"], shown["more"]) == (True, 1)


def test_a_page_goes_on_where_the_plus_of_its_cursor_came_as_a_space() -> None:
    expected = (datetime(2026, 3, 5, 10, 0, tzinfo=UTC), "F-8GM-3QX-2YR")
    assert panel_api._cursor("2026-03-05T10:00:00 00:00~F-8GM-3QX-2YR") == expected
