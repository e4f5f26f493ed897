"""Tells incidents from reports: one incident told to three agencies counts once, two alike ones count twice."""

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
    found: list[list[Sighting]] = []
    for sighting in sorted(sightings, key=lambda each: (each.happened_at, each.reference)):
        group, half = _group_of(sighting, found, within), _of_half(sighting, found)
        one = group or half
        if one is None:
            found.append([sighting])
            continue
        one.append(sighting)
        if half is not None and half is not one:
            one += half
            found = [each for each in found if each is not half]
    return [tuple(group) for group in found]


def _group_of(sighting: Sighting, found: list[list[Sighting]], within: timedelta) -> list[Sighting] | None:
    """The incident it tells of, the latest first; groups stand by their first report, so one too long ago ends it."""
    for group in reversed(found):
        if sighting.happened_at - group[0].happened_at > within:
            return None
        if same_incident(group[0], sighting, within):
            return group
    return None


def _of_half(sighting: Sighting, found: list[list[Sighting]]) -> list[Sighting] | None:
    """The incident that the other matter of its report stands in."""
    return next((group for group in found if any(_halves(each, sighting) for each in group)), None)


def _halves(one: Sighting, other: Sighting) -> bool:
    """Whether a split made both of one report."""
    if one.happened_at != other.happened_at:
        return False
    first, second = UUID(one.report_id), UUID(other.report_id)
    return second_matter(first) == second or second_matter(second) == first


def references(groups: Iterable[Sequence[Sighting]]) -> tuple[str, ...]:
    """The reports of some incidents, oldest first."""
    return tuple(sighting.reference for group in groups for sighting in group)


def since(sightings: Iterable[Sighting], now: datetime, days: int) -> list[Sighting]:
    """Those that happened within so many days before `now`."""
    return [each for each in sightings if now - each.happened_at <= timedelta(days=days)]
