"""Cases and referrals as they are kept, who may see them, and what a command is answered."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from schemas.codes import ReferralStatus
from schemas.events import CaseEvent, CaseState, ReferralState
from schemas.referral_facts import LadderStep, SupportOffer
from services.partnership.models import Partnership


class Kept(BaseModel):
    """State that is replaced, never changed."""

    model_config = ConfigDict(frozen=True)


class Case(Kept):
    """A case: what its events show, and what only this service needs."""

    state: CaseState
    kind: str
    suggested: tuple[str, ...] = ()
    intelligence: bool = False
    visible_to: tuple[str, ...] = ()
    graded: bool = False
    """Whether a person graded its risk: then only a person lowers it."""
    under_way: dict[UUID, str] = {}
    """Its open referrals, and the panel or destination of each; who was referred to once may see it ever after."""
    awaiting: dict[UUID, str] = {}
    """The same of its referrals that wait for a supervisor."""
    open_proposals: int = 0
    next_task: str | None = None
    """What the next open task asks for, in words without any name."""
    ladder: tuple[LadderStep, ...] = ()
    """Steps that were taken, and their breaches, oldest first."""
    support: tuple[SupportOffer, ...] = ()

    @property
    def pending(self) -> str | None:
        """What a proposal or a task asks for before anything else."""
        return "Decide whether it belongs to another case" if self.open_proposals else self.next_task

    def is_with(self, route: str) -> bool:
        """Whether an open referral is on its way to the panel or destination, or before it."""
        return route in self.under_way.values()


class Referral(Kept):
    """A referral, with what only this service needs of it."""

    state: ReferralState
    reason: str = ""
    consent_by: str | None = None
    personal: dict[str, str] = {}
    """The route's own fields that may say who it is about."""

    @property
    def route(self) -> str:
        """The panel or destination that it is for."""
        return str(self.state.panel or self.state.destination)


class Happened(Kept):
    """An event of a case's history, as it is appended."""

    event_id: UUID
    type: str
    event: CaseEvent


@dataclass(frozen=True, slots=True)
class Rules:
    """What decisions here go by."""

    partnership: Partnership


@dataclass(frozen=True, slots=True)
class Done:
    """The command was carried out: the case, and the referral it was about, as they now stand."""

    case: Case
    referral: Referral | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """The command was not carried out; nothing changed."""

    kind: Literal["stale", "refused", "not-found", "not-yours"]
    code: str
    message: str
    case: Case | None = None
    referral: Referral | None = None
    unmet: tuple[Any, ...] = ()
    """Of a step of the ladder: the preconditions that do not hold."""
    instead: Any = None
    """Of a step that the law refused: what can be done in its place (`safeguarding.Instead`)."""
    wrong: tuple[Any, ...] = ()
    """Of a form: each field that does not do (`routes.WrongField`)."""


MARKED = "OFFICIAL-SENSITIVE"
"""The marking of a case of a sensitive theme or of high risk; nothing lowers it."""
OPEN_REFERRAL = (
    ReferralStatus.SENT,
    ReferralStatus.INFORMATION_REQUESTED,
    ReferralStatus.ACCEPTED,
    ReferralStatus.SCHEDULED,
    ReferralStatus.DISCUSSED,
    ReferralStatus.IN_PROGRESS,
)


def case_key(case_id: Any) -> str:
    """The state key of a case."""
    return f"case:{case_id}"


def case_of(state: Mapping[str, Any], case_id: Any) -> Case | None:
    """The case; of a merged one, the case that it went into."""
    case: Case | None = state.get(case_key(case_id))
    while case is not None and case.state.merged_into is not None:
        case = state.get(case_key(case.state.merged_into))
    return case


def referral_key(referral_id: Any) -> str:
    """The state key of a referral."""
    return f"referral:{referral_id}"


def referrals_key(case_id: Any) -> str:
    """The state key of all referrals of a case."""
    return f"referrals:{case_id}"


def link_key(report_id: Any) -> str:
    """The state key of a report's place in a case."""
    return f"link:{report_id}"


def visible_to(state: CaseState, partnership: Partnership) -> tuple[str, ...]:
    """Who may see a case: who leads, acts, acts first, or is referred to; a panel is seen by whose desk it comes to."""
    panels = {panel.code: panel.receives for panel in partnership.panels}
    destinations = {each.code: each.receives for each in partnership.destinations}
    named = {state.lead_agency, *state.joint_leads, state.acting_lead, *state.act_first, *state.referred_to}
    named |= set(state.followers)
    found = {code for code in named if code}
    desks = {panels.get(code) or destinations.get(code) for code in state.referred_to}
    return tuple(sorted(found | {desk for desk in desks if desk}))
