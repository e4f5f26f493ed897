"""Rules between the partnership's files: every code that one file names must stand in another, once, at one time."""

import re
from collections.abc import Iterator
from datetime import date, time
from itertools import combinations
from typing import get_args
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from schemas.codes import Flag
from schemas.events import Thrive
from schemas.submission import LATITUDES, LONGITUDES
from schemas.webhooks import WEBHOOKS
from services.partnership.assessing import SIGNS
from services.partnership.documents import Report
from services.partnership.duty import duty_faults
from services.partnership.entries import ELAPSED, Clock, Dated, Destination, Panel, Strategy, WorkingCalendar
from services.partnership.limits import time_faults
from services.partnership.models import Partnership
from services.partnership.process_rules import process_faults
from services.partnership.references import known_codes, references
from services.partnership.thresholds import threshold_faults
from services.partnership.values import TOWN_CENTRE
from services.partnership.wording import message_faults

SYSTEMS = {"sender", "referral-systems"}
FEED_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
IDENTIFIED_BY = {
    "call_questions": "sign",
    "staff": "id",
    "promises": "id",
    "notifications": "id",
    "demonstration_keys": "key",
}
CALL_DANGER = "danger"
UNIQUE = {
    "agencies": "agencies",
    "panels": "panels",
    "destinations": "destinations",
    "processes": "processes",
    "calendars": "calendars",
    "categories": "categories",
    "partners": "partners",
    "outcomes": "outcomes",
    "scores": "scores",
    "thresholds": "thresholds",
    "reviewing": "numbers of the review",
    "staff": "staff",
    "promises": "promises",
    "notifications": "notifications",
    "demonstration_keys": "demonstration keys",
    "strategies": "strategies",
    "call_questions": "signs of calls",
}


def inconsistencies(partnership: Partnership, report: Report) -> None:
    """Report every rule between files that is broken."""
    _unique(partnership, report)
    _unknown_codes(partnership, report)
    _identity(partnership, report)
    _strategies(partnership, report)
    _calendars(partnership, report)
    _clocks(partnership, report)
    _instruments(partnership, report)
    _demonstration_keys(partnership, report)
    _signs(partnership, report)
    _areas(partnership, report)
    _feeds(partnership, report)
    _webhooks(partnership, report)
    _calls(partnership, report)
    duty_faults(partnership, report)
    message_faults(partnership, report)
    process_faults(partnership, report)
    time_faults(partnership, report)
    threshold_faults(partnership, report)


def _unique(partnership: Partnership, report: Report) -> None:
    for section in UNIQUE:
        field = IDENTIFIED_BY.get(section, "code")
        seen: set[str] = set()
        for i, entry in enumerate(getattr(partnership, section)):
            code = getattr(entry, field)
            if code in seen:
                report(section, (i, field), f"`{code}` stands twice among the {UNIQUE[section]}; rename or remove one")
            seen.add(code)


def _unknown_codes(partnership: Partnership, report: Report) -> None:
    known = known_codes(partnership)
    for reference in references(partnership):
        if reference.code not in known[reference.kind]:
            report(
                reference.section,
                reference.place,
                f"no {reference.kind} is called `{reference.code}`; correct the code or add it to its file",
            )


