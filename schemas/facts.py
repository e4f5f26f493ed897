"""What events are made of: a report's facts, a decision, and cases and notifications as they now stand."""

from datetime import datetime
from typing import ClassVar, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from schemas.codes import CaseStatus, Channel, Disposition, Kind, Marking, Risk


class Contract(BaseModel):
    """A value that crosses a boundary: immutable, and deaf to fields that a newer producer added."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Event(Contract):
    """A fact on a topic; `TYPE` and `VERSION` make its `ce_type`, such as `ReportReceived.v1`."""

    TYPE: ClassVar[str]
    VERSION: ClassVar[int] = 1


class Actor(Contract):
    """Who did it: a person on the staff, a partner's system, or the hub itself by a named rule."""

    kind: Literal["person", "partner", "hub"]
    id: str
    name: str
    agency: str | None = None


class ReportFacts(Contract):
    """What is known of a report without opening its personal part."""

    report_id: UUID
    reference: str
    revision: int = 1
    partner: str | None = None
    source_id: str
    channel: Channel
    line: str | None = None
    grade: str | None = None
    kind: Kind = "incident"
    category: str | None = None
    received_at: datetime
    occurred_at: datetime | None = None
    occurred_until: datetime | None = None
    occurred_month: str | None = None
    street: str | None = Field(None, description="Street or place name as a title shows it, never a house number")
    cell: str | None = Field(None, description="H3 cell, resolution 10 (about 66 m edge), of the place")
    danger_now: bool = False
    wants_updates: bool = False
    historic: bool = Field(False, description="Counts in figures; opens no case, starts no clock, tells nobody")
    batch: str | None = None
    outcome: str | None = Field(None, description="The sender's last outcome, as its extract says it")
    split_from: str | None = Field(None, description="Reference of the report whose second matter this is")


class Thrive(Contract):
    """The THRIVE record: one coded assessment each, derived by table; `rules` are the rows that said so."""

    threat: str
    harm: str
    risk: str
    investigation: str
    vulnerability: str
    engagement: str
    rules: tuple[str, ...] = ()


class Entitlement(Contract):
    """A threshold that may be met, found as the report came: the hub never says that it is met.

    `count` is of distinct incidents within `within_days`; both are None for a duty that one sign makes, such as NRM.
    """

    code: str = Field(description="repeat-victim, repeat-place, marac-repeat, asb-case-review, nrm or channel")
    destination: str | None = Field(None, description="Panel or destination that it may lead to")
    count: int | None = None
    needed: int | None = None
    within_days: int | None = None
    reports: tuple[str, ...] = Field((), description="References of the reports counted, this one too, oldest first")
    consent: Literal["not-required", "required", "adults-only"] | None = None
    status: Literal["published", "law", "comparator", "default"] = "default"
    note: str = Field("", description="Plain words, such as: may meet the threshold")


class SecondReading(Contract):
    """What the second reader took a report for: never the only reason for a decision."""

    model: str
    theme: str | None = Field(None, description="The likeliest theme; none where it takes it for no theme")
    chance: float = Field(ge=0, le=1, description="The chance that it gives the theme, before other evidence counts")
    suspects: tuple[str, ...] = Field(
        (), description="Harm that it alone sees, by flag, or `harm` where it cannot tell which: a person looks"
    )
    alone: tuple[str, ...] = Field(
        (), description="Flags that stand on its word alone: who works the report confirms them or strikes them out"
    )
    perhaps: tuple[str, ...] = Field(
        (), description="The last of the themes, named only for the person who decides: to confirm leaves it out"
    )


class TriageDecision(Contract):
    """What triage decided of a report, without the quoted words, which stand in `personal.because`."""

    themes: tuple[str, ...] = ()
    lead_agency: str | None = None
    joint_leads: tuple[str, ...] = ()
    acting_lead: str | None = None
    act_first: tuple[str, ...] = ()
    disposition: Disposition
    risk: Risk = "standard"
    priority: int = Field(4, ge=1, le=4)
    due_at: datetime | None = None
    panels: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    confidence: float = Field(ge=0, le=1)
    rule_set: str
    rules: tuple[str, ...] = Field((), description="Ids of the rules that fired, in order")
    kind_of_case: str | None = Field(None, description="Plain words for the case's title, never a sensitive theme")
    destination: str | None = Field(None, description="Who it is for when it is not ours")
    review_reason: str | None = None
    thrive: Thrive | None = None
    entitlements: tuple[Entitlement, ...] = ()
    joins: str | None = Field(None, description="Reference of the case that a person joined it to")
    second_reading: SecondReading | None = Field(None, description="Where the tables were not sure and it was read")

    @property
    def settled_themes(self) -> tuple[str, ...]:
        """The themes without those that are named only for the person who decides."""
        perhaps = self.second_reading.perhaps if self.second_reading else ()
        return tuple(theme for theme in self.themes if theme not in perhaps)


class AnsweredSign(Contract):
    """A person's answer to a sign of harm of a report, given on its case: it is so, or it is not."""

    sign: str = Field(description="The flag that she answered, such as coercion")
    confirmed: bool = Field(description="True where it is so, false where she struck it out")
    by: Actor
    at: datetime


class EarlierDecision(Contract):
    """What was decided of the report before, so that the old lead can be told and a case can follow."""

    revision: int
    themes: tuple[str, ...] = ()
    lead_agency: str | None = None
    disposition: Disposition
    risk: Risk = "standard"
    priority: int | None = Field(None, ge=1, le=4)
    due_at: datetime | None = None


class CaseState(Contract):
    """A case as it stands after the event: what lists show and permissions need.

    `sequence` counts every event of the case; `version` moves only when something changes that a person can replace.
    """

    case_id: UUID
    reference: str
    title: str
    status: CaseStatus
    themes: tuple[str, ...]
    lead_agency: str | None = None
    joint_leads: tuple[str, ...] = ()
    acting_lead: str | None = None
    act_first: tuple[str, ...] = ()
    referred_to: tuple[str, ...] = Field((), description="Agencies and panels with an open or answered referral")
    owner: str | None = Field(None, description="Staff id, or nobody yet")
    owner_name: str | None = None
    risk: Risk
    priority: int
    marking: Marking = "OFFICIAL"
    opened_at: datetime
    due_at: datetime | None = None
    next_action: str
    next_action_by: str | None = None
    flags: tuple[str, ...] = ()
    unconfirmed: tuple[str, ...] = Field((), description="Of the flags, those that only the second reader read")
    struck: tuple[str, ...] = Field((), description="Flags that a person struck out, with a reason on the timeline")
    report_count: int
    street: str | None = None
    cell: str | None = None
    danger_unacknowledged: bool = False
    danger_since: datetime | None = None
    outcome: str | None = None
    closed_at: datetime | None = None
    followers: tuple[str, ...] = Field((), description="Agencies that keep sight of it after a merge or a split")
    merged_into: UUID | None = Field(None, description="The surviving case; this one is only its history")
    merged_into_reference: str | None = None
    open_tasks: int = 0
    sequence: int
    version: int


class NotificationState(Contract):
    """One message to one recipient; the address is never in an event."""

    notification_id: UUID
    about: str = Field(description="Reference of the report, case or referral")
    case_id: UUID | None = None
    recipient: str = Field(description="Role or staff id or agency code, never an address")
    channel: Literal["mail", "webhook"]
    template: str = Field(description="Name and version, such as case-opened@1")
    attempts: int
    status: Literal["created", "sending", "delivered", "temporary-failure", "permanent-failure", "technical-failure"]
