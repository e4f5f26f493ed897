"""Where a report is about: a street for titles, a cell for joining, coordinates for maps. Never a house number."""

import re
from dataclasses import dataclass
from typing import Any

import h3
from convertbng.cutil import convert_lonlat

from schemas.submission import Place

RESOLUTION = 10
"""H3 resolution: a cell's edge is about 66 metres."""
_NEAR = re.compile(r"^\s*on or near\s+", re.I)
_HOUSE = re.compile(r"^\s*(?:(?:flat|apartment|unit|no\.?|number)\s*)?\d+[a-z]?(?:\s*[-/]\s*\d+[a-z]?)?\s*,?\s+", re.I)
STREET_LIMIT = 60


@dataclass(frozen=True, slots=True)
class Located:
    """A place worked out: what may stand in a title, and what stays personal."""

    street: str | None
    cell: str | None
    personal: dict[str, Any] | None


def street_of(text: str | None) -> str | None:
    """The street or place name of a sender's words: its first part, without "on or near" and without house numbers."""
    if not text:
        return None
    first = _NEAR.sub("", text).split(",")[0]
    while (shorter := _HOUSE.sub("", first)) != first:
        first = shorter
    if any(character.isdigit() for character in first) and not re.match(r"^[AMB]\d{1,4}\b", first):
        return None
    return first.strip()[:STREET_LIMIT] or None


def locate(place: Place | None) -> Located:
    """Coordinates (WGS 84, degrees) from what was given, the cell they lie in, and the street."""
    if place is None:
        return Located(None, None, None)
    known = place.model_dump(exclude_none=True)
    latitude, longitude = place.latitude, place.longitude
    if latitude is None and place.easting is not None and place.northing is not None:
        longitudes, latitudes = convert_lonlat([place.easting], [place.northing])
        latitude, longitude = float(latitudes[0]), float(longitudes[0])
        if latitude != latitude:
            latitude = longitude = None
    if latitude is None or longitude is None:
        return Located(street_of(place.text), None, known)
    cell = h3.latlng_to_cell(latitude, longitude, RESOLUTION)
    return Located(street_of(place.text), cell, known | {"latitude": latitude, "longitude": longitude})
