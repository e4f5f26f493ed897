"""Rows of data.police.uk's street-level extract: which columns, which row is which, and the report that a row makes."""

import hashlib
import re
from collections.abc import Mapping

from schemas.submission import Place, Submission
from services.partnership.models import Partnership

COLUMNS = (
    "Crime ID",
    "Month",
    "Reported by",
    "Falls within",
    "Longitude",
    "Latitude",
    "Location",
    "LSOA code",
    "LSOA name",
    "Crime type",
    "Last outcome category",
    "Context",
)
REQUIRED = ("Crime ID", "Month", "Longitude", "Latitude", "Location", "LSOA code", "Crime type")
REQUIRED_OF_OUTCOMES = ("Crime ID", "Month", "Outcome type")
_PLACE = ("Month", "Longitude", "Latitude", "Location", "LSOA code", "Crime type")
_MONTH = re.compile(r"\d{4}-(0[1-9]|1[0-2])")
OUTCOME_LIMIT, CRIME_ID_LIMIT = 100, 80
_ATTRIBUTES = {
    "Reported by": "reported_by",
    "Falls within": "falls_within",
    "LSOA code": "lsoa",
    "LSOA name": "lsoa_name",
}


class RowRefused(ValueError):
    """A row that cannot be a report: the field, a code and a sentence."""

    def __init__(self, field: str, code: str, message: str) -> None:
        super().__init__(message)
        self.field, self.code, self.message = field, code, message


def identity(row: Mapping[str, str]) -> str:
    """What makes a row itself, before its ordinal: its Crime ID, else month, position, place, LSOA and crime type."""
    crime_id = row["Crime ID"].strip()
    if crime_id:
        return f"crime:{crime_id}"
    digest = hashlib.blake2b("\x1f".join(row[name].strip() for name in _PLACE).encode(), digest_size=16)
    return f"place:{row['Month'].strip()}:{digest.hexdigest()}"


def outcome_identity(row: Mapping[str, str]) -> str:
    """What makes a row of an outcomes extract itself, before its ordinal. Raises `RowRefused`."""
    named = {name: (row.get(name) or "").strip() for name in REQUIRED_OF_OUTCOMES}
    for name, value in named.items():
        if not value:
            raise RowRefused(f"/{name}", "missing", f"An outcome needs its {name}.")
    if not _MONTH.fullmatch(named["Month"]):
        raise RowRefused("/Month", "string-pattern-mismatch", "A month is YYYY-MM.")
    if len(named["Outcome type"]) > OUTCOME_LIMIT or len(named["Crime ID"]) > CRIME_ID_LIMIT:
        raise RowRefused("/Outcome type", "string-too-long", f"At most {OUTCOME_LIMIT} characters.")
    return f"outcome:{named['Crime ID']}:{named['Month']}:{_slug(named['Outcome type'])}"


def _slug(words: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", words.lower()).strip("-")


def content(row: Mapping[str, str]) -> str:
    """What may differ between rows of one identity: orders them, so that a re-ordered extract numbers them alike."""
    return "\x1f".join((row.get(name) or "").strip() for name in COLUMNS)


def source_id(row_identity: str, ordinal: int) -> str:
    """The sender's id of the row; the first of its identity has none but the identity."""
    return f"{row_identity}#{ordinal}"


def submission(row: Mapping[str, str], row_source_id: str, partnership: Partnership) -> Submission:
    """The report of a row. Raises `RowRefused` and pydantic's `ValidationError`."""
    crime_type = row["Crime type"].strip()
    category = partnership.category_of_police(crime_type)
    if category is None:
        raise RowRefused("/Crime type", "unknown-category", "The crime type is none of data.police.uk's fourteen.")
    attributes = {name: (row.get(column) or "").strip() for column, name in _ATTRIBUTES.items()}
    outcome = (row.get("Last outcome category") or "").strip()
    return Submission(
        source_id=row_source_id,
        occurred_month=row["Month"].strip(),
        category=category.code,
        place=_place(row),
        attributes={name: value for name, value in (attributes | {"outcome": outcome}).items() if value},
    )


def _place(row: Mapping[str, str]) -> Place | None:
    known = {
        "text": row["Location"].strip(),
        "latitude": row["Latitude"].strip(),
        "longitude": row["Longitude"].strip(),
    }
    given = {name: value for name, value in known.items() if value}
    return Place.model_validate(given) if given else None