def _identity(partnership: Partnership, report: Report) -> None:
    identity = partnership.identity
    try:
        ZoneInfo(identity.time_zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # a folder's name is no file of a zone
        report("identity", ("time_zone",), "is not a time zone; write one such as Europe/London")
    managers = {person.id for person in partnership.staff if "duty-manager" in person.roles}
    if identity.duty_manager not in managers:
        report("identity", ("duty_manager",), "must be a person with the role duty-manager: all silence ends there")


def _strategies(partnership: Partnership, report: Report) -> None:
    dated = list(enumerate(partnership.strategies))
    for (_, one), (later, other) in combinations(dated, 2):
        if _overlap(one, other):
            report("strategies", (later, "effective_from"), f"overlaps `{one.code}`: one strategy is in force a day")
    for i, strategy in dated:
        if not _in_order(strategy):
            report("strategies", (i, "effective_to"), "ends before it begins")
        for j in _without_one_acting_lead(strategy):
            message = "exactly one of the leads acts by default; set `acting: true` for that one alone"
            report("strategies", (i, "themes", j, "leads"), message)


def _without_one_acting_lead(strategy: Strategy) -> list[int]:
    return [
        j for j, theme in enumerate(strategy.themes) if theme.leads and sum(lead.acting for lead in theme.leads) != 1
    ]


def _in_order(entry: Dated) -> bool:
    return (entry.effective_from or date.min) <= (entry.effective_to or date.max)


def _overlap(one: Dated, other: Dated) -> bool:
    starts = max(one.effective_from or date.min, other.effective_from or date.min)
    return starts <= min(one.effective_to or date.max, other.effective_to or date.max)


def _calendars(partnership: Partnership, report: Report) -> None:
    for i, calendar in enumerate(partnership.calendars):
        if not any(calendar.hours.values()):
            report("calendars", (i, "hours"), "has no hours: a clock on it would never end; give it some")
        for weekday, fault in _hours_faults(calendar):
            report("calendars", (i, "hours", weekday), fault)
    days = [holiday.day for holiday in partnership.bank_holidays]
    for i, day in enumerate(days):
        if day in days[:i]:
            report("bank_holidays", (i, "day"), f"{day} stands twice; remove one")


def _hours_faults(calendar: WorkingCalendar) -> Iterator[tuple[str, str]]:
    for weekday, spans in calendar.hours.items():
        until = time.min
        for opens, closes in spans:
            if opens < until or (closes != time.min and closes <= opens):
                yield weekday, "spans must be in order, without overlap, each opening before it closes"
            until = closes if closes != time.min else time.max


def _clocks(partnership: Partnership, report: Report) -> None:
    calendars = {ELAPSED, *(calendar.code for calendar in partnership.calendars)}
    for section in ("panels", "destinations"):
        for i, entry in enumerate(getattr(partnership, section)):
            for field, clock in _clocks_of(entry):
                if clock.calendar not in calendars:
                    report(section, (i, *field), f"no calendar is called `{clock.calendar}`; add it")


def _clocks_of(entry: Panel | Destination) -> Iterator[tuple[tuple[str, ...], Clock]]:
    yield ("first_answer",), entry.first_answer
    if isinstance(entry, Panel):
        yield from ((("first_answer",), clock) for clock in entry.first_answer_by_risk.values())
        if entry.meetings is not None and entry.meetings.sign_off is not None:
            yield ("meetings", "sign_off"), entry.meetings.sign_off


def _instruments(partnership: Partnership, report: Report) -> None:
    dated = list(enumerate(partnership.instruments))
    for (_, one), (later, other) in combinations(dated, 2):
        if one.code == other.code and _overlap(one, other):
            report("instruments", (later, "code"), f"two entries `{one.code}` hold at one time; end the first one")


def _demonstration_keys(partnership: Partnership, report: Report) -> None:
    for i, key in enumerate(partnership.demonstration_keys):
        if (key.partner is None) == (key.person is None):
            report("demonstration_keys", (i,), "must name either a partner or a person")


def _signs(partnership: Partnership, report: Report) -> None:
    """Every sign that an assessment goes by is a flag or one that triage derives, and every letter has an end."""
    known = SIGNS | {*get_args(Flag), *partnership.identity.own_flags}
    for section in ("entitlements", "thrive"):
        for i, entry in enumerate(getattr(partnership, section)):
            for sign in sorted({*entry.signs_any, *getattr(entry, "signs_all", ())} - known):
                report(section, (i,), f"`{sign}` is no flag and no sign; correct it")
    ended = {line.letter for line in partnership.thrive if not line.signs_any}
    for letter in sorted(set(Thrive.model_fields) - {"rules"} - ended):
        report("thrive", (), f"`{letter}` needs a last line without signs, for when none holds")


def _calls(partnership: Partnership, report: Report) -> None:
    """A question hangs on a sign that can be heard."""
    known = {*get_args(Flag), *partnership.identity.own_flags, CALL_DANGER}
    for i, entry in enumerate(partnership.call_questions):
        if entry.sign not in known:
            report("call_questions", (i, "sign"), f"`{entry.sign}` is no flag; correct it, or take the entry out")
    if CALL_DANGER not in {entry.sign for entry in partnership.call_questions}:
        report("call_questions", (), "needs an entry for `danger`: what is asked first when somebody is in danger")


def _areas(partnership: Partnership, report: Report) -> None:
    for i, area in enumerate(partnership.areas):
        if len(set(area.ring)) < 3 or not all(_reported_from(*corner) for corner in area.ring):
            message = "needs three corners or more, each longitude, then latitude, in degrees, where reports come from"
            report("areas", (i, "ring"), message)
    if TOWN_CENTRE not in {area.code for area in partnership.areas}:
        report("areas", (), f"needs an area `{TOWN_CENTRE}`: decision tables ask whether a report lies in it")


def _reported_from(longitude: float, latitude: float) -> bool:
    return LONGITUDES[0] <= longitude <= LONGITUDES[1] and LATITUDES[0] <= latitude <= LATITUDES[1]


def _feeds(partnership: Partnership, report: Report) -> None:
    feeds = [partner.feed for partner in partnership.partners]
    for i, feed in enumerate(feeds):
        if feed is None:
            continue
        if not FEED_NAME.fullmatch(feed):
            report("partners", (i, "feed"), "must be small letters, digits and dashes: it names the topic `feed-…`")
        if feed in feeds[:i]:
            report("partners", (i, "feed"), f"`{feed}` is another partner's feed; each has its own topic")


def _webhooks(partnership: Partnership, report: Report) -> None:
    """A partner's system is told only what the interface has a word for, and has no mailbox."""
    for i, rule in enumerate(partnership.notifications):
        if rule.channel == "webhook" and rule.event not in WEBHOOKS:
            report("notifications", (i, "event"), f"no webhook tells of it; a webhook tells of {', '.join(WEBHOOKS)}")
        systems = SYSTEMS & set(rule.to)
        if systems and (rule.channel != "webhook" or systems != set(rule.to)):
            report("notifications", (i, "to"), f"`{min(systems)}` is told by channel webhook, and by a rule of its own")
