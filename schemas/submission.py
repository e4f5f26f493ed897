"""A report as a client sends it, by HTTP, as a line of a batch or on a partner's topic: one model for all of them."""

import re
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictBool,
    StrictInt,
    StringConstraints,
    ValidationError,
    model_validator,
)
from pydantic_core import PydanticCustomError

from schemas.codes import Kind

DESCRIPTION_LIMIT, SOURCE_ID_LIMIT, ATTRIBUTES_LIMIT, ATTRIBUTE_LIMIT, PEOPLE_LIMIT = 4000, 200, 50, 500, 50

EMAIL = r'^[^@\s,;:()<>\[\]"\\]+@[^@\s.,;:()<>\[\]"\\]+(\.[^@\s.,;:()<>\[\]"\\]+)+$'
"""One plain address: no list, comment, group or quotation, which mail servers read as other mailboxes (RFC 5322)."""

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]
YEARS = range(1900, 2101)
"""Of any time that is sent: beyond them are mistakes, and times that no time zone can name."""
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
Month = Annotated[str, Field(pattern=r"^(19\d\d|20\d\d|2100)-(0[1-9]|1[0-2])$")]
LATITUDES, LONGITUDES = (49.0, 61.0), (-9.0, 3.0)
"""Of any place, in degrees (WGS 84): the British Isles."""


