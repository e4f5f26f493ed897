"""Who may take a step of a referral: whose desk it is on, who sent it, who was asked, who is qualified."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from schemas.events import Actor
from services.partnership.entries import Panel
from services.partnership.models import Partnership
from services.partnership.people import Person
from services.partnership.processes import Transition, Who
from services.referrals.domain import asking
from services.referrals.domain.ladder_guard import person_of
from services.referrals.domain.routes import alternate_lead, gateway_of, route_of
from services.referrals.domain.state import Case, Referral


class Asker(Protocol):
    """Who asks, for which agencies and panels, and whether every agency's cases are hers to work on."""

    @property
    def by(self) -> Actor:
        """Who."""

    @property
    def agencies(self) -> tuple[str, ...]:
        """For whom."""

    @property
    def sees_all(self) -> bool:
        """Of all agencies."""


@dataclass(frozen=True, slots=True)
class Looking:
    """Somebody who looks at a referral and has asked for nothing yet."""

    by: Actor
    agencies: tuple[str, ...]
    sees_all: bool


def may(step: Transition, case: Case, referral: Referral, asker: Asker, partnership: Partnership) -> bool:
    """Whether the step is for one of those whom the asker is."""
    return asker.sees_all or any(_is(who, case, referral, asker, partnership) for who in step.by)


def _is(who: Who, case: Case, referral: Referral, asker: Asker, partnership: Partnership) -> bool:
    state = referral.state
    if who == "owner":
        return asker.by.id in (state.owner, state.plan.lead_worker if state.plan else None)
    if who == "supervisor":
        return supervises(referral, asker, partnership)
    if who == "chair":
        route = route_of(partnership, state)
        return isinstance(route, Panel) and route.chair == asker.by.id
    if who == "sender" and asker.by.id == case.state.owner:
        return True
    return bool(set(asker.agencies) & set(_agencies(who, case, referral, partnership)))


def _agencies(who: Who, case: Case, referral: Referral, partnership: Partnership) -> Iterator[str | None]:
    state = referral.state
    if who == "panel":
        yield from (state.panel, state.destination, state.to_agency)
        if state.escalated_to is not None:
            yield alternate_lead(route_of(partnership, state))
    elif who == "gateway":
        yield gateway_of(route_of(partnership, state))
    elif who == "sender":
        yield from (case.state.lead_agency, case.state.acting_lead, *case.state.joint_leads, state.from_agency)
    elif who == "asked":
        yield from (each.agency for each in asking.unanswered(referral))


def qualified(step: Transition, asker: Asker, partnership: Partnership) -> bool:
    """Whether the asker has the qualification that the step asks for, where it asks for one."""
    if step.qualification is None:
        return True
    found = person_of(partnership, asker.by.id)
    return found is not None and step.qualification in found.qualifications


def may_be_given(case: Case, person: Person) -> bool:
    """Whether the case may be hers to work on: she works with cases, and an agency or panel of hers sees this one."""
    seen = person.sees == "all-agencies" or bool({person.agency, *person.panels} & set(case.visible_to))
    return seen and person.sees != "no-cases"


def supervises(referral: Referral, asker: Asker, partnership: Partnership) -> bool:
    """Whether she is a supervisor of the sending agency who wrote nothing of it."""
    found, state = person_of(partnership, asker.by.id), referral.state
    return (
        found is not None
        and "supervisor" in found.roles
        and found.agency == state.from_agency
        and found.id not in (state.author, *state.edited_by)
    )
