"""What entries of a partnership's files are made of: immutable values, provenance, and clocks."""

import re
from datetime import date, time
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError

from schemas.submission import EMAIL, Day

Status = Literal["published", "law", "comparator", "default"]
"""Where an entry comes from: only `published` and `law` are policy; the desk marks the others as defaults."""

Code = str
ELAPSED = "elapsed"
"""The calendar word for a clock that never stops."""
TOWN_CENTRE = "town-centre"
"""The area that a partnership must have: tables ask whether a report lies in it."""
CLOCK_AT_MOST = 366 * 24 * 60
"""The most minutes of a clock, a year: what is due later is due to nobody, and no date on from it is out of range."""
WINDOW_DAYS_AT_MOST = 3660
"""The most days of a window that is looked back over or waited for: ten years."""

_HOUR = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]")


def _written_hour(hour: object) -> object:
    # 1400 would be read as seconds from midnight, and an offset would shift a clock that the partnership's zone has.
    if not isinstance(hour, time) and not (isinstance(hour, str) and _HOUR.fullmatch(hour)):
        raise PydanticCustomError("time_type", "write an hour of the day such as 09:00")
    return hour


Hour = Annotated[time, BeforeValidator(_written_hour)]
Address = Annotated[str, Field(pattern=EMAIL, max_length=254)]
"""One plain mail address."""


class Value(BaseModel):
    """An immutable value that refuses fields it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Entry(Value):
    """A value with its provenance; the loader fills in the file's own `status` and `source` where an entry has none."""

    status: Status
    source: str = Field(min_length=3)

    @property
    def is_policy(self) -> bool:
        """False means: show 'default, not the partnership's policy' beside it."""
        return self.status in {"published", "law"}


class Dated(Entry):
    """An entry that holds from one day to another, both included; an absent end is open."""

    effective_from: Day | None = None
    effective_to: Day | None = None

    def in_force(self, day: date) -> bool:
        """Whether the entry holds on `day`."""
        after_start = self.effective_from is None or self.effective_from <= day
        before_end = self.effective_to is None or day <= self.effective_to
        return after_start and before_end


class Clock(Value):
    """An amount of time and what counts it: `elapsed`, or a calendar's code (then working minutes)."""

    minutes: int = Field(gt=0, le=CLOCK_AT_MOST)
    calendar: Code = ELAPSED
