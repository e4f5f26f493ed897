"""A referral's clock as a page draws it: its ledger with what was counted and left at each entry, and day by day."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from services.partnership.calendars import WorkingTime
from services.partnership.models import Partnership
from services.partnership.processes import Process
from services.referrals.domain import clocks
from services.referrals.domain.clocks import Ledger

DAYS, LOOK_AHEAD = 5, 400
ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Day:
    """A local day in which the clock's calendar has hours; `opens` and `closes` in UTC."""

    day: date
    opens: datetime
    closes: datetime


def ledger(entries: Ledger, process: Process, partnership: Partnership) -> list[dict[str, Any]]:
    """Each entry, oldest first, with the figures as they stood after it."""
    found = []
    for number, entry in enumerate(entries, 1):
        reading = clocks.read(entries[:number], entry.at, partnership.working_time)
        found.append(
            {
                "at": entry.at.isoformat(),
                "event": entry.event,
                "due_at": entry.due_at.isoformat() if entry.due_at else None,
                "counted_minutes": round(reading.counted, 1),
                "left_minutes": round(reading.left, 1),
                "allowed_minutes": entry.minutes,
                "rating": _rating(process, entry.minutes, entry.calendar),
            }
        )
    return found


def _rating(process: Process, minutes: int | None, calendar: str | None) -> str | None:
    same = (each.name for each in process.ratings if (each.clock.minutes, each.clock.calendar) == (minutes, calendar))
    return next(same, None)


def picture(entries: Ledger, now: datetime, partnership: Partnership) -> dict[str, Any]:
    """Up to five days with hours, around now, each with what ran, stood and is left, from 0 to 1 of its hours."""
    calendar = clocks.grade(entries).calendar
    working = partnership.working_time(calendar)
    reading = clocks.read(entries, now, partnership.working_time)
    stopped = reading.state == "stopped"
    moment = entries[-1].at if stopped else now
    last = max(filter(None, (reading.due_at, moment)))
    days = _window(list(_days(entries[0].at, last, working, partnership)), moment)
    spans = [*_ran(entries, moment), *_stood(entries, moment)]
    if reading.state == "running" and reading.due_at is not None and reading.due_at > now:
        spans.append(("left", now, reading.due_at))
    return {
        "calendar": calendar if working is None else partnership.calendar(calendar).name,
        "due_at": reading.due_at.isoformat() if reading.due_at else None,
        "now": moment.isoformat(),
        "days": [_drawn(each, spans, moment, reading.due_at) for each in days],
    }


def _days(start: datetime, last: datetime, working: WorkingTime | None, partnership: Partnership) -> Iterator[Day]:
    first, end = partnership.day(start), partnership.day(last)
    for number in range(min((end - first).days + 1, LOOK_AHEAD)):
        day = first + number * ONE_DAY
        if working is None:
            opens = datetime.combine(day, time(), partnership.zone)
            yield Day(day, opens.astimezone(UTC), (opens + ONE_DAY).astimezone(UTC))
        elif spans := working.open_on(day):
            yield Day(day, spans[0][0], spans[-1][1])


def _window(days: list[Day], moment: datetime) -> list[Day]:
    """The five days that show the most: two before the moment where there are so many."""
    here = next((number for number, each in enumerate(days) if each.closes > moment), len(days) - 1)
    start = max(0, min(here - 2, len(days) - DAYS))
    return days[start : start + DAYS]


def _ran(entries: Ledger, moment: datetime) -> Iterator[tuple[str, datetime, datetime]]:
    """Running spans, those before the last re-grade apart from those after it."""
    regraded = max((entry.at for entry in entries if entry.event == "re-grade"), default=entries[0].at)
    for span in clocks.spans(entries, running=True):
        ends = span.ends or max(moment, span.begins)
        if span.begins < regraded:
            yield "before", span.begins, min(ends, regraded)
        if ends > regraded:
            yield "counted", max(span.begins, regraded), ends


def _stood(entries: Ledger, moment: datetime) -> Iterator[tuple[str, datetime, datetime]]:
    for span in clocks.spans(entries, running=False):
        yield "paused", span.begins, span.ends or max(moment, span.begins)


def _drawn(
    day: Day, spans: list[tuple[str, datetime, datetime]], now: datetime, due_at: datetime | None
) -> dict[str, Any]:
    whole = day.closes - day.opens

    def share(at: datetime) -> float:
        return round((at - day.opens) / whole, 4)

    parts = [
        {"kind": kind, "from": share(max(begins, day.opens)), "to": share(min(ends, day.closes))}
        for kind, begins, ends in spans
        if begins < day.closes and ends > day.opens
    ]
    return {
        "day": day.day.isoformat(),
        "opens": day.opens.isoformat(),
        "closes": day.closes.isoformat(),
        "parts": parts,
        "now": share(now) if day.opens <= now <= day.closes else None,
        "due": share(due_at) if due_at is not None and day.opens <= due_at <= day.closes else None,
    }
