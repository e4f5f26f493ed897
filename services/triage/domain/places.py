"""What a place says: whether it lies in the town centre, and what is near."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from services.partnership.models import Partnership
from services.partnership.values import TOWN_CENTRE


def _inside(ring: Sequence[Sequence[float]], longitude: float, latitude: float) -> bool:
    """Whether a point lies in a ring, by counting the edges to its east (even-odd rule)."""
    inside = False
    for (x1, y1), (x2, y2) in zip(ring, [*ring[1:], ring[0]], strict=True):
        if (y1 > latitude) != (y2 > latitude) and longitude < (x2 - x1) * (latitude - y1) / (y2 - y1) + x1:
            inside = not inside
    return inside


class Places:
    """The partnership's areas and surroundings, ready to ask."""

    def __init__(self, partnership: Partnership) -> None:
        area = next(area for area in partnership.areas if area.code == TOWN_CENTRE)
        self._ring = [tuple(point) for point in area.ring]
        self._streets = frozenset(street.lower() for street in area.streets)
        self._near = [
            (each.code, re.compile(r"\b(?:" + "|".join(re.escape(word.lower()) for word in each.words) + r")\b"))
            for each in partnership.surroundings
        ]

    def in_town_centre(self, street: str | None, place: Mapping[str, Any] | None) -> bool:
        """By coordinates where there are some, else by the street's name."""
        known = place or {}
        if known.get("latitude") is not None and known.get("longitude") is not None:
            return _inside(self._ring, float(known["longitude"]), float(known["latitude"]))
        return (street or "").lower() in self._streets

    def near(self, street: str | None, place: Mapping[str, Any] | None) -> list[str]:
        """Codes of what stands in the place's words."""
        words = f"{street or ''} {(place or {}).get('text') or ''}".lower()
        return [code for code, pattern in self._near if pattern.search(words)]
