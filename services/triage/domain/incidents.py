"""Tells incidents from reports: one incident told to three agencies counts once, two alike ones count twice."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from services.triage.domain.state import Sighting, second_matter


def same_incident(one: Sighting, other: Sighting, within: timedelta) -> bool:
    """Whether two reports tell of one incident: close in time, of a like theme, at one place or about one victim."""
    if not (one.timed and other.timed) or abs(one.happened_at - other.happened_at) > within:
        return False
    alike = not one.themes or not other.themes or bool(set(one.themes) & set(other.themes))
    place = one.cell is not None and one.cell == other.cell
    return alike and (place or bool(set(one.victims) & set(other.victims)))


def incidents(sightings: Iterable[Sighting], within: timedelta) -> list[tuple[Sighting, ...]]:
    """The reports grouped by incident, oldest first; each is measured against its incident's first report.

    The two that a split makes of one report are one incident, whatever their themes.
    """
    ordered = sorted(sightings, key=lambda each: (each.happened_at, each.reference))
    split_from = _split_from(ordered)
    found: list[list[Sighting]] = []
    of_report: dict[str, list[Sighting]] = {}
    for sighting in ordered:
        whole = split_from.get(sighting.report_id, sighting.report_id)
        half = of_report.get(whole)
        group = _group_of(sighting, found, within) or half
        if group is None:
            group = []
            found.append(group)
        group.append(sighting)
        if half is not None and half is not group:
            group += half
            of_report |= {split_from.get(each.report_id, each.report_id): group for each in half}
            found = [each for each in found if each is not half]
        of_report[whole] = group
    return [tuple(group) for group in found]


def _split_from(sightings: Sequence[Sighting]) -> dict[str, str]:
    """Of second matters the report that each was split from; both happened at one time, and most times stand alone."""
    times = Counter(each.happened_at for each in sightings)
    alike = [each.report_id for each in sightings if times[each.happened_at] > 1]
    return {str(second_matter(UUID(report_id))): report_id for report_id in alike}


def _group_of(sighting: Sighting, found: list[list[Sighting]], within: timedelta) -> list[Sighting] | None:
    """The incident it tells of, the latest first; groups stand by their first report, so one too long ago ends it."""
    for group in reversed(found):
        if sighting.happened_at - group[0].happened_at > within:
            return None
        if same_incident(group[0], sighting, within):
            return group
    return None


def references(groups: Iterable[Sequence[Sighting]]) -> tuple[str, ...]:
    """The reports of some incidents, oldest first."""
    return tuple(sighting.reference for group in groups for sighting in group)


def since(sightings: Iterable[Sighting], now: datetime, days: int) -> list[Sighting]:
    """Those that happened within so many days before `now`."""
    return [each for each in sightings if now - each.happened_at <= timedelta(days=days)]
