"""The clock ledger: no clock loses time, whatever is done to it."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.partnership.calendars import WorkingTime, minutes_between
from services.partnership.entries import Clock
from services.partnership.loading import load_partnership
from services.referrals.domain import clocks
from services.referrals.domain.clocks import ClockMisused, Ledger, Reading
from services.referrals.panel_api import figures
from services.referrals.panel_repository import LastEntry

LUTON = load_partnership(Path(__file__).parents[3] / "partnerships" / "luton")
HOURS = LUTON.working_time
MONDAY = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
RED, AMBER = Clock(minutes=240), Clock(minutes=1440, calendar="mash-hours")
HOUR = timedelta(hours=1)

grades = st.builds(
    Clock,
    minutes=st.integers(1, 5000),
    calendar=st.sampled_from(["elapsed", "mash-hours", "office-hours", "mall-hours"]),
)
gaps = st.integers(0, 5 * 24 * 60).map(lambda minutes: timedelta(minutes=minutes))
moves = st.lists(st.tuples(st.sampled_from(["pause", "resume", "re-grade", "escalate"]), gaps, grades), max_size=12)


def _played(first: Clock, played: list[tuple[str, timedelta, Clock]]) -> tuple[Ledger, datetime]:
    """A ledger after the moves that it takes, and the moment after the last."""
    ledger, now = clocks.start(MONDAY, first, HOURS), MONDAY
    for move, gap, grade in played:
        now += gap
        if move == "pause" and clocks.state(ledger) == "running":
            ledger = clocks.pause(ledger, now, HOURS)
        elif move == "resume" and clocks.state(ledger) == "paused":
            ledger = clocks.resume(ledger, now, HOURS)
        elif move == "re-grade":
            ledger = clocks.regrade(ledger, now, grade, HOURS)
        elif move == "escalate":
            ledger = clocks.escalate(ledger, now, HOURS)
    return ledger, now


def test_a_pause_moves_the_due_time_by_as_long_as_it_lasted() -> None:
    ledger = clocks.start(MONDAY, RED, HOURS)
    ledger = clocks.pause(ledger, MONDAY + HOUR, HOURS)
    assert ledger[-1].due_at is None
    ledger = clocks.resume(ledger, MONDAY + 6 * HOUR, HOURS)
    reading = clocks.read(ledger, MONDAY + 7 * HOUR, HOURS)
    assert (reading.counted, reading.paused, reading.left) == (120, 300, 120)
    assert reading.due_at == MONDAY + 9 * HOUR


def test_a_re_grade_counts_from_receipt_and_keeps_what_was_paused() -> None:
    ledger = clocks.start(MONDAY, AMBER, HOURS)
    ledger = clocks.pause(ledger, MONDAY + HOUR, HOURS)
    ledger = clocks.resume(ledger, MONDAY + 2 * HOUR, HOURS)
    ledger = clocks.regrade(ledger, MONDAY + 3 * HOUR, RED, HOURS)
    reading = clocks.read(ledger, MONDAY + 3 * HOUR, HOURS)
    assert (reading.counted, reading.paused, reading.left) == (120, 60, 120)
    assert reading.due_at == MONDAY + 5 * HOUR


def test_red_runs_past_hours_and_amber_does_not() -> None:
    evening = datetime(2026, 4, 2, 16, 0, tzinfo=UTC)  # the Thursday before Good Friday, 17:00 in Luton
    assert clocks.start(evening, RED, HOURS)[0].due_at == evening + 4 * HOUR
    amber = clocks.start(evening, Clock(minutes=60, calendar="mash-hours"), HOURS)[0].due_at
    assert amber == datetime(2026, 4, 7, 9, 0, tzinfo=UTC), "Good Friday to Easter Monday do not count"


def test_a_re_grade_while_it_stands_leaves_it_standing() -> None:
    ledger = clocks.pause(clocks.start(MONDAY, AMBER, HOURS), MONDAY + HOUR, HOURS)
    ledger = clocks.regrade(ledger, MONDAY + 30 * HOUR, RED, HOURS)
    reading = clocks.read(ledger, MONDAY + 40 * HOUR, HOURS)
    assert (reading.state, reading.counted, reading.left, reading.due_at) == ("paused", 60, 180, None)


def test_a_re_grade_to_less_than_has_run_is_overdue_since_then() -> None:
    ledger = clocks.start(MONDAY, AMBER, HOURS)
    ledger = clocks.regrade(ledger, MONDAY + 6 * HOUR, RED, HOURS)
    reading = clocks.read(ledger, MONDAY + 6 * HOUR, HOURS)
    assert (reading.due_at, reading.overdue) == (MONDAY + 4 * HOUR, True)


@pytest.mark.parametrize(
    ("stops", "on_time"),
    [(timedelta(hours=3), True), (timedelta(hours=4), True), (timedelta(hours=4, seconds=1), False)],
)
def test_a_clock_is_on_time_when_it_stops_by_its_due_time(stops: timedelta, on_time: bool) -> None:
    ledger = clocks.stop(clocks.start(MONDAY, RED, HOURS), MONDAY + stops, HOURS)
    later = clocks.read(ledger, MONDAY + 100 * HOUR, HOURS)
    assert (later.state, later.on_time, later.overdue) == ("stopped", on_time, False)


@pytest.mark.parametrize("move", [clocks.pause, clocks.resume, clocks.stop])
def test_a_stopped_clock_takes_no_further_entry(move: object) -> None:
    ledger = clocks.stop(clocks.start(MONDAY, RED, HOURS), MONDAY, HOURS)
    with pytest.raises(ClockMisused):
        move(ledger, MONDAY, HOURS)  # type: ignore[operator]


def _reading(state: str, *, overdue: bool = False, on_time: bool | None = None) -> Reading:
    return Reading(state, 0, 0, 60, 60, None, overdue, on_time)  # type: ignore[arg-type]


def test_on_time_is_closed_on_time_over_closed_and_open_overdue() -> None:
    found = [
        _reading("stopped", on_time=True),
        _reading("stopped", on_time=True),
        _reading("stopped", on_time=False),
        _reading("running", overdue=True),
        _reading("running"),
        _reading("paused"),
    ]
    assert clocks.on_time_share(found) == 0.5
    assert clocks.on_time_share([_reading("running")]) is None


@given(grades, moves, gaps)
def test_no_clock_loses_time(first: Clock, played: list[tuple[str, timedelta, Clock]], later: timedelta) -> None:
    ledger, last = _played(first, played)
    now = last + later
    reading = clocks.read(ledger, now, HOURS)
    since_start = minutes_between(MONDAY, now, HOURS(clocks.grade(ledger).calendar))
    assert reading.counted + reading.paused == pytest.approx(since_start)
    assert reading.left == pytest.approx(reading.allowed - reading.counted)


@given(grades, moves, grades)
def test_re_grading_back_gives_the_first_due_time_again(
    first: Clock, played: list[tuple[str, timedelta, Clock]], other: Clock
) -> None:
    ledger, now = _played(first, played)
    again = clocks.regrade(clocks.regrade(ledger, now, other, HOURS), now, clocks.grade(ledger), HOURS)
    assert clocks.due(again, HOURS) == clocks.due(ledger, HOURS)


@given(grades, moves)
def test_at_the_due_time_of_a_running_clock_exactly_what_is_allowed_has_run(
    first: Clock, played: list[tuple[str, timedelta, Clock]]
) -> None:
    ledger, now = _played(first, played)
    if clocks.state(ledger) != "running":
        ledger = clocks.resume(ledger, now, HOURS)
    reading = clocks.read(ledger, now, HOURS)
    assert reading.due_at is not None
    if reading.due_at >= now:
        assert clocks.read(ledger, reading.due_at, HOURS).left == pytest.approx(0, abs=1e-6)
    else:
        assert reading.left < 1e-6
        assert reading.overdue


@given(grades, moves, gaps)
def test_a_clock_that_stands_counts_nothing(
    first: Clock, played: list[tuple[str, timedelta, Clock]], later: timedelta
) -> None:
    ledger, now = _played(first, played)
    if clocks.state(ledger) == "running":
        ledger = clocks.pause(ledger, now, HOURS)
    before, after = clocks.read(ledger, now, HOURS), clocks.read(ledger, now + later, HOURS)
    assert (before.counted, before.left) == (after.counted, after.left)


def test_a_working_clock_keeps_its_local_hours_when_clocks_change() -> None:
    friday = datetime(2026, 3, 27, 16, 0, tzinfo=UTC)
    zone, calendar = ZoneInfo("Europe/London"), LUTON.calendar("mash-hours")
    working = WorkingTime(calendar, frozenset({date(2026, 4, 3)}), zone)
    ledger = clocks.start(friday, Clock(minutes=120, calendar="mash-hours"), lambda _: working)
    assert ledger[0].due_at == datetime(2026, 3, 30, 9, 0, tzinfo=UTC)


@given(grades, moves, gaps, st.booleans())
def test_the_last_entry_alone_says_how_a_clock_stands(
    first: Clock, played: list[tuple[str, timedelta, Clock]], gap: timedelta, stops: bool
) -> None:
    ledger, now = _played(first, played)
    now += gap
    if stops:
        ledger = clocks.stop(ledger, now, HOURS)
    whole, short = clocks.read(ledger, now, HOURS), clocks.standing(ledger[-1], now)
    assert (short.overdue, short.on_time) == (whole.overdue, whole.on_time)
    assert (short.state == "stopped") == (whole.state == "stopped")


def test_on_time_figures_count_what_closed_since_and_what_is_open_and_overdue_with_the_referrals_behind() -> None:
    long_ago = MONDAY - timedelta(days=400)
    answered = clocks.stop(clocks.start(MONDAY, RED, HOURS), MONDAY + HOUR, HOURS)
    too_late = clocks.stop(clocks.start(MONDAY, RED, HOURS), MONDAY + 5 * HOUR, HOURS)
    before = clocks.stop(clocks.start(long_ago, RED, HOURS), long_ago + HOUR, HOURS)
    waits = clocks.start(MONDAY, RED, HOURS)
    paused = clocks.pause(waits, MONDAY + HOUR, HOURS)
    ledgers = {"F-1": answered, "F-2": too_late, "F-3": before, "F-4": waits, "F-5": paused}
    found = [LastEntry(reference, ledger[-1]) for reference, ledger in ledgers.items()]
    now = MONDAY + 6 * HOUR
    made = figures(found, now - timedelta(days=365), now)
    assert (made["closed"], made["closed_on_time"], made["open_overdue"]) == (2, 1, 1)
    assert made["share"] == pytest.approx(1 / 3)
    assert made["behind"] == {"on_time": ["F-1"], "late": ["F-2"], "overdue": ["F-4"]}
    assert figures([], MONDAY, MONDAY)["share"] is None