def _with_offset(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise PydanticCustomError("offset_missing", "A time needs an offset, such as 2026-03-02T09:15:00+00:00.")
    if moment.year not in YEARS:
        raise PydanticCustomError("year_out_of_range", "A time lies between the years 1900 and 2100.")
    return moment


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _written(moment: object) -> object:
    # A number, as text too, would be read as seconds since 1970.
    if isinstance(moment, int | float) or (isinstance(moment, str) and _is_number(moment)):
        raise PydanticCustomError("datetime_type", "A time is text, such as 2026-03-02T09:15:00+00:00.")
    return moment


def _written_day(day: object) -> object:
    # A number would be a day of 1970 or near it: a child would pass for an adult, strangers share a birthday.
    if type(day) is not date and not (isinstance(day, str) and _DAY.fullmatch(day)):
        raise PydanticCustomError("date_type", "A day is text, such as 1990-05-01.")
    return day


def _born(day: date) -> date:
    # A day more than UTC's: where clocks are ahead of it the next one has begun.
    if day.year not in YEARS or day > datetime.now(UTC).date() + timedelta(days=1):
        raise PydanticCustomError("birth_out_of_range", "A date of birth lies between 1900 and today.")
    return day


def _without_nul(text: str | None) -> str | None:
    if text is not None and "\x00" in text:
        raise PydanticCustomError("nul_in_text", "Text must not hold the character NUL.")
    return text


Moment = Annotated[datetime, BeforeValidator(_written), AfterValidator(_with_offset)]
Day = Annotated[date, BeforeValidator(_written_day)]
BirthDay = Annotated[Day, AfterValidator(_born)]
"""Where staff write it, who can mend it at once; a report is never refused for one that is to come."""
Clean = AfterValidator(_without_nul)
SourceId = Annotated[str, StringConstraints(min_length=1, max_length=SOURCE_ID_LIMIT), Clean]


class Sent(BaseModel):
    """Part of what a client sends: unknown fields are refused by name.

    A rule over several fields names the one to mend behind an @ in its error's type (`missing@description`).
    """

    model_config = ConfigDict(extra="forbid", frozen=True)


class Place(Sent):
    """Where: any of text, postcode, latitude with longitude (WGS 84), easting with northing (OSGB36), UPRN."""

    text: Annotated[Text | None, Clean] = None
    postcode: Annotated[str, Field(pattern=r"^[A-Za-z]{1,2}\d[A-Za-z\d]? ?\d[A-Za-z]{2}$")] | None = None
    latitude: float | None = Field(None, ge=LATITUDES[0], le=LATITUDES[1])
    longitude: float | None = Field(None, ge=LONGITUDES[0], le=LONGITUDES[1])
    easting: float | None = Field(None, ge=0, le=700_000)
    northing: float | None = Field(None, ge=0, le=1_300_000)
    uprn: Annotated[str, Field(pattern=r"^\d{1,12}$")] | None = None

    @model_validator(mode="after")
    def _pairs(self) -> Self:
        if (self.latitude is None) != (self.longitude is None):
            missing = "latitude" if self.latitude is None else "longitude"
            raise PydanticCustomError(f"missing@{missing}", "Latitude and longitude come together.")
        if (self.easting is None) != (self.northing is None):
            missing = "easting" if self.easting is None else "northing"
            raise PydanticCustomError(f"missing@{missing}", "Easting and northing come together.")
        return self


class Contact(Sent):
    """How a person may be reached; nobody is contacted unless `safe` is yes."""

    phone: Annotated[str, Field(max_length=40), Clean] | None = None
    email: Annotated[str, Field(pattern=EMAIL, max_length=254), Clean] | None = None
    safe: Literal["yes", "no", "unknown"] = "unknown"
    note: Annotated[Text | None, Clean] = None


class Consent(Sent):
    """Whether the person lets her data be shared."""

    share: Literal["given", "refused", "not-asked"]
    at: Moment | None = None


class Person(Sent):
    """Somebody in the report; `id` is the sender's own."""

    id: Annotated[Text | None, Clean] = None
    role: Literal["victim", "suspect", "subject", "witness", "reporter"]
    name: Annotated[Text | None, Clean] = None
    date_of_birth: Day | None = None
    age: StrictInt | None = Field(None, ge=0, le=130)
    under_18: StrictBool | None = None
    contact: Contact | None = None
    interpreter: Annotated[Text | None, Clean] = None
    consent: Consent | None = None


Attribute = Annotated[str, Field(max_length=ATTRIBUTE_LIMIT), Clean]


class Submission(Sent):
    """A report (`product.md`, "A report"). This or that of `description` and `category` is required."""

    source_id: SourceId
    revision: StrictInt = Field(1, ge=1, le=2_147_483_647)
    kind: Kind = "incident"
    occurred_at: Moment | None = None
    occurred_until: Moment | None = None
    occurred_month: Month | None = None
    category: Annotated[str, Field(max_length=80), Clean] | None = None
    description: Annotated[str, Field(min_length=1, max_length=DESCRIPTION_LIMIT), Clean] | None = None
    place: Place | None = None
    danger_now: StrictBool = False
    wants_updates: StrictBool = False
    people: tuple[Person, ...] = Field((), max_length=PEOPLE_LIMIT)
    withdrawn: StrictBool = False
    withdrawn_reason: Annotated[Text | None, Clean] = None
    attributes: dict[Annotated[str, Field(max_length=80), Clean], Attribute] = Field({}, max_length=ATTRIBUTES_LIMIT)

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if self.description is None and self.category is None and not self.withdrawn:
            raise PydanticCustomError("missing@description", "A report needs a description or a category.")
        if self.occurred_month is not None and self.occurred_at is not None:
            raise PydanticCustomError("given_twice@occurred_month", "Give occurred_at or occurred_month, not both.")
        if self.occurred_until is not None and (self.occurred_at is None or self.occurred_until < self.occurred_at):
            raise PydanticCustomError("out_of_order@occurred_until", "occurred_until needs an earlier occurred_at.")
        return self


class Call(Submission):
    """A call-taker's record: a report with the line, the grade and who took it."""

    line: Literal["101", "council"] = "101"
    grade: Annotated[str, Field(max_length=20), Clean] | None = None
    call_taker: Annotated[str, Field(max_length=80), Clean] | None = None


class _Named(BaseModel):
    """What can still be read of a line that is no report."""

    source_id: SourceId


def source_id_of(line: str) -> str | None:
    """The sender's own id in a line that is refused, so that she finds what to mend; None where it cannot be read."""
    try:
        return _Named.model_validate_json(line).source_id
    except ValidationError:
        return None
