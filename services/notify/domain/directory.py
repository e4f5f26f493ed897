"""Turns the roles of a rule into recipients, by the partnership's files."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from schemas.events import ReferralState
from services.notify.domain.occasions import Occasion
from services.notify.domain.state import Webhook
from services.partnership.entries import Destination, Panel
from services.partnership.lookups import UnknownCode
from services.partnership.models import Partnership

OF_REFERRAL = (
    "panel",
    "panel-chair",
    "alternate-lead",
    "proposed-lead",
    "referrer",
    "approvers",
    "author",
    "lead-worker",
)


@dataclass(frozen=True, slots=True)
class Addressed:
    """A recipient: the code that events may carry, and the address that they may not."""

    code: str
    address: str
    secret: str | None = None
    own: str | None = None
    """The reference of her own report, of a reporter: the case's, and pages for staff, are not for her."""


class Directory:
    """Turns roles into recipients, by the partnership's files."""

    def __init__(self, partnership: Partnership, webhooks: Mapping[str, Webhook]) -> None:
        self._partnership, self._webhooks = partnership, webhooks

    def recipients(self, roles: Iterable[str], occasion: Occasion) -> list[Addressed]:
        """Everybody the roles mean, once each, without the person who did it.

        The duty manager stands in for whom the partnership's files no longer have: she finds the case another.
        """
        found: dict[str, Addressed] = {}
        for role in roles:
            for each in self._role_or_duty(role, occasion):
                found.setdefault(each.address, each)
        return [each for each in found.values() if each.code not in occasion.told]

    def _role_or_duty(self, role: str, occasion: Occasion) -> list[Addressed]:
        try:
            return self._role(role, occasion)
        except UnknownCode:
            return [self._duty_manager()]

    def _role(self, role: str, occasion: Occasion) -> list[Addressed]:
        agencies = {
            "lead": (occasion.lead,),
            "joint-leads": occasion.joint_leads,
            "acting-lead": (occasion.acting_lead,),
            "act-first": occasion.act_first,
            "new-act-first": occasion.new_act_first,
            "old-lead": occasion.old_leads,
            "asked": (occasion.asked,),
            "task-agency": (occasion.task_agency,),
        }
        if role in agencies:
            return [self._agency_or_panel(code) for code in agencies[role] if code]
        people = {
            "owner": occasion.owner,
            "duty-manager": occasion.duty_manager or self._partnership.identity.duty_manager,
        }
        if role in people:
            return self._person(people[role])
        if role == "duty-contact":
            return [Addressed(role, self._partnership.identity.duty_contact)]
        if role == "panel-members":
            return self._members(occasion.meeting_of)
        if role in OF_REFERRAL:
            return self._of_referral(role, occasion.referral)
        return self._outside(role, occasion)

    def _outside(self, role: str, occasion: Occasion) -> list[Addressed]:
        if role == "referral-systems":
            return self._listening(self._systems_of(occasion.referral))
        return self._reporters(occasion) if role == "reporter" else self._senders(occasion)

    def _agency_or_panel(self, code: str) -> Addressed:
        panels = {panel.code: panel.receives for panel in self._partnership.panels}
        try:
            agency = self._partnership.agency(panels.get(code, code))
        except UnknownCode:
            return self._duty_manager()
        return Addressed(code, agency.duty_address)

    def _person(self, staff_id: str | None) -> list[Addressed]:
        if staff_id is None:
            return []
        try:
            person = self._partnership.person(staff_id)
        except UnknownCode:
            return [self._duty_manager()]
        return [Addressed(person.id, person.address)]

    def _duty_manager(self) -> Addressed:
        person = self._partnership.person(self._partnership.identity.duty_manager)
        return Addressed(person.id, person.address)

    def _members(self, panel: str | None) -> list[Addressed]:
        """Each member agency's duty desk, and the staff who sit on the panel."""
        if panel is None:
            return []
        entry = self._partnership.panel(panel)
        agencies = [self._agency_or_panel(code) for code in dict.fromkeys((entry.receives, *entry.members))]
        staff = [Addressed(each.id, each.address) for each in self._partnership.staff if panel in each.panels]
        return [*agencies, *staff]

    def _of_referral(self, role: str, referral: ReferralState | None) -> list[Addressed]:
        if referral is None:
            return []
        agencies = {
            "proposed-lead": referral.proposed_next_lead,
            "referrer": referral.from_agency,
            "panel": referral.to_agency,
            "alternate-lead": self._alternate(referral),
        }
        if role in agencies:
            return [self._agency_or_panel(code) for code in (agencies[role],) if code]
        if role == "approvers":
            return self._approvers(referral)
        people = {"author": referral.author, "lead-worker": referral.plan.lead_worker if referral.plan else None}
        return self._person(people.get(role) if role in people else self._chair(referral))

    def _alternate(self, referral: ReferralState) -> str | None:
        route = self._partnership.route(str(referral.panel or referral.destination))
        return route.alternate_lead if isinstance(route, Panel | Destination) else None

    def _chair(self, referral: ReferralState) -> str | None:
        return self._partnership.panel(referral.panel).chair if referral.panel else None

    def _approvers(self, referral: ReferralState) -> list[Addressed]:
        """The supervisors of the sending agency, without who wrote it."""
        staff, wrote = self._partnership.staff_of(referral.from_agency or ""), (referral.author, *referral.edited_by)
        return [Addressed(p.id, p.address) for p in staff if "supervisor" in p.roles and p.id not in wrote]

    @staticmethod
    def _reporters(occasion: Occasion) -> list[Addressed]:
        told = [(each.reporter_address, each.reference) for each in occasion.reports]
        return [Addressed("reporter", address, own=reference) for address, reference in told if address]

    def _senders(self, occasion: Occasion) -> list[Addressed]:
        partners = {each.partner for each in occasion.reports if each.partner}
        return self._listening(partners | ({occasion.batch.partner} if occasion.batch else set()))

    def _systems_of(self, referral: ReferralState | None) -> set[str]:
        """The systems of the two agencies between whom it goes, or of the one to which it is still private, where their
        agreement names referrals."""
        if referral is None:
            return set()
        agencies = {referral.private_to} if referral.private_to else {referral.from_agency, referral.to_agency} - {None}
        partners = self._partnership.partners
        return {each.code for each in partners if each.agency in agencies and "referrals" in each.scopes}

    def _listening(self, partners: Iterable[str]) -> list[Addressed]:
        hooks = [self._webhooks[partner] for partner in sorted(partners) if partner in self._webhooks]
        return [Addressed(hook.partner, hook.url, hook.secret) for hook in hooks]
