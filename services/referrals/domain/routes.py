"""What the partnership's files say of a referral's way: route, process, clocks, consent, and what a form needs."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from schemas.casework import Consent
from schemas.codes import ReferralStatus, Risk
from schemas.events import ReferralState
from services.partnership.entries import Destination, Panel, Route
from services.partnership.models import Partnership
from services.partnership.process_rules import AGENCY
from services.partnership.processes import FormField, Process, Stage
from services.partnership.values import Clock


@dataclass(frozen=True, slots=True)
class FieldWrong(Exception):
    """A form's value that does not do: a stable code, and what to do in plain words, never the value."""

    code: str
    message: str


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
    """The given values as plain facts and as personal ones. Raises `FieldWrong`."""
    fields = {field.code: field for field in asked}
    for code in given:
        if code not in fields:
            raise FieldWrong("field-unknown", f"The form has no field {code}.")
    for field in fields.values():
        if field.required and given.get(field.code) in (None, ""):
            raise FieldWrong("field-missing", f"The form needs {field.code}: {field.name}.")
        if field.code in given:
            _checked(field, given[field.code])
    facts = {code: value for code, value in given.items() if not fields[code].personal}
    return facts, {code: value for code, value in given.items() if fields[code].personal}


def _checked(field: FormField, value: Any) -> None:
    if not _IS[field.kind](field, value):
        raise FieldWrong("field-wrong", f"The field {field.code} takes {_TAKES[field.kind]}.")


def _is_number(field: FormField, value: Any) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    low = field.lowest if field.lowest is not None else value
    return low <= value <= (field.highest if field.highest is not None else value)


def _is_date(_: FormField, value: Any) -> bool:
    try:
        date.fromisoformat(str(value))
    except ValueError:
        return False
    return isinstance(value, str)


_IS = {
    "text": lambda _, value: isinstance(value, str),
    "choice": lambda field, value: value in {choice.code for choice in field.choices},
    "number": _is_number,
    "yes-no": lambda _, value: isinstance(value, bool),
    "date": _is_date,
}
_TAKES = {
    "text": "words",
    "choice": "one of its choices",
    "number": "a number within its bounds",
    "yes-no": "true or false",
    "date": "a date such as 2026-03-02",
}
PRIVATE = (ReferralStatus.DRAFT, ReferralStatus.AWAITING_APPROVAL)
"""Before it is sent only the author's agency knows of it."""
ENDED = (ReferralStatus.CONCLUDED, ReferralStatus.DECLINED, ReferralStatus.WITHDRAWN, ReferralStatus.ESCALATED)
UNANSWERED = (ReferralStatus.SENT, ReferralStatus.INFORMATION_REQUESTED)
