"""The entries that act on a report: who is told what, who may see which part, and the messages themselves."""

from typing import Literal

from pydantic import Field

from schemas.codes import Channel, Disposition, Risk
from services.partnership.entries import Code, Entry, Value

Recipient = Literal[
    "lead",
    "joint-leads",
    "acting-lead",
    "act-first",
    "new-act-first",
    "old-lead",
    "owner",
    "task-agency",
    "panel",
    "panel-chair",
    "panel-members",
    "alternate-lead",
    "asked",
    "proposed-lead",
    "referrer",
    "approvers",
    "author",
    "lead-worker",
    "duty-manager",
    "duty-contact",
    "sender",
    "referral-systems",
    "reporter",
]
"""A role that notify resolves to addresses: `reporter` only where a safe channel is known and updates were wanted;
`sender` and `referral-systems` are partners' systems, by webhook."""

Part = Literal["names", "contact", "date-of-birth", "text", "exact-place", "attributes"]
"""A sub-document of a report's personal part."""


class When(Value):
    """Conditions on an event; every one that is given must hold, and an empty `When` always holds."""

    risk: tuple[Risk, ...] = ()
    flags_any: tuple[str, ...] = ()
    dispositions: tuple[Disposition, ...] = ()
    channels: tuple[Channel, ...] = ()
    danger_now: bool | None = None
    wants_updates: bool | None = None
    has_act_first: bool | None = None
    lead_changed: bool | None = None
    risk_rose: bool | None = None
    """Of ReportJoined and ReportCorrected: whether the case is graver than before."""
    passed_on: bool | None = None
    """Of ReferralAdvanced: whether it is on another agency's desk now."""
    given_up: tuple[str, ...] = ()
    """Of NotificationFailed: the templates of which a mail or webhook that was given up is told."""
    silence: tuple[Literal["alternate-lead", "duty-manager", "information", "approvers"], ...] = ()
    """Of ReferralEscalated: whose turn it is now, or that a question or a request for approval was not answered."""


class NotificationRule(Entry):
    """On `event`, when `when` holds, `to` are told with `template` by `channel`. Historic reports tell nobody."""

    id: str
    event: str = Field(description="Type of an event on the hub's topics, such as CaseOpened")
    when: When = When()
    to: tuple[Recipient, ...] = Field(min_length=1)
    template: str = Field(description="Name and version, such as case-opened@1")
    channel: Literal["mail", "webhook"] = "mail"


class Template(Value):
    """A message's words; `{reference}`, `{link}` and `{partnership}` are all that it can carry."""

    id: str = Field(description="Name and version, such as case-opened@1")
    subject: str
    body: str

    def render(self, *, reference: str, link: str, partnership: str) -> tuple[str, str]:
        """Subject and body with the placeholders filled in."""
        values = {"reference": reference, "link": link, "partnership": partnership}
        return self.subject.format_map(values), self.body.format_map(values)


class SharingRule(Entry):
    """What `agency` sees of a case that is its own to see; what is not named is withheld (default deny)."""

    agency: Code
    parts: tuple[Part, ...] = ()
    themes: tuple[Code, ...] = Field((), description="Empty: themes that the agency leads, acts on or is referred to")
    sensitive_parts: tuple[Part, ...] = Field((), description="What it sees where the theme is sensitive")
    intelligence: bool = False
    basis: str = Field(description="The lawful basis that a disclosure under the rule names")
    purpose: str
