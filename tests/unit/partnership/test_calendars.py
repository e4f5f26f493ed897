"""Working time: what is added can be measured, nothing lands outside hours, and clock changes keep local hours."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.partnership.calendars import NoWorkingTime, WorkingTime, due_at, minutes_between
from services.partnership.entries import Clock, WorkingCalendar
from services.partnership.limits import open_minutes_of
from services.partnership.loading import load_partnership

LUTON = load_partnership(Path(__file__).parents[3] / "partnerships" / "luton")
LONDON = ZoneInfo("Europe/London")

instants = st.datetimes(datetime(2024, 1, 1), datetime(2028, 6, 1), timezones=st.just(UTC))  # noqa: DTZ001
amounts = st.integers(0, 20_000).map(lambda minutes: timedelta(minutes=minutes))
calendars = st.sampled_from([calendar.code for calendar in LUTON.calendars])


def working(code: str) -> WorkingTime:
    found = LUTON.working_time(code)
    assert found is not None
    return found


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=LONDON)


@given(calendars, instants, amounts)
def test_what_is_added_can_be_measured(code: str, start: datetime, amount: timedelta) -> None:
    time = working(code)
    assert time.between(start, time.add(start, amount)) == amount


@given(calendars, instants)
def test_the_longest_clock_that_a_calendar_may_have_ends_within_two_years(code: str, start: datetime) -> None:
    most = open_minutes_of(LUTON)[code]
    assert start < LUTON.due_at(start, Clock(minutes=most, calendar=code)) < start + timedelta(days=730)


@given(calendars, instants, amounts)
def test_what_is_taken_back_can_be_measured(code: str, end: datetime, amount: timedelta) -> None:
    time = working(code)
    assert time.between(time.subtract(end, amount), end) == amount


@given(calendars, instants, amounts)
def test_a_due_time_never_lands_outside_hours(code: str, start: datetime, amount: timedelta) -> None:
    time = working(code)
    due = time.add(start, amount)
    day = due.astimezone(LONDON).date()
    spans = [*time.open_on(day - timedelta(days=1)), *time.open_on(day)]
    assert any(opens <= due <= closes for opens, closes in spans)


@given(calendars, instants, amounts, amounts)
def test_more_time_is_never_due_earlier(code: str, start: datetime, one: timedelta, other: timedelta) -> None:
    time = working(code)
    less, more = sorted((one, other))
    assert time.add(start, less) <= time.add(start, more)


@given(calendars, instants, instants, amounts)
def test_a_later_start_is_never_due_earlier(code: str, one: datetime, other: datetime, amount: timedelta) -> None:
    time = working(code)
    earlier, later = sorted((one, other))
    assert time.add(earlier, amount) <= time.add(later, amount)


@given(calendars, instants, instants, instants)
def test_spans_add_up(code: str, one: datetime, two: datetime, three: datetime) -> None:
    time = working(code)
    assert time.between(one, two) + time.between(two, three) == time.between(one, three)


@pytest.mark.parametrize(
    ("start", "hours", "due"),
    [
        ("2026-05-01T16:00", 2, "2026-05-05T10:00"),  # over a weekend and the early May holiday
        ("2026-04-02T16:30", 1, "2026-04-07T09:30"),  # Good Friday to Easter Monday
        ("2026-12-24T16:00", 8, "2026-12-29T16:00"),  # Christmas Day, a weekend, the substitute day
        ("2026-03-27T16:00", 9, "2026-03-30T17:00"),  # the clocks go forward in between
        ("2026-10-23T16:00", 2, "2026-10-26T10:00"),  # and back
        ("2026-06-13T11:00", 8, "2026-06-15T17:00"),  # a start on a Saturday counts from Monday's opening
    ],
)
def test_office_hours_are_counted_as_a_person_would(start: str, hours: int, due: str) -> None:
    answer = working("office-hours").add(local(start), timedelta(hours=hours))
    assert answer.astimezone(LONDON) == local(due)


def test_a_day_around_the_clock_has_23_hours_when_the_clocks_go_forward() -> None:
    always = working("always")
    assert always.between(local("2026-03-29T00:00"), local("2026-03-30T00:00")) == timedelta(hours=23)
    assert sum((c - o for o, c in always.open_on(date(2026, 3, 29))), timedelta()) == timedelta(hours=23)
    assert sum((c - o for o, c in always.open_on(date(2026, 10, 25))), timedelta()) == timedelta(hours=25)


def test_the_hour_that_comes_twice_is_measured_in_full() -> None:
    first, second = local("2026-10-25T01:30"), local("2026-10-25T01:30").replace(fold=1)
    assert working("always").between(first, second) == timedelta(hours=1)
    assert minutes_between(first, second, None) == 60


def test_an_elapsed_clock_runs_through_the_night() -> None:
    start = datetime(2026, 5, 1, 20, tzinfo=UTC)
    assert LUTON.due_at(start, Clock(minutes=240)) == start + timedelta(hours=4)
    assert due_at(start, 60, None) == start + timedelta(hours=1)
    assert minutes_between(start, start + timedelta(hours=2), None) == 120
    assert minutes_between(start, start + timedelta(days=4), working("office-hours")) == 480


def test_a_calendar_is_open_at_its_opening_and_not_at_its_closing() -> None:
    office = working("office-hours")
    assert office.is_open(local("2026-06-15T09:00"))
    assert not office.is_open(local("2026-06-15T17:00"))
    assert not office.is_open(local("2026-05-04T11:00"))
    assert working("mall-hours").is_open(local("2026-05-04T11:00"))


def test_a_calendar_without_hours_says_so_instead_of_searching_for_ever() -> None:
    empty = WorkingCalendar(status="default", source="test", code="empty", name="Empty", hours={})
    with pytest.raises(NoWorkingTime):
        WorkingTime(empty, frozenset(), LONDON).add(datetime(2026, 1, 1, tzinfo=UTC), timedelta(minutes=1))


def easter(year: int) -> date:
    """Easter Sunday by the Gregorian rule (Meeus)."""
    a, b, c = year % 19, year // 100, year % 100
    g = (b - (b + 8) // 25 + 1) // 3
    h = (19 * a + b - b // 4 - g + 15) % 30
    k = (32 + 2 * (b % 4) + 2 * (c // 4) - h - c % 4) % 7
    m = (a + 11 * h + 22 * k) // 451
    month, day = divmod(h + k - 7 * m + 114, 31)
    return date(year, month, day + 1)


@pytest.mark.parametrize("year", range(2024, 2029))
def test_every_year_has_its_eight_bank_holidays_and_easter_is_right(year: int) -> None:
    days = [holiday.day for holiday in LUTON.bank_holidays if holiday.day.year == year]
    assert len(days) == len(set(days)) == 8
    assert all(day.weekday() < 5 for day in days)
    assert {easter(year) - timedelta(days=2), easter(year) + timedelta(days=1)} <= set(days)
