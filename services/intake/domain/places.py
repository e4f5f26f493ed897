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
_HOME = re.compile(r"^\s*(?:flat|apartment|unit|room|no\.?|number)?\s*(?:\d+[a-z]?|[a-z])?\s*$", re.I)
"""A part of an address that names one home and no street."""
_ROAD_NUMBER = re.compile(r"^[AMB]\d{1,4}\b(?!.*\b(?:house|court|flats?|tower|lodge)\b)", re.I)
_SOMEBODY = re.compile(r"\b(?:mr|mrs|miss|ms|dr|her|his|my|our|their)\b|['’]s?(?:\s|$)", re.I)
_STREET = re.compile(
    r"\b((?:(?!(?:at|behind|by|from|her|his|in|my|near|of|off|on|opposite|our|outside|the|their|to)\b)[\w.'’-]+\s+){1,3}?"
    r"(?:avenue|ave|church|close|crescent|drive|gardens|gate|green|grove|hill|lane|lea|mews|mosque|parade|park|place|ring|rise|road|rd|"
    r"row|school|square|station|street|st|terrace|view|walk|way)\b)(?!.*['’]s?\s)",
    re.I,
)
"""A street within a sentence: up to three words and what streets are called, behind whoever lives there."""
STREET_LIMIT = 60


@dataclass(frozen=True, slots=True)
class Located:
    """A place worked out: what may stand in a title, and what stays personal."""

    street: str | None
    cell: str | None
    personal: dict[str, Any] | None


def street_of(text: str | None) -> str | None:
    """The street or place name of a sender's words: without "on or near", house numbers, and whose home it is."""
    published = _NEAR.match(text or "")  # the police's own words for where: they name nobody
    for part in _NEAR.sub("", text or "").split(","):
        place = _without_number(part)
        if _SOMEBODY.search(place) and not published:
            named = _STREET.search(place)
            place = named[1] if named else ""
        if _HOME.match(place):
            continue
        numbered = any(character.isdigit() for character in place) and not _ROAD_NUMBER.match(place)
        return None if numbered else place.strip()[:STREET_LIMIT]
    return None


def _without_number(part: str) -> str:
    while (shorter := _HOUSE.sub("", part)) != part:
        part = shorter
    return part


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
