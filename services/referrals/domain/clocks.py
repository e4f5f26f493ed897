"""The clock ledger: start, pause, resume, re-grade and stop are its entries, and every figure is derived from them.

A clock allows an amount of time from its start, in the hours of a calendar or on the wall. A re-grade changes what is
allowed and whose hours count, and re-measures the running spans since the start in the new hours: no elapsed and no
paused time is lost, and re-grading back gives the first due time again. All instants are aware; minutes are working
minutes of the clock's calendar, or elapsed ones.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from schemas.referral_facts import ClockEntry, ClockWord
from services.partnership.calendars import WorkingTime, due_at, minutes_between
from services.partnership.entries import Clock

Ledger = tuple[ClockEntry, ...]
Hours = Callable[[str], WorkingTime | None]
"""What counts a calendar's minutes: `Partnership.working_time`."""
State = Literal["running", "paused", "stopped"]
_AFTER: dict[State, dict[ClockWord, State]] = {
    "running": {"pause": "paused", "re-grade": "running", "escalate": "running", "stop": "stopped"},
    "paused": {"resume": "running", "re-grade": "paused", "escalate": "paused", "stop": "stopped"},
    "stopped": {},
}


class ClockMisused(ValueError):
    """The ledger does not take this entry now: a stopped clock does not resume, a running one does not start."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A ledger read at a moment; `counted`, `paused`, `allowed` and `left` are minutes in the clock's own hours."""

    state: State
    counted: float
    paused: float
    allowed: float
    left: float
    due_at: datetime | None
    overdue: bool
    on_time: bool | None
    """Of a stopped clock: whether it stopped by its due time. None while it is open."""


@dataclass(frozen=True, slots=True)
class Span:
    """A time in which the clock ran, or was paused; `ends` None: it still does."""

    begins: datetime
    ends: datetime | None


def start(at: datetime, clock: Clock, hours: Hours) -> Ledger:
    """A new clock."""
    first = ClockEntry(at=at, event="start", minutes=clock.minutes, calendar=clock.calendar)
    return _dated((first,), hours)


def pause(ledger: Ledger, at: datetime, hours: Hours) -> Ledger:
    """Stand still; nothing is counted until it resumes."""
    return _with(ledger, at, "pause", hours)


def resume(ledger: Ledger, at: datetime, hours: Hours) -> Ledger:
    """Go on with what is left."""
    return _with(ledger, at, "resume", hours)


def regrade(ledger: Ledger, at: datetime, clock: Clock, hours: Hours) -> Ledger:
    """Allow another amount from the start on, in other hours; what has run and what was paused stay as they were."""
    return _with(ledger, at, "re-grade", hours, clock)


def escalate(ledger: Ledger, at: datetime, hours: Hours) -> Ledger:
    """Note that silence was escalated; the clock goes on."""
    return _with(ledger, at, "escalate", hours)


def stop(ledger: Ledger, at: datetime, hours: Hours) -> Ledger:
    """End it."""
    return _with(ledger, at, "stop", hours)


def state(ledger: Ledger) -> State:
    """Whether it runs, stands or has ended."""
    found: State = "running"
    for entry in ledger[1:]:
        found = _AFTER[found][entry.event]
    return found


def _with(ledger: Ledger, at: datetime, event: ClockWord, hours: Hours, clock: Clock | None = None) -> Ledger:
    if not ledger or event not in _AFTER[state(ledger)]:
        raise ClockMisused(event)
    # Two processes' clocks differ by a little: an entry never stands before the one that it follows.
    moment = max(at, ledger[-1].at)
    minutes, calendar = (clock.minutes, clock.calendar) if clock else (None, None)
    return _dated((*ledger, ClockEntry(at=moment, event=event, minutes=minutes, calendar=calendar)), hours)


def _dated(ledger: Ledger, hours: Hours) -> Ledger:
    return (*ledger[:-1], ledger[-1].model_copy(update={"due_at": due(ledger, hours)}))


def grade(ledger: Ledger) -> Clock:
    """What the clock allows now, and in whose hours."""
    last = next(entry for entry in reversed(ledger) if entry.minutes is not None and entry.calendar is not None)
    return Clock(minutes=last.minutes or 0, calendar=last.calendar or "")


def spans(ledger: Ledger, *, running: bool) -> Iterable[Span]:
    """The times in which it ran, or those in which it stood, in order."""
    begins: datetime | None = None
    found: State = "running"
    for number, entry in enumerate(ledger):
        found = _AFTER[found][entry.event] if number else "running"
        wanted = found == ("running" if running else "paused")
        if wanted and begins is None:
            begins = entry.at
        elif not wanted and begins is not None:
            yield Span(begins, entry.at)
            begins = None
    if begins is not None:
        yield Span(begins, None)


def due(ledger: Ledger, hours: Hours) -> datetime | None:
    """When what is allowed has run, or did; None while the clock stands before it, or stopped before it."""
    clock = grade(ledger)
    working = hours(clock.calendar)
    left = float(clock.minutes)
    for span in spans(ledger, running=True):
        if span.ends is None:
            return due_at(span.begins, left, working)
        ran = minutes_between(span.begins, span.ends, working)
        if ran >= left:
            return due_at(span.begins, left, working)
        left -= ran
    return None


def falls_due(ledger: Ledger, hours: Hours) -> datetime | None:
    """When an open clock runs out, or ran out before it was paused; None while it stands before it, or has stopped."""
    return due(ledger, hours) if ledger and state(ledger) != "stopped" else None


def _minutes(ledger: Ledger, now: datetime, working: WorkingTime | None, *, running: bool) -> float:
    return sum(
        minutes_between(span.begins, span.ends or max(now, span.begins), working)
        for span in spans(ledger, running=running)
    )


def read(ledger: Ledger, now: datetime, hours: Hours) -> Reading:
    """The ledger's figures at `now`; a stopped clock's stand as they were when it stopped."""
    clock = grade(ledger)
    working = hours(clock.calendar)
    counted = _minutes(ledger, now, working, running=True)
    found, runs_out = state(ledger), due(ledger, hours)
    stopped = found == "stopped"
    moment = ledger[-1].at if stopped else now
    late = runs_out is not None and runs_out < moment
    return Reading(
        state=found,
        counted=counted,
        paused=_minutes(ledger, now, working, running=False),
        allowed=float(clock.minutes),
        left=clock.minutes - counted,
        due_at=runs_out,
        overdue=late and not stopped,
        on_time=not late if stopped else None,
    )


@dataclass(frozen=True, slots=True)
class Standing:
    """How a clock stands, without what it counted."""

    state: State
    overdue: bool
    on_time: bool | None


def standing(last: ClockEntry, now: datetime) -> Standing:
    """The same as `read` says, from the last entry alone: each entry keeps when the clock then ran out."""
    stopped = last.event == "stop"
    late = last.due_at is not None and last.due_at < (last.at if stopped else now)
    found: State = "stopped" if stopped else "paused" if last.due_at is None else "running"
    return Standing(found, overdue=late and not stopped, on_time=not late if stopped else None)


def on_time_share(readings: Iterable[Reading | Standing]) -> float | None:
    """On time ÷ (closed + open overdue), as domain.md defines it; None while there is nothing to count."""
    found = list(readings)
    closed = [reading for reading in found if reading.state == "stopped"]
    overdue = sum(reading.overdue for reading in found)
    if not closed and not overdue:
        return None
    return sum(bool(reading.on_time) for reading in closed) / (len(closed) + overdue)
