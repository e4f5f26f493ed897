"""Every place in a partnership's files where one entry names another by its code."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import get_args

from schemas.codes import Flag
from schemas.events import EVENTS
from services.partnership.documents import Place
from services.partnership.models import Partnership


@dataclass(frozen=True, slots=True)
class Reference:
    """The code at `place` below the list `section` names an entry of `kind`."""

    section: str
    place: Place
    kind: str
    code: str


FIELDS: Mapping[str, Mapping[str, str]] = {
    "agencies": {"parent": "agency", "calendar": "calendar", "duty_staff": "person"},
    "panels": {
        "receives": "agency",
        "process": "process",
        "referrers": "agency",
        "members": "agency",
        "chair": "person",
        "alternate_lead": "agency",
        "duty_manager": "person",
    },
    "destinations": {
        "receives": "agency",
        "process": "process",
        "referrers": "agency",
        "gateway": "agency",
        "alternate_lead": "agency",
    },
    "staff": {"agency": "agency", "panels": "panel"},
    "partners": {"agency": "agency"},
    "demonstration_keys": {"partner": "partner", "person": "person"},
    "notifications": {"template": "template", "event": "event"},
    "sharing": {"agency": "agency", "themes": "theme"},
    "promises": {"themes": "theme", "outcome": "outcome"},
    "operations": {"themes": "theme", "agencies": "agency"},
    "instruments": {"issued_by": "agency", "safeguarding": "panel"},
    "entitlements": {"threshold": "threshold", "themes": "theme", "destination": "destination"},
}
"""By list: the fields that hold codes, and the kind of entry that they name."""


def references(partnership: Partnership) -> Iterator[Reference]:
    """Every reference by code between entries."""
    for section, fields in FIELDS.items():
        for i, entry in enumerate(getattr(partnership, section)):
            for field, kind in fields.items():
                for code in _codes(getattr(entry, field)):
                    yield Reference(section, (i, field), kind, code)
    yield from _of_identity(partnership)
    yield from _of_themes(partnership)
    yield from _of_mappings(partnership)
    yield from _of_instruments(partnership)
    yield from _of_routes(partnership)
    yield from _of_powers(partnership)
    yield from _of_notifications(partnership)


def known_codes(partnership: Partnership) -> dict[str, frozenset[str]]:
    """The codes of every kind that a reference can name."""
    return {
        "agency": frozenset(agency.code for agency in partnership.agencies),
        "calendar": frozenset(calendar.code for calendar in partnership.calendars),
        "person": frozenset(person.id for person in partnership.staff),
        "panel": frozenset(panel.code for panel in partnership.panels),
        "process": frozenset(process.code for process in partnership.processes),
        "partner": frozenset(partner.code for partner in partnership.partners),
        "outcome": frozenset(outcome.code for outcome in partnership.outcomes),
        "template": frozenset(template.id for template in partnership.templates),
        "theme": frozenset(partnership.themes),
        "theme of that strategy": frozenset(
            f"{s.code}/{theme.code}" for s in partnership.strategies for theme in s.themes
        ),
        "instrument": frozenset(instrument.code for instrument in partnership.instruments),
        "threshold": frozenset(threshold.code for threshold in partnership.thresholds),
        "destination": frozenset(each.code for each in partnership.destinations),
        "flag": frozenset({*get_args(Flag), *partnership.identity.own_flags}),
        "event": frozenset(event.TYPE for event in EVENTS),
    }


def _codes(value: str | Iterable[str] | None) -> Iterable[str]:
    if value is None:
        return ()
    return (value,) if isinstance(value, str) else value


def _of_identity(partnership: Partnership) -> Iterator[Reference]:
    identity = partnership.identity
    for field in ("intelligence_agency", "owner_without_theme"):
        yield Reference("identity", (field,), "agency", getattr(identity, field))


def _of_themes(partnership: Partnership) -> Iterator[Reference]:
    for i, strategy in enumerate(partnership.strategies):
        for j, theme in enumerate(strategy.themes):
            for k, lead in enumerate(theme.leads):
                yield Reference("strategies", (i, "themes", j, "leads", k, "agency"), "agency", lead.agency)


def _of_mappings(partnership: Partnership) -> Iterator[Reference]:
    kind = "theme of that strategy"
    for i, mapping in enumerate(partnership.theme_mappings):
        yield Reference("theme_mappings", (i, "from_theme"), kind, f"{mapping.from_strategy}/{mapping.from_theme}")
        for theme in mapping.to_themes:
            yield Reference("theme_mappings", (i, "to_themes"), kind, f"{mapping.to_strategy}/{theme}")


def _of_instruments(partnership: Partnership) -> Iterator[Reference]:
    for i, instrument in enumerate(partnership.instruments):
        for j, condition in enumerate(instrument.preconditions):
            for step in _codes(condition.step):
                yield Reference("instruments", (i, "preconditions", j, "step"), "instrument", step)


def _of_routes(partnership: Partnership) -> Iterator[Reference]:
    for section in ("panels", "destinations"):
        for i, route in enumerate(getattr(partnership, section)):
            if route.beside is not None:
                yield Reference(section, (i, "beside", "panel"), "panel", route.beside.panel)


def _of_powers(partnership: Partnership) -> Iterator[Reference]:
    for i, person in enumerate(partnership.staff):
        for j, power in enumerate(person.powers):
            yield Reference("staff", (i, "powers", j, "instrument"), "instrument", power.instrument)


def _of_notifications(partnership: Partnership) -> Iterator[Reference]:
    for i, rule in enumerate(partnership.notifications):
        for template in rule.when.given_up:
            yield Reference("notifications", (i, "when", "given_up"), "template", template)
        for flag in rule.when.flags_any:
            yield Reference("notifications", (i, "when", "flags_any"), "flag", flag)
