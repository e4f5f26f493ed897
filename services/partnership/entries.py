"""One frozen model for each kind of entry in a partnership's files; an unknown field is refused by name."""

from datetime import date, time
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from schemas.codes import Risk

Status = Literal["published", "law", "comparator", "default"]
"""Where an entry comes from: only `published` and `law` are policy; the desk marks the others as defaults."""

Code = str
ELAPSED = "elapsed"
"""The calendar word for a clock that never stops."""


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

    effective_from: date | None = None
    effective_to: date | None = None

    def in_force(self, day: date) -> bool:
        """Whether the entry holds on `day`."""
        after_start = self.effective_from is None or self.effective_from <= day
        before_end = self.effective_to is None or day <= self.effective_to
        return after_start and before_end


class Identity(Entry):
    """What the partnership is called, its declared version, and the zone its clocks keep."""

    code: Code
    name: str
    short_name: str
    declared_version: str
    time_zone: str
    duty_manager: str = Field(description="Staff id: all silence ends here")
    duty_contact: str = Field(description="Address told of an unanswered danger, without Kafka")
    intelligence_agency: Code = Field(description="The only agency that intelligence goes to; its grading is its own")
    owner_without_theme: Code = Field(description="Who owns a report that no theme and no other destination takes")
    own_flags: tuple[str, ...] = Field((), description="Flags that the partnership adds to the product's")


class Clock(Value):
    """An amount of time and what counts it: `elapsed`, or a calendar's code (then working minutes)."""

    minutes: int = Field(gt=0)
    calendar: Code = ELAPSED


class Agency(Entry):
    """A member of the partnership, or a service of one, that can lead a theme, act first or receive a referral."""

    code: Code
    name: str
    short_name: str
    kind: Literal["police", "council", "council-service", "probation", "fire", "health", "commissioner", "business"]
    parent: Code | None = Field(None, description="The agency that this one is a service of")
    calendar: Code
    duty_address: str = Field(description="Where a notification to the agency's duty desk goes")
    duty_staff: tuple[str, ...] = Field((), description="Staff ids on duty, first one first")
    on_duty: Literal["always", "calendar"] = "calendar"


class ThemeLead(Value):
    """An agency that is accountable for a theme; of joint leads exactly one acts by default."""

    agency: Code
    acting: bool = True


class Theme(Entry):
    """A priority of one strategy. `sensitive` themes are never named in a title, subject line or message."""

    code: Code
    number: int = Field(ge=1)
    name: str
    short_name: str
    group: str | None = None
    sensitive: bool = False
    leads: tuple[ThemeLead, ...] = ()
    overseen_by: str | None = Field(None, description="A board that gets the theme's figures beside the partnership")


class Strategy(Dated):
    """A published set of priorities and the years in which reports are triaged by it."""

    code: Code
    name: str
    themes: tuple[Theme, ...]


class ThemeMapping(Entry):
    """Which theme of a later strategy an earlier priority is counted under when figures are re-drawn."""

    from_strategy: Code
    from_theme: Code
    to_strategy: Code
    to_themes: tuple[Code, ...]
    note: str | None = None


class Panel(Entry):
    """A multi-agency panel that answers referrals; silence goes to `alternate_lead`, then to `duty_manager`."""

    code: Code
    name: str
    short_name: str
    receives: Code = Field(description="The agency whose desk a referral arrives at")
    members: tuple[Code, ...] = ()
    chair: str | None = Field(None, description="Staff id")
    purpose: str
    sensitive: bool = False
    adults: bool = True
    children: bool = True
    first_answer: Clock
    first_answer_by_risk: dict[Risk, Clock] = Field(default_factory=dict)
    alternate_lead: Code
    duty_manager: str = Field(description="Staff id")

    def first_answer_for(self, risk: Risk) -> Clock:
        """The clock of the first answer to a referral of that risk."""
        return self.first_answer_by_risk.get(risk, self.first_answer)


class Destination(Entry):
    """Another route that a case can leave by, with its own form and clock, if one is known."""

    code: Code
    name: str
    short_name: str
    receives: Code
    purpose: str
    sensitive: bool = False
    consent: Literal["required", "not-required", "adults-only"] = "required"
    first_answer: Clock
    gateway: Code | None = Field(None, description="An agency that must see it first")


class WorkingCalendar(Entry):
    """The hours in which a working clock runs, by weekday, in the partnership's time zone."""

    code: Code
    name: str
    hours: dict[Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"], tuple[tuple[time, time], ...]]
    keeps_bank_holidays: bool = True


class BankHoliday(Entry):
    """A day on which calendars that keep bank holidays stand still."""

    day: date
    name: str


class Category(Entry):
    """What a report is about; `title` stands in a case's title, so it never names a sensitive theme."""

    code: Code
    name: str
    scheme: Literal["police", "nsir", "hub"]
    title: str
    sensitive: bool = False
    public: bool = Field(False, description="Offered on the public form")
    police_name: str | None = Field(None, description="`Crime type` of the police extract")


class Outcome(Entry):
    """How a case ended; `success` counts towards the partnership's promise."""

    code: Code
    name: str
    success: bool = False


class Score(Entry):
    """How far a referral reached its aim, from 0 to 1."""

    code: Code
    name: str
    value: float = Field(ge=0, le=1)


class Reason(Entry):
    """Why a referral was withdrawn or declined."""

    code: Code
    name: str


class Threshold(Entry):
    """A number that a rule counts against; `value` in `unit`, within `within_days` or `metres` where it has any."""

    code: Code
    name: str
    value: float
    unit: str
    within_days: int | None = Field(None, gt=0)
    metres: float | None = Field(None, gt=0)


class Promise(Entry):
    """A promise of the plan and who can count it: the hub, someone else, or nobody (a narrative)."""

    id: str
    text: str
    counted_by: Literal["hub", "external", "narrative"]
    themes: tuple[Code, ...] = ()
    outcome: Code | None = None


class Operation(Dated):
    """A patrol or other operation with figures before, during and after."""

    code: Code
    name: str
    area: str | None = None
    themes: tuple[Code, ...] = ()
    agencies: tuple[Code, ...] = ()


class Tag(Entry):
    """A cross-cutting priority."""

    code: Code
    name: str


class Precondition(Value):
    """Something that must be so before a step; `law` refuses, `local` warns and takes a reason."""

    kind: Literal["law", "local"]
    rule: Literal["minimum-age", "prior-step", "conviction", "granted-power", "rank", "offer-of-support"]
    step: Code | None = None
    age: int | None = None
    rank: str | None = None
    provision: str


class Instrument(Dated):
    """A step of the ladder from coordinated help to enforcement."""

    code: Code
    name: str
    order: int = Field(ge=0)
    against: Literal["person", "place"] = "person"
    issued_by: tuple[Code, ...] = ()
    preconditions: tuple[Precondition, ...] = ()
    lasts: str | None = None
    amount: str | None = None


class Area(Entry):
    """A named area as a ring of longitude, latitude (WGS 84), and the streets that lie in it."""

    code: Code
    name: str
    ring: tuple[tuple[float, float], ...]
    streets: tuple[str, ...] = ()


class Surrounding(Entry):
    """A kind of place that a report can be near, and the words of a place name that say so."""

    code: Code
    name: str
    words: tuple[str, ...]
