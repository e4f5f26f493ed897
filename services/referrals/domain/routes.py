"""What the partnership's files say of a referral's way: route, process, clocks, consent, and what a form needs."""

from collections.abc import Iterable, Mapping
from typing import Any

from schemas.casework import Consent
from schemas.codes import ReferralStatus, Risk
from schemas.events import ReferralState
from services.partnership.entries import Destination, Panel, Route
from services.partnership.form_fields import WrongField, wrong_fields
from services.partnership.models import Partnership
from services.partnership.process_rules import AGENCY
from services.partnership.processes import FormField, Process, Stage
from services.partnership.values import Clock


class FieldsWrong(Exception):
    """A form's values that do not do, every one of them, in the order of the form."""

    def __init__(self, wrong: tuple[WrongField, ...]) -> None:
        super().__init__(wrong[0].code)
        self.wrong, self.code = wrong, wrong[0].code

    @property
    def message(self) -> str:
        """All of it in one piece, for who reads no list."""
        return " ".join(each.message for each in self.wrong)


def route_of(partnership: Partnership, state: ReferralState) -> Route:
    """The panel or destination that the referral went to."""
    return partnership.route(str(state.panel or state.destination))


def process_of(partnership: Partnership, state: ReferralState) -> Process:
    """The process of the referral's route."""
    return partnership.process(route_of(partnership, state).process)


def stage_of(process: Process, state: ReferralState) -> Stage:
    """Where the referral stands; one that was sent before stages were kept stands where its status says."""
    if state.stage is not None:
        return process.stage(state.stage)
    return next((stage for stage in process.stages if stage.status is state.status), process.first)


def first_clock(route: Route, risk: Risk) -> Clock:
    """The clock of the first answer."""
    return route.first_answer_for(risk) if isinstance(route, Panel) else route.first_answer


def hours_of(partnership: Partnership, clock: Clock, agency: str) -> Clock:
    """The clock in the agency's own hours where it says so."""
    return clock.model_copy(update={"calendar": partnership.agency(agency).calendar}) if _own(clock) else clock


def _own(clock: Clock) -> bool:
    return clock.calendar == AGENCY


def duty_manager(partnership: Partnership, route: Route) -> str:
    """Who all silence on the route ends before."""
    return route.duty_manager if isinstance(route, Panel) else partnership.identity.duty_manager


def alternate_lead(route: Route) -> str | None:
    """Who may answer too once the first silence is over, where the route names one."""
    return route.alternate_lead if isinstance(route, Panel | Destination) else None


def gateway_of(route: Route) -> str | None:
    """The agency that sees a referral on this route first, where it names one."""
    return route.gateway if isinstance(route, Destination) else None


def consent_missing(route: Route, consent: Consent | None, *, under_18: bool | None) -> str | None:
    """What is missing of the consent that the route asks for; None when it may go."""
    if route.consent == "not-required" or (route.consent == "adults-only" and under_18):
        return None
    if consent is not None and consent.status == "given":
        return None
    if consent is not None and consent.status == "overridden" and consent.basis and consent.by:
        return None
    message = "A referral needs consent, or an override with its lawful basis and who decided it."
    return message + (" Say under_18 if the person is a child." if route.consent == "adults-only" else "")


def sorted_fields(asked: Iterable[FormField], given: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The given values as plain facts and as personal ones. Raises `FieldsWrong` with each one that does not do."""
    fields = {field.code: field for field in asked}
    if wrong := wrong_fields(fields.values(), given):
        raise FieldsWrong(wrong)
    facts = {code: value for code, value in given.items() if not fields[code].personal}
    return facts, {code: value for code, value in given.items() if fields[code].personal}


PRIVATE = (ReferralStatus.DRAFT, ReferralStatus.AWAITING_APPROVAL)
"""Before it is sent only the author's agency knows of it."""
ENDED = (ReferralStatus.CONCLUDED, ReferralStatus.DECLINED, ReferralStatus.WITHDRAWN, ReferralStatus.ESCALATED)
UNANSWERED = (ReferralStatus.SENT, ReferralStatus.INFORMATION_REQUESTED)
