"""How a referral gets on its way: checked, to a supervisor where the route asks for it, sent, with one beside it."""

from datetime import timedelta
from typing import Any

from schemas import casework, referring
from schemas.codes import ReferralStatus
from schemas.events import ReferralSent, ReferralState
from schemas.personal import seal
from schemas.referral_events import ApprovalRequested, ReferralDrafted
from services.kernel.decision import CancelledTimer, Context, Decision, NewTimer
from services.kernel.references import reference
from services.partnership.entries import Panel, Route
from services.partnership.lookups import UnknownCode
from services.partnership.models import Partnership
from services.referrals.domain import clocks
from services.referrals.domain.change import Change
from services.referrals.domain.moving import retimed, sees_too
from services.referrals.domain.routes import (
    FieldsWrong,
    consent_missing,
    first_clock,
    gateway_of,
    process_of,
    sorted_fields,
)
from services.referrals.domain.state import Case, Referral, Refused
from services.referrals.messages import ApprovalDue, Command, DraftOld

DRAFT_TIMER, DRAFT_KEPT = "draft-old", "draft-referral"
APPROVAL_TIMER = "approval-due"
CHILD = "child"

Wanted = casework.Refer | referring.Draft


def refused(code: str, message: str, case: Case, referral: Referral | None = None) -> Decision:
    """Nothing changes, and this is why."""
    return Decision(answer=Refused("refused", code, message, case, referral))


def mistaken(found: FieldsWrong, case: Case, referral: Referral | None = None) -> Decision:
    """Nothing changes: these fields of the form do not do."""
    return Decision(answer=Refused("refused", found.code, found.message, case, referral, wrong=found.wrong))


def refer(case: Case, command: Command, body: casework.Refer, context: Context) -> Decision:
    """Send the case to a panel or destination, or to a supervisor first where the route asks for it."""
    found = checked(case, command, body, context)
    if isinstance(found, Decision):
        return found
    route, made = found
    return let_go(case, made, route, command, context)


def checked(case: Case, command: Command, body: Wanted, context: Context) -> tuple[Route, Referral] | Decision:
    """The referral as it would be sent, or the refusal."""
    partnership: Partnership = context.rules.partnership
    try:
        route = partnership.route(str(body.panel or body.destination))
        sorted_fields(route.form, body.fields)
    except UnknownCode:
        return refused("route-unknown", "There is no such panel or destination.", case)
    except FieldsWrong as found:
        return mistaken(found, case)
    under_18 = under_18_of(case, said=body.under_18)
    if message := consent_missing(route, body.consent, under_18=under_18):
        return refused("consent-missing", message, case)
    if route.referrers and command.by.agency not in route.referrers:
        return refused("not-a-referrer", "Only first responders may refer there. Tell the police or the council.", case)
    if case.is_with(route.code):
        return refused("already-referred", "The case is with this panel already.", case)
    return route, made_out(case, command, body, context, route)


def under_18_of(case: Case, *, said: bool | None) -> bool | None:
    """What the sender said, else what triage saw: a child who is present."""
    return True if said is None and CHILD in case.state.flags else said


def made_out(
    case: Case, command: Command, body: Wanted, context: Context, route: Route, kind: str = "referral"
) -> Referral:
    """The referral as its author's draft."""
    identity = context.derive(kind)
    declared = {field.code: field for field in route.form}
    facts = {code: value for code, value in body.fields.items() if code in declared and not declared[code].personal}
    state = ReferralState(
        referral_id=identity,
        reference=reference("F", identity),
        case_id=case.state.case_id,
        case_reference=case.state.reference,
        panel=body.panel,
        destination=body.destination,
        to_agency=gateway_of(route) or route.receives,
        status=ReferralStatus.DRAFT,
        stage=str(ReferralStatus.DRAFT),
        sent_at=context.now,
        consent_status=body.consent.status if body.consent else "not-asked",
        consent_basis=body.consent.basis if body.consent else None,
        private_to=command.by.agency or case.state.acting_lead,
        from_agency=command.by.agency or case.state.acting_lead,
        author=command.by.id,
        under_18=under_18_of(case, said=body.under_18),
        facts=facts,
        version=1,
    )
    personal = {code: str(value) for code, value in body.fields.items() if code in declared and code not in facts}
    consent_by = body.consent.by if body.consent else None
    return Referral(state=state, reason=body.reason or "", consent_by=consent_by, personal=personal)


def consent_of(referral: Referral) -> casework.Consent | None:
    """What was said of consent; None where nobody was asked."""
    status = referral.state.consent_status
    if status == "not-asked":
        return None
    return casework.Consent(status=status, basis=referral.state.consent_basis, by=referral.consent_by)


def words_of(referral: Referral) -> Any:
    return seal({"reason": referral.reason} | ({"fields": referral.personal} if referral.personal else {}))


def let_go(case: Case, made: Referral, route: Route, command: Command, context: Context) -> Decision:
    """To a supervisor first, or on its way."""
    change = Change(case, command.by, context)
    change.cancel(CancelledTimer(DRAFT_TIMER, str(made.state.referral_id)))
    if route.approval == "supervisor":
        waits = {"status": ReferralStatus.AWAITING_APPROVAL, "stage": str(ReferralStatus.AWAITING_APPROVAL)}
        waiting = made.model_copy(update={"state": made.state.model_copy(update=waits)})
        change.arm(approval_timer(waiting, context, late=False))
        change.happens(ApprovalRequested, replaces=False, referral=waiting, personal=words_of(made))
    else:
        send(change, made, route, context)
    return change.decision()


