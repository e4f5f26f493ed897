"""The partnership as one immutable value with look-ups: what every service knows about who, what and when."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from zoneinfo import ZoneInfo

from services.partnership.assessing import CallQuestion, EntitlementRule, ThriveRule
from services.partnership.calendars import WorkingTime, due_at
from services.partnership.entries import (
    ELAPSED,
    Agency,
    Area,
    BankHoliday,
    Category,
    Clock,
    Destination,
    Identity,
    Operation,
    Outcome,
    Panel,
    Promise,
    Reason,
    Route,
    Score,
    Strategy,
    Surrounding,
    Tag,
    Theme,
    ThemeMapping,
    Threshold,
    WorkingCalendar,
)
from services.partnership.ladder import Instrument
from services.partnership.lookups import UnknownCode, by_code, find
from services.partnership.people import DemonstrationKey, Partner, Person
from services.partnership.processes import Process
from services.partnership.rules import NotificationRule, Part, SharingRule, Template


@dataclass(frozen=True)
class Partnership:
    """Everything the partnership's files say; `version` is the declared version and a hash of every file's content.

    Look-ups by code raise `UnknownCode`.
    """

    identity: Identity
    version: str
    agencies: tuple[Agency, ...]
    strategies: tuple[Strategy, ...]
    theme_mappings: tuple[ThemeMapping, ...]
    panels: tuple[Panel, ...]
    destinations: tuple[Destination, ...]
    processes: tuple[Process, ...]
    calendars: tuple[WorkingCalendar, ...]
    bank_holidays: tuple[BankHoliday, ...]
    staff: tuple[Person, ...]
    partners: tuple[Partner, ...]
    demonstration_keys: tuple[DemonstrationKey, ...]
    categories: tuple[Category, ...]
    outcomes: tuple[Outcome, ...]
    scores: tuple[Score, ...]
    withdrawal_codes: tuple[Reason, ...]
    decline_reasons: tuple[Reason, ...]
    notifications: tuple[NotificationRule, ...]
    templates: tuple[Template, ...]
    sharing: tuple[SharingRule, ...]
    thresholds: tuple[Threshold, ...]
    reviewing: tuple[Threshold, ...]
    promises: tuple[Promise, ...]
    operations: tuple[Operation, ...]
    tags: tuple[Tag, ...]
    instruments: tuple[Instrument, ...]
    areas: tuple[Area, ...]
    surroundings: tuple[Surrounding, ...]
    entitlements: tuple[EntitlementRule, ...]
    thrive: tuple[ThriveRule, ...]
    call_questions: tuple[CallQuestion, ...]

    def agency(self, code: str) -> Agency:
        """The agency with that code."""
        return find(self._agencies, "agency", code)

    def strategy_at(self, day: date) -> Strategy | None:
        """The strategy in force on `day`; None in years without one (none is invented)."""
        return next((strategy for strategy in self.strategies if strategy.in_force(day)), None)

    def theme_in_force(self, code: str, day: date) -> Theme | None:
        """The theme with that code in the strategy of `day`."""
        strategy = self.strategy_at(day)
        return None if strategy is None else next((theme for theme in strategy.themes if theme.code == code), None)

    def theme(self, code: str) -> Theme:
        """The theme with that code in whichever strategy has it, the latest first."""
        return find(self.themes, "theme", code)

    def any_sensitive(self, themes: Iterable[str]) -> bool:
        """Whether one of the themes is sensitive; so then is a case or report of them."""
        return any(self.theme(theme).sensitive for theme in themes)

    def leads_of(self, theme: str, day: date) -> tuple[str, ...]:
        """Agencies accountable for the theme on `day`, the default acting lead first; empty where none is named."""
        found = self.theme_in_force(theme, day)
        if found is None:
            return ()
        return tuple(lead.agency for lead in sorted(found.leads, key=lambda lead: not lead.acting))

    def acting_lead(self, theme: str) -> str | None:
        """The lead that acts by default, of the latest strategy with the theme; None where no lead is named."""
        return next((lead.agency for lead in self.theme(theme).leads if lead.acting), None)

    def panel(self, code: str) -> Panel:
        """The panel with that code."""
        return find(self._panels, "panel", code)

    def destination(self, code: str) -> Destination:
        """The configured route with that code."""
        return find(self._destinations, "destination", code)

    def route(self, code: str) -> Route:
        """The panel or destination with that code."""
        found = self._panels.get(code) or self._destinations.get(code)
        if found is None:
            raise UnknownCode("panel or destination", code)
        return found

    def process(self, code: str) -> Process:
        """The process with that code."""
        return find(self._processes, "process", code)

    def instrument_on(self, code: str, day: date) -> Instrument | None:
        """The instrument as the law has it on `day`; None when it is not in force then. Raises for unknown codes."""
        named = [instrument for instrument in self.instruments if instrument.code == code]
        if not named:
            raise UnknownCode("instrument", code)
        return next((instrument for instrument in named if instrument.in_force(day)), None)

    def calendar(self, code: str) -> WorkingCalendar:
        """The working calendar with that code."""
        return find(self._calendars, "calendar", code)

    def working_time(self, calendar: str) -> WorkingTime | None:
        """What counts the minutes of a clock with that calendar; None for `elapsed`."""
        if calendar == ELAPSED:
            return None
        return find(self._working_times, "calendar", calendar)

    def due_at(self, start: datetime, clock: Clock) -> datetime:
        """The UTC instant at which a clock that started at `start` (aware) runs out."""
        return due_at(start, clock.minutes, self.working_time(clock.calendar))

    @cached_property
    def zone(self) -> ZoneInfo:
        """The time zone that hours of calendars and of reports are local to."""
        return ZoneInfo(self.identity.time_zone)

    def day(self, at: datetime) -> date:
        """The day on which it is then where the partnership is: ages, leads and what is lawful are of that day."""
        return at.astimezone(self.zone).date()

    @cached_property
    def holidays(self) -> frozenset[date]:
        """The days on which calendars that keep bank holidays stand still."""
        return frozenset(holiday.day for holiday in self.bank_holidays)

    def category(self, code: str) -> Category:
        """The category with that code."""
        return find(self._categories, "category", code)

    def category_of_police(self, crime_type: str) -> Category | None:
        """The category of a `Crime type` of the police extract."""
        return self._police_categories.get(crime_type)

    def partner(self, code: str) -> Partner:
        """The partner with that code."""
        return find(self._partners, "partner", code)

    def person(self, staff_id: str) -> Person:
        """The member of staff with that id."""
        return find(self._staff, "person", staff_id)

    def staff_of(self, agency: str) -> tuple[Person, ...]:
        """The staff of an agency."""
        return tuple(person for person in self.staff if person.agency == agency)

    def demonstration_key(self, key: str) -> DemonstrationKey | None:
        """What a demonstration's key stands for; callers refuse it outside a demonstration."""
        return next((entry for entry in self.demonstration_keys if entry.key == key), None)

    def threshold(self, code: str) -> Threshold:
        """The threshold with that code."""
        return find(self._thresholds, "threshold", code)

    def outcome(self, code: str) -> Outcome:
        """The case outcome with that code."""
        return find(self._outcomes, "outcome", code)

    def notification_rules(self, event: str) -> tuple[NotificationRule, ...]:
        """The rules that an event of that type may fire, in the file's order."""
        return tuple(rule for rule in self.notifications if rule.event == event)

    def template(self, template_id: str) -> Template:
        """The template with that name and version, such as `case-opened@1`."""
        return find(self._templates, "template", template_id)

    def parts_shown_to(self, agency: str, themes: Iterable[str]) -> frozenset[Part]:
        """The sub-documents that the agency sees of a case of these themes; empty without a rule (default deny).

        Whether the agency sees the case at all is decided before, by who leads, acts or is referred to.
        """
        wanted = tuple(themes)
        sensitive = self.any_sensitive(wanted)
        rules = [r for r in self.sharing if r.agency == agency and (not r.themes or set(r.themes) & set(wanted))]
        return frozenset(part for rule in rules for part in (rule.sensitive_parts if sensitive else rule.parts))

    @cached_property
    def _agencies(self) -> Mapping[str, Agency]:
        return by_code(self.agencies)

    @cached_property
    def themes(self) -> Mapping[str, Theme]:
        """All strategies' themes by their codes; the latest strategy's where several have one."""
        ordered = sorted(self.strategies, key=lambda strategy: strategy.effective_from or date.min)
        return by_code(theme for strategy in ordered for theme in strategy.themes)

    @cached_property
    def _panels(self) -> Mapping[str, Panel]:
        return by_code(self.panels)

    @cached_property
    def _destinations(self) -> Mapping[str, Destination]:
        return by_code(self.destinations)

    @cached_property
    def _processes(self) -> Mapping[str, Process]:
        return by_code(self.processes)

    @cached_property
    def _calendars(self) -> Mapping[str, WorkingCalendar]:
        return by_code(self.calendars)

    @cached_property
    def _working_times(self) -> Mapping[str, WorkingTime]:
        return {each.code: WorkingTime(each, self.holidays, self.zone) for each in self.calendars}

    @cached_property
    def _categories(self) -> Mapping[str, Category]:
        return by_code(self.categories)

    @cached_property
    def _police_categories(self) -> Mapping[str, Category]:
        return {c.police_name: c for c in self.categories if c.police_name is not None}

    @cached_property
    def _partners(self) -> Mapping[str, Partner]:
        return by_code(self.partners)

    @cached_property
    def _staff(self) -> Mapping[str, Person]:
        return {person.id: person for person in self.staff}

    @cached_property
    def _thresholds(self) -> Mapping[str, Threshold]:
        return by_code((*self.thresholds, *self.reviewing))

    @cached_property
    def _outcomes(self) -> Mapping[str, Outcome]:
        return by_code(self.outcomes)

    @cached_property
    def _templates(self) -> Mapping[str, Template]:
        return {template.id: template for template in self.templates}
