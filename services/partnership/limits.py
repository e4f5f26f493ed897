"""How long the partnership's clocks and windows may be: longer ones overflow a date, or end in no open hour."""

from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta

from services.partnership.documents import Place, Report
from services.partnership.entries import ELAPSED, Clock, Destination, Panel, Threshold, WorkingCalendar
from services.partnership.models import Partnership
from services.partnership.process_rules import AGENCY
from services.partnership.processes import Process
from services.partnership.values import CLOCK_AT_MOST, WINDOW_DAYS_AT_MOST

WEEKS_AT_MOST = 52
"""A clock holds no more than the open minutes of so many weeks: with holidays it still ends long before the horizon."""
READ_IN: Mapping[str, str] = {
    "historic-after": "days",
    "danger-unanswered": "seconds",
    "same-incident": "hours",
    "review-answer": "minutes",
    "draft-referral": "days",
    "undo-within": "minutes",
    "sample-open": "days",
}
"""The unit in which services read a threshold, whatever its file says."""
ANY_UNIT = frozenset({"task-escalate", "task-due"})
"""Thresholds that are read in the unit of their file."""
SECONDS: Mapping[str, int] = {"seconds": 1, "minutes": 60, "hours": 3600, "days": 86400, "weeks": 604800}


def time_faults(partnership: Partnership, report: Report) -> None:
    """Report every clock and every threshold of time that is out of its limits."""
    _clock_faults(partnership, report)
    for section in ("thresholds", "reviewing"):
        for i, threshold in enumerate(getattr(partnership, section)):
            for field, message in _threshold_faults(threshold):
                report(section, (i, field), message)


def _clock_faults(partnership: Partnership, report: Report) -> None:
    open_minutes = open_minutes_of(partnership)
    for section in ("panels", "destinations", "processes"):
        for i, entry in enumerate(getattr(partnership, section)):
            for place, clock in _clocks_of(entry):
                if message := clock_fault(clock.minutes, clock.calendar, open_minutes):
                    report(section, (i, *place), message)


def open_minutes_of(partnership: Partnership) -> dict[str, int]:
    """The most minutes of a clock by its calendar; of one in the asked agency's hours, what the shortest allow."""
    found = {each.code: WEEKS_AT_MOST * _weekly_minutes(each) for each in partnership.calendars}
    asked = [found[agency.calendar] for agency in partnership.agencies if agency.calendar in found]
    return found | {ELAPSED: CLOCK_AT_MOST, AGENCY: min(asked, default=CLOCK_AT_MOST)}


def clock_fault(minutes: int, calendar: str, open_minutes: Mapping[str, int]) -> str | None:
    """What is wrong with a clock of so many minutes on that calendar; None for a calendar that is not known."""
    most = open_minutes.get(calendar, CLOCK_AT_MOST)
    if minutes <= most:
        return None
    return f"{minutes} minutes are more than {WEEKS_AT_MOST} weeks of {calendar} hold; write {most} or fewer"


def _weekly_minutes(calendar: WorkingCalendar) -> int:
    total = timedelta()
    for spans in calendar.hours.values():
        for opens, closes in spans:
            # An end of 00:00 is midnight at the end of the day.
            length = datetime.combine(date.min, closes) - datetime.combine(date.min, opens)
            total += length if length > timedelta() else length + timedelta(days=1)
    return total // timedelta(minutes=1)


def _clocks_of(entry: Panel | Destination | Process) -> Iterator[tuple[Place, Clock]]:
    if isinstance(entry, Process):
        yield from _clocks_of_process(entry)
        return
    yield ("first_answer",), entry.first_answer
    if isinstance(entry, Panel):
        for risk, clock in entry.first_answer_by_risk.items():
            yield ("first_answer_by_risk", risk), clock
        if entry.meetings is not None and entry.meetings.sign_off is not None:
            yield ("meetings", "sign_off"), entry.meetings.sign_off


def _clocks_of_process(process: Process) -> Iterator[tuple[Place, Clock]]:
    yield ("information",), process.information
    yield ("second_silence",), process.second_silence
    if process.review is not None:
        yield ("review",), process.review
    for j, rating in enumerate(process.ratings):
        yield ("ratings", j, "clock"), rating.clock
        if rating.returns is not None:
            yield ("ratings", j, "returns"), rating.returns


def _threshold_faults(threshold: Threshold) -> Iterator[tuple[str, str]]:
    wanted = READ_IN.get(threshold.code)
    if wanted is not None and threshold.unit != wanted:
        yield "unit", f"must be {wanted}: `{threshold.code}` is read in {wanted}"
    elif threshold.code in ANY_UNIT and threshold.unit not in SECONDS:
        yield "unit", f"must be one of {', '.join(SECONDS)}"
    elif (
        threshold.unit in SECONDS and not 0 <= threshold.value * SECONDS[threshold.unit] <= WINDOW_DAYS_AT_MOST * 86400
    ):
        yield "value", f"must be from 0 to ten years ({WINDOW_DAYS_AT_MOST} days) in {threshold.unit}"
