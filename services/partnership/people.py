"""Staff, the organisations that send reports, and the keys of a demonstration."""

from typing import Literal

from pydantic import Field

from schemas.codes import Channel
from services.partnership.ladder import GrantedPower
from services.partnership.values import WINDOW_DAYS_AT_MOST, Address, Code, Entry


class Person(Entry):
    """A member of staff; in this release only the invented ones of a demonstration."""

    id: str
    name: str
    agency: Code
    job: str
    roles: tuple[
        Literal[
            "caseworker",
            "supervisor",
            "duty-manager",
            "panel-chair",
            "call-taker",
            "accredited-officer",
            "executive",
            "operations",
            "analyst",
        ],
        ...,
    ]
    teams: tuple[str, ...] = ()
    panels: tuple[Code, ...] = ()
    clearances: tuple[Literal["official-sensitive", "children", "domestic-abuse", "intelligence"], ...] = ()
    sees: Literal["own-agency", "all-agencies", "no-cases"] = "own-agency"
    rank: str | None = Field(None, description="Where the law asks for one: sergeant, inspector, superintendent, …")
    qualifications: tuple[str, ...] = Field((), description="Such as social-work, which a MASH rating asks for")
    powers: tuple[GrantedPower, ...] = ()
    address: Address


class Partner(Entry):
    """An organisation that sends reports; `feed` is the name behind `feed-` of its own Kafka topic, if it has one."""

    code: Code
    name: str
    agency: Code | None = Field(None, description="The hub's agency that it belongs to, if any")
    channel: Channel
    scopes: tuple[Literal["reports", "batches", "calls", "open311", "decisions", "referrals"], ...]
    """`referrals`: its system is told, by webhook, of the referrals that its agency sends and gets."""
    formats: tuple[Literal["hub", "police-street", "police-outcomes"], ...] = ("hub",)
    feed: str | None = None
    intelligence: bool = Field(False, description="May send reports of kind intelligence")
    silent_after_hours: int | None = Field(
        None, ge=0, le=WINDOW_DAYS_AT_MOST * 24, description="Nothing heard for so long makes the feed unwell"
    )


class DemonstrationKey(Entry):
    """A key that works in a demonstration only: it acts for a partner, or as a person."""

    key: str
    partner: Code | None = None
    person: str | None = None
    scopes: tuple[Literal["reports", "batches", "calls", "open311", "decisions", "cases", "operations"], ...]