def send(change: Change, made: Referral, route: Route, context: Context, **updates: Any) -> None:
    """It is on its way: its clock runs, and where the route says so another one is opened or drafted beside it.

    Whether the person is a child goes by what is known now: a draft may have waited while triage saw one.
    """
    under_18 = under_18_of(change.case, said=made.state.under_18)
    made = made.model_copy(update={"state": made.state.model_copy(update={"under_18": under_18})})
    beside = _beside(change.case, made, route, context)
    if beside is not None:
        updates["beside"] = beside.state.reference
        _stands_beside(change, beside, route, context)
    _sent(change, made, route, context, **updates)


def _stands_beside(change: Change, beside: Referral, route: Route, context: Context) -> None:
    why = f"Beside the referral to {route.short_name}: the person is under 18"
    if route.beside is not None and route.beside.how == "asked-for":
        keep_draft(change, beside, context, why)
    else:
        other = context.rules.partnership.route(str(beside.state.panel))
        _sent(change, beside, other, context, why=why)


def approval_timer(referral: Referral, context: Context, *, late: bool) -> NewTimer:
    """When a supervisor who lets it wait is reminded, or the duty manager told, by the process's `second_silence`."""
    partnership: Partnership = context.rules.partnership
    due_at = partnership.due_at(context.now, process_of(partnership, referral.state).second_silence)
    payload = ApprovalDue(case_id=referral.state.case_id, referral_id=referral.state.referral_id, late=late)
    return NewTimer(APPROVAL_TIMER, str(referral.state.referral_id), due_at, payload)


def draft_timer(referral: Referral, context: Context) -> NewTimer:
    """When a draft that nobody sends goes."""
    days = context.rules.partnership.threshold(DRAFT_KEPT).value
    payload = DraftOld(case_id=referral.state.case_id, referral_id=referral.state.referral_id)
    return NewTimer(DRAFT_TIMER, str(referral.state.referral_id), context.now + timedelta(days=days), payload)


def keep_draft(change: Change, made: Referral, context: Context, why: str | None = None) -> None:
    """A referral that only its author's agency knows of, until it is sent or grows too old."""
    change.arm(draft_timer(made, context))
    change.happens(ReferralDrafted, replaces=False, why=why, referral=made, personal=words_of(made))


def _sent(
    change: Change, made: Referral, route: Route, context: Context, why: str | None = None, **updates: Any
) -> None:
    partnership: Partnership = context.rules.partnership
    first = process_of(partnership, made.state).first
    clock = first_clock(route, change.case.state.risk)
    ledger = clocks.start(context.now, clock, partnership.working_time)
    on_its_way = {
        "status": first.status,
        "stage": first.code,
        "sent_at": context.now,
        "clock": ledger,
        "due_at": ledger[-1].due_at,
        "private_to": None,
    }
    sent = made.model_copy(update={"state": made.state.model_copy(update=on_its_way | updates)})
    retimed(change, None, sent)
    change.happens(
        ReferralSent,
        replaces=False,
        why=why,
        referral=sent,
        personal=words_of(sent),
        **sees_too(change.case, gateway_of(route) or route.code),
    )


def _beside(case: Case, made: Referral, route: Route, context: Context) -> Referral | None:
    """For an under-18: the safeguarding referral that stands beside this one, unless one is there already."""
    beside = route.beside
    if beside is None or not made.state.under_18 or case.is_with(beside.panel):
        return None
    other = context.rules.partnership.route(beside.panel)
    identity = context.derive("referral-beside")
    state = made.state.model_copy(
        update={
            "referral_id": identity,
            "reference": reference("F", identity),
            "panel": beside.panel,
            "destination": None,
            "to_agency": other.receives,
            "beside": made.state.reference,
            "private_to": made.state.private_to or made.state.from_agency,
            "status": ReferralStatus.DRAFT,
            "stage": str(ReferralStatus.DRAFT),
            "version": 1,
            "facts": {},
        }
    )
    return made.model_copy(update={"state": state, "personal": {}})


def passed_on(
    case: Case, referral: Referral, route: Panel, body: referring.Escalate, context: Context
) -> Referral | Decision:
    """The same referral, made out to another panel, or the refusal where that one asks for more consent."""
    under_18 = under_18_of(case, said=referral.state.under_18)
    consent = body.consent or consent_of(referral)
    if message := consent_missing(route, consent, under_18=under_18):
        return refused("consent-missing", message, case, referral)
    identity = context.derive("referral-passed-on")
    state = ReferralState(
        referral_id=identity,
        reference=reference("F", identity),
        case_id=case.state.case_id,
        case_reference=case.state.reference,
        panel=route.code,
        to_agency=route.receives,
        status=ReferralStatus.DRAFT,
        sent_at=context.now,
        consent_status=consent.status if consent else "not-asked",
        consent_basis=consent.basis if consent else None,
        from_agency=referral.state.from_agency,
        author=referral.state.author,
        under_18=under_18,
        version=1,
    )
    return Referral(state=state, reason=body.reason, consent_by=consent.by if consent else None)
