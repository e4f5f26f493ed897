"""Referrals: sent, asked about, accepted, declined with the proposed next lead, concluded, withdrawn, escalated."""

from collections.abc import Callable, Mapping
from typing import Any

from schemas import casework
from schemas.codes import ReferralStatus
from schemas.events import (
    Actor,
    InformationRequested,
    ReferralAccepted,
    ReferralConcluded,
    ReferralDeclined,
    ReferralEscalated,
    ReferralSent,
    ReferralState,
    ReferralWithdrawn,
)
from schemas.personal import seal
from schemas.submission import Sent
from services.kernel.decision import NOTHING, CancelledTimer, Context, Decision, NewTimer
from services.kernel.references import reference
from services.partnership.entries import Clock, Destination, Panel
from services.partnership.models import Partnership, UnknownCode
from services.referrals.domain.change import Change
from services.referrals.domain.state import OPEN_REFERRAL, Case, Entry, Referral, Refused
from services.referrals.messages import Command, ReferralDue

TIMER = "referral-due"
HUB = Actor(kind="hub", id="referrals", name="The hub")
UNANSWERED = (ReferralStatus.SENT, ReferralStatus.INFORMATION_REQUESTED)

Handler = Callable[[Case, Referral, Command, Any, Context], Decision]


def _refused(code: str, message: str, case: Case, referral: Referral | None = None) -> Decision:
    return Decision(answer=Refused("refused", code, message, case, referral))


def _route(body: casework.Refer, partnership: Partnership) -> Panel | Destination:
    if body.panel is not None:
        return partnership.panel(body.panel)
    return partnership.destination(str(body.destination))


def _clock(route: Panel | Destination, risk: Any) -> Clock | None:
    return route.first_answer_for(risk) if isinstance(route, Panel) else route.first_answer


def refer(case: Case, command: Command, body: casework.Refer, context: Context) -> Decision:
    """Send the case to a panel; without consent, or an override with basis and name, it is refused."""
    partnership: Partnership = context.rules.partnership
    try:
        route = _route(body, partnership)
    except UnknownCode:
        return _refused("route-unknown", "There is no such panel or destination.", case)
    consent = body.consent
    if consent.status == "refused" or (consent.status == "overridden" and not (consent.basis and consent.by)):
        message = "A referral needs consent, or an override with its lawful basis and who decided it."
        return _refused("consent-missing", message, case)
    if route.code in case.state.referred_to and case.open_referrals:
        return _refused("already-referred", "The case is with this panel already.", case)
    clock = _clock(route, case.state.risk)
    due_at = partnership.due_at(context.now, clock) if clock else None
    referral_id = context.derive("referral")
    state = ReferralState(
        referral_id=referral_id,
        reference=reference("F", referral_id),
        case_id=case.state.case_id,
        case_reference=case.state.reference,
        panel=body.panel,
        destination=body.destination,
        to_agency=route.receives,
        status=ReferralStatus.SENT,
        sent_at=context.now,
        due_at=due_at,
        consent_status=consent.status,
        consent_basis=consent.basis,
        version=1,
    )
    start = Entry(at=context.now, event="start", due_at=due_at)
    made = Referral(state=state, clock=(start,), reason=body.reason, consent_by=consent.by)
    change = Change(case, command.by, context)
    if due_at is not None:
        change.arm(_timer(made, due_at))
    change.happens(
        ReferralSent,
        replaces=False,
        referral=made,
        personal=seal({"reason": body.reason}),
        referred_to=tuple(dict.fromkeys((*case.state.referred_to, route.code))),
    )
    return change.decision()


def _timer(referral: Referral, due_at: Any) -> NewTimer:
    state = referral.state
    due = ReferralDue(case_id=state.case_id, referral_id=state.referral_id)
    return NewTimer(TIMER, str(state.referral_id), due_at, due)


def _moved(referral: Referral, context: Context, entry: Entry | None = None, **updates: Any) -> Referral:
    state = referral.state.model_copy(update=updates | {"version": referral.state.version + 1})
    clock = (*referral.clock, entry) if entry else referral.clock
    return referral.model_copy(update={"state": state, "clock": clock})


def _stop(context: Context) -> Entry:
    return Entry(at=context.now, event="stop")


def accept(case: Case, referral: Referral, command: Command, body: casework.Accept, context: Context) -> Decision:
    """The panel takes it; its owner is the one named, else who accepts."""
    owner = body.owner or command.by.id
    try:
        name = context.rules.partnership.person(owner).name
    except UnknownCode:
        return _refused("owner-unknown", "There is nobody on the staff with this id.", case, referral)
    after = _moved(referral, context, _stop(context), status=ReferralStatus.ACCEPTED, owner=owner, owner_name=name)
    return _answered(case, after, command, ReferralAccepted, context, why=None)


def decline(case: Case, referral: Referral, command: Command, body: casework.Decline, context: Context) -> Decision:
    """A decline names its reason and who should lead instead."""
    if body.reason is None:
        return _refused("reason-missing", "A decline needs a reason.", case, referral)
    if body.next_lead is None:
        return _refused("next-lead-missing", "A decline names who should lead instead.", case, referral)
    try:
        lead = context.rules.partnership.agency(body.next_lead).code
    except UnknownCode:
        return _refused("next-lead-unknown", "There is no agency with this code.", case, referral)
    after = _moved(referral, context, _stop(context), status=ReferralStatus.DECLINED, proposed_next_lead=lead)
    return _answered(case, after, command, ReferralDeclined, context, why=body.reason)


