"""One frozen model for each kind of entry in a partnership's files; an unknown field is refused by name."""

from typing import Literal

from pydantic import Field

from schemas.codes import Risk
from schemas.submission import Day
from services.partnership.processes import FormField
from services.partnership.values import (
    ELAPSED as ELAPSED,
)
from services.partnership.values import (
    WINDOW_DAYS_AT_MOST as WINDOW_DAYS_AT_MOST,
)
from services.partnership.values import (
    Address,
    Hour,
)
from services.partnership.values import (
    Clock as Clock,
)
from services.partnership.values import (
    Code as Code,
)
from services.partnership.values import (
    Dated as Dated,
)
from services.partnership.values import (
    Entry as Entry,
)
from services.partnership.values import (
    Status as Status,
)
from services.partnership.values import (
    Value as Value,
)


class Identity(Entry):
    """What the partnership is called, its declared version, and the zone its clocks keep."""

    code: Code
    name: str
    short_name: str
    declared_version: str
    time_zone: str
    duty_manager: str = Field(description="Staff id: all silence ends here")
    duty_contact: Address = Field(description="Address told of an unanswered danger, without Kafka")
    intelligence_agency: Code = Field(description="The only agency that intelligence goes to; its grading is its own")
    owner_without_theme: Code = Field(description="Who owns a report that no theme and no other destination takes")
    own_flags: tuple[str, ...] = Field((), description="Flags that the partnership adds to the product's")


class Agency(Entry):
    """A member of the partnership, or a service of one, that can lead a theme, act first or receive a referral."""

    code: Code
    name: str
    short_name: str
    kind: Literal["police", "council", "council-service", "probation", "fire", "health", "commissioner", "business"]
    parent: Code | None = Field(None, description="The agency that this one is a service of")
    calendar: Code
    duty_address: Address = Field(description="Where a notification to the agency's duty desk goes")
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


class Beside(Value):
    """Another referral beside this one, never instead of it or before it: `opened` with it, or `asked-for`, which
    leaves a draft that somebody of the sender's agency looks at and sends."""

    panel: Code
    when: Literal["under-18"] = "under-18"
    how: Literal["opened", "asked-for"] = "opened"


class Route(Entry):
    """Where a case can be referred to: a panel or a destination, with its form, process, consent rule and clocks."""

    code: Code
    name: str
    short_name: str
    receives: Code = Field(description="The agency whose desk a referral arrives at")
    purpose: str
    sensitive: bool = False
    consent: Literal["required", "not-required", "adults-only"] = "required"
    first_answer: Clock
    process: Code = "standard"
    approval: Literal["none", "supervisor"] = Field("none", description="Who lets a referral go before it is sent")
    on_decline: Literal["told", "acts"] = Field("told", description="What becomes of the lead that a decline proposes")
    beside: Beside | None = None
    form: tuple[FormField, ...] = ()
    referrers: tuple[Code, ...] = Field((), description="The agencies that alone may refer; empty: all")


class Meetings(Entry):
    """When a panel meets, every week, in the partnership's time zone; `quorum` counts agencies that are present."""

    weekday: Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
    at: Hour
    quorum: int = Field(ge=1)
    sign_off: Clock | None = Field(
        None, description="By when the chair signs the minutes, from the meeting's hour; None: nobody is reminded"
    )


class Panel(Route):
    """A multi-agency panel that answers referrals; silence goes to `alternate_lead`, then to `duty_manager`."""

    members: tuple[Code, ...] = ()
    chair: str | None = Field(None, description="Staff id")
    adults: bool = True
    children: bool = True
    first_answer_by_risk: dict[Risk, Clock] = Field(default_factory=dict)
    alternate_lead: Code
    duty_manager: str = Field(description="Staff id")
    meetings: Meetings | None = Field(None, description="None: it meets when one is called")
    ladder: bool = Field(False, description="Whether its board shows help and the steps of enforcement beside it")

    def first_answer_for(self, risk: Risk) -> Clock:
        """The clock of the first answer to a referral of that risk."""
        return self.first_answer_by_risk.get(risk, self.first_answer)


class Destination(Route):
    """Another route that a case can leave by; silence goes to its `alternate_lead` where one is named."""

    gateway: Code | None = Field(None, description="An agency that sees it first, and passes it on or declines it")
    alternate_lead: Code | None = None


class WorkingCalendar(Entry):
    """The hours in which a working clock runs, by weekday, in the partnership's time zone."""

    code: Code
    name: str
    hours: dict[Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"], tuple[tuple[Hour, Hour], ...]]
    keeps_bank_holidays: bool = True


class BankHoliday(Entry):
    """A day on which calendars that keep bank holidays stand still."""

    day: Day
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
    value: float = Field(allow_inf_nan=False)
    unit: str
    within_days: int | None = Field(None, gt=0, le=WINDOW_DAYS_AT_MOST)
    metres: float | None = Field(None, gt=0, allow_inf_nan=False)


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
