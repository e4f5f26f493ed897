"""Working-time arithmetic: adds, takes back and measures minutes that only run in a calendar's hours.

All instants are aware; answers are UTC. Hours are local to the partnership's zone, so a day on which clocks
change keeps its local opening and closing times, and an around-the-clock day has 23 or 25 hours.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal, get_args
from zoneinfo import ZoneInfo

from services.partnership.entries import WorkingCalendar

Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
WEEKDAYS: tuple[Weekday, ...] = get_args(Weekday)
ONE_DAY = timedelta(days=1)
HORIZON_DAYS = 3660
"""How far the arithmetic looks for an open hour before it says that there is none."""

Span = tuple[datetime, datetime]


class NoWorkingTime(Exception):
    """The calendar has not enough open hours within ten years; give it some in calendars.yaml."""


@dataclass(frozen=True, slots=True)
class WorkingTime:
    """A calendar with the holidays that it keeps and the zone that its hours are local to."""

    calendar: WorkingCalendar
    holidays: frozenset[date]
    zone: ZoneInfo
    _open: dict[date, tuple[Span, ...]] = field(default_factory=dict, compare=False, repr=False)
    """The days that were asked for: thousands of clocks of one batch run out in the same few."""

    def add(self, start: datetime, amount: timedelta) -> datetime:
        """The instant at which `amount` of working time has run since `start`; with none, the next open instant.

        Raises `NoWorkingTime`.
        """
        left = amount
        for opens, closes in self._spans_after(start):
            if left <= closes - opens:
                return opens + left
            left -= closes - opens
        raise NoWorkingTime(self.calendar.code)

    def subtract(self, end: datetime, amount: timedelta) -> datetime:
        """The latest instant from which `amount` of working time runs until `end`. Raises `NoWorkingTime`."""
        left = amount
        for opens, closes in self._spans_before(end):
            if left <= closes - opens:
                return closes - left
            left -= closes - opens
        raise NoWorkingTime(self.calendar.code)

    def between(self, start: datetime, end: datetime) -> timedelta:
        """The working time from `start` to `end`; negative when `end` is the earlier one."""
        # Aware values of one zone compare by the clock on the wall, which is wrong in the hour that comes twice.
        start, end = start.astimezone(UTC), end.astimezone(UTC)
        if end < start:
            return -self.between(end, start)
        total = timedelta()
        day, last = self._local_day(start), self._local_day(end)
        while day <= last:
            for opens, closes in self.open_on(day):
                total += max(min(closes, end) - max(opens, start), timedelta())
            day += ONE_DAY
        return total

    def is_open(self, at: datetime) -> bool:
        """Whether the clock runs at that instant; an opening instant is open, a closing one is not."""
        return any(opens <= at < closes for opens, closes in self.open_on(self._local_day(at)))

    def open_on(self, day: date) -> tuple[Span, ...]:
        """The open spans of a local day, in UTC and in order; none on a holiday that the calendar keeps."""
        spans = self._open.get(day)
        if spans is None:
            spans = self._open[day] = self._spans_of(day)
        return spans

    def _spans_of(self, day: date) -> tuple[Span, ...]:
        if self.calendar.keeps_bank_holidays and day in self.holidays:
            return ()
        return tuple(
            (self._instant(day, opens), self._instant(day if closes > time() else day + ONE_DAY, closes))
            for opens, closes in self.calendar.hours.get(WEEKDAYS[day.weekday()], ())
        )

    def _instant(self, day: date, local: time) -> datetime:
        return datetime.combine(day, local, self.zone).astimezone(UTC)

    def _local_day(self, at: datetime) -> date:
        return at.astimezone(self.zone).date()

    def _spans_after(self, start: datetime) -> Iterator[Span]:
        start = start.astimezone(UTC)
        first = self._local_day(start)
        for offset in range(HORIZON_DAYS):
            for opens, closes in self.open_on(first + offset * ONE_DAY):
                if closes > start:
                    yield max(opens, start), closes

    def _spans_before(self, end: datetime) -> Iterator[Span]:
        end = end.astimezone(UTC)
        last = self._local_day(end)
        for offset in range(HORIZON_DAYS):
            for opens, closes in reversed(self.open_on(last - offset * ONE_DAY)):
                if opens < end:
                    yield opens, min(closes, end)


def due_at(start: datetime, minutes: float, working: WorkingTime | None) -> datetime:
    """The UTC instant `minutes` after `start`: working minutes of the calendar, or elapsed ones without a calendar."""
    amount = timedelta(minutes=minutes)
    return start.astimezone(UTC) + amount if working is None else working.add(start, amount)


def minutes_between(start: datetime, end: datetime, working: WorkingTime | None) -> float:
    """The minutes from `start` to `end` that the calendar counts, or all of them without a calendar."""
    span = end.astimezone(UTC) - start.astimezone(UTC) if working is None else working.between(start, end)
    return span / timedelta(minutes=1)