def request_information(
    case: Case, referral: Referral, command: Command, body: casework.RequestInformation, context: Context
) -> Decision:
    """The answer clock pauses; the question has a clock of its own, so that silence on it escalates too."""
    partnership: Partnership = context.rules.partnership
    try:
        agency = partnership.agency(body.agency).code
    except UnknownCode:
        return _refused("agency-unknown", "There is no agency with this code.", case, referral)
    due_at = _fresh_due(case, referral, context)
    pause = Entry(at=context.now, event="pause", due_at=due_at)
    after = _moved(referral, context, pause, status=ReferralStatus.INFORMATION_REQUESTED, due_at=due_at)
    change = Change(case, command.by, context)
    if due_at is not None:
        change.arm(_timer(after, due_at))
    change.happens(
        InformationRequested,
        replaces=False,
        referral=after,
        changed={"asked": agency},
        personal=seal({"question": body.question}),
        act_first=tuple(dict.fromkeys((*case.state.act_first, agency))),
    )
    return change.decision()


def _fresh_due(case: Case, referral: Referral, context: Context) -> Any:
    partnership: Partnership = context.rules.partnership
    state = referral.state
    route = partnership.panel(state.panel) if state.panel else partnership.destination(str(state.destination))
    clock = _clock(route, case.state.risk)
    return partnership.due_at(context.now, clock) if clock else None


def conclude(case: Case, referral: Referral, command: Command, body: casework.Conclude, context: Context) -> Decision:
    """The work is done, with an outcome and its score."""
    if referral.state.status is not ReferralStatus.ACCEPTED:
        return _refused("referral-not-accepted", "Only an accepted referral is concluded.", case, referral)
    after = _moved(
        referral, context, _stop(context), status=ReferralStatus.CONCLUDED, outcome=body.outcome, score=body.score
    )
    return _answered(case, after, command, ReferralConcluded, context, why=None)


def withdraw(case: Case, referral: Referral, command: Command, body: casework.Withdraw, context: Context) -> Decision:
    """The sender takes it back, with a code of the list."""
    known = {reason.code for reason in context.rules.partnership.withdrawal_codes}
    if body.code not in known:
        return _refused("withdrawal-code-unknown", "The code is none of the partnership's list.", case, referral)
    after = _moved(referral, context, _stop(context), status=ReferralStatus.WITHDRAWN, outcome=body.code)
    return _answered(case, after, command, ReferralWithdrawn, context, why=body.reason)


def _answered(
    case: Case, after: Referral, command: Command, event: Any, context: Context, *, why: str | None
) -> Decision:
    change = Change(case, command.by, context)
    change.cancel(CancelledTimer(TIMER, str(after.state.referral_id)))
    personal = seal({"reason": why}) if why else None
    change.happens(event, replaces=False, referral=after, personal=personal)
    return change.decision()


ON_REFERRALS: Mapping[str, tuple[type[Sent], Handler]] = {
    "accept": (casework.Accept, accept),
    "decline": (casework.Decline, decline),
    "request-information": (casework.RequestInformation, request_information),
    "conclude": (casework.Conclude, conclude),
    "withdraw": (casework.Withdraw, withdraw),
}


def handle(case: Case, referral: Referral | None, command: Command, context: Context) -> Decision:
    """Check that the referral is there, open, and hers to answer, at the version she saw; then carry it out."""
    if referral is None or referral.state.case_id != case.state.case_id:
        return Decision(answer=Refused("not-found", "not-found", "There is no referral with this reference for you."))
    if command.version != referral.state.version:
        return Decision(
            answer=Refused("stale", "version-stale", "Somebody changed the referral meanwhile.", case, referral)
        )
    if referral.state.status not in OPEN_REFERRAL:
        return _refused("referral-answered", "The referral has ended.", case, referral)
    if not _hers(case, referral, command):
        message = "Only the panel answers a referral, and only the sender withdraws it."
        return Decision(answer=Refused("not-yours", "not-your-referral", message, case, referral))
    if command.name in ("accept", "decline") and referral.state.status not in UNANSWERED:
        return _refused("referral-answered", "The referral has been accepted.", case, referral)
    model, handler = ON_REFERRALS[command.name]
    return handler(case, referral, command, model.model_validate(command.body), context)


def _hers(case: Case, referral: Referral, command: Command) -> bool:
    if command.sees_all:
        return True
    state = referral.state
    if command.name == "withdraw":
        mine = {case.state.lead_agency, case.state.acting_lead, *case.state.joint_leads}
        return bool(set(command.agencies) & mine) or command.by.id == case.state.owner
    return bool(set(command.agencies) & {state.panel, state.destination, state.to_agency})


def due(case: Case | None, referral: Referral | None, context: Context) -> Decision:
    """Nobody answered by the due time: the alternate lead and the duty manager are told, and it stands before them."""
    if case is None or referral is None or referral.state.status not in UNANSWERED:
        return NOTHING
    partnership: Partnership = context.rules.partnership
    duty = partnership.panel(referral.state.panel).duty_manager if referral.state.panel else None
    before = duty or partnership.identity.duty_manager
    entry = Entry(at=context.now, event="escalate")
    after = _moved(referral, context, entry, escalated_to=before)
    change = Change(case, HUB, context)
    change.happens(ReferralEscalated, replaces=False, referral=after, why="Nobody answered by its due time")
    return change.decision()
