"""How a referral is answered and how it ends: taken, declined with the next lead, concluded, withdrawn, passed on."""

from typing import Any

from schemas import casework, referring
from schemas.events import ReferralAccepted, ReferralConcluded, ReferralDeclined, ReferralWithdrawn
from schemas.personal import seal
from schemas.referral_events import ReferralPassedOn
from services.kernel.decision import Context, Decision
from services.partnership.lookups import UnknownCode
from services.partnership.models import Partnership
from services.partnership.processes import Transition
from services.referrals.domain.asking import stage_after
from services.referrals.domain.change import Change
from services.referrals.domain.moving import moved, retimed, sees_too
from services.referrals.domain.routes import process_of, route_of
from services.referrals.domain.sending import passed_on, refused, send
from services.referrals.domain.standing import may_be_given
from services.referrals.domain.state import Case, Referral
from services.referrals.messages import Command


def _answered(
    case: Case,
    before: Referral,
    step: Transition,
    command: Command,
    event: Any,
    context: Context,
    *,
    why: str | None = None,
    more: dict[str, Any] | None = None,
    **updates: Any,
) -> Decision:
    process = process_of(context.rules.partnership, before.state)
    after = moved(before, context, stage_after(process, step), **updates)
    change = Change(case, command.by, context)
    retimed(change, before, after)
    change.happens(
        event, replaces=False, referral=after, personal=seal({"reason": why}) if why else None, **(more or {})
    )
    return change.decision()


def accept(
    case: Case, referral: Referral, step: Transition, command: Command, body: casework.Accept, context: Context
) -> Decision:
    """The panel takes it; its owner is the one named, who must be somebody who may see the case, else who accepts."""
    try:
        owner = context.rules.partnership.person(body.owner or command.by.id)
    except UnknownCode:
        return refused("owner-unknown", "There is nobody on the staff with this id.", case, referral)
    if body.owner is not None and not may_be_given(case, owner):
        return refused("owner-may-not-see", "This person's agency may not see the case.", case, referral)
    taken = {"owner": owner.id, "owner_name": owner.name, "accepted_at": context.now}
    return _answered(case, referral, step, command, ReferralAccepted, context, **taken)


def decline(
    case: Case, referral: Referral, step: Transition, command: Command, body: casework.Decline, context: Context
) -> Decision:
    """A decline names its reason and who should lead instead: that agency is told, or acts from now on."""
    if body.reason is None:
        return refused("reason-missing", "A decline needs a reason.", case, referral)
    if body.next_lead is None:
        return refused("next-lead-missing", "A decline names who should lead instead.", case, referral)
    partnership: Partnership = context.rules.partnership
    try:
        lead = partnership.agency(body.next_lead).code
    except UnknownCode:
        return refused("next-lead-unknown", "There is no agency with this code.", case, referral)
    more: dict[str, Any] = dict(sees_too(case, lead))
    if route_of(partnership, referral.state).on_decline == "acts":
        more |= {"acting_lead": lead, "changed": {"acting_lead": {"old": case.state.acting_lead, "new": lead}}}
    return _answered(
        case, referral, step, command, ReferralDeclined, context, why=body.reason, more=more, proposed_next_lead=lead
    )


def conclude(
    case: Case, referral: Referral, step: Transition, command: Command, body: casework.Conclude, context: Context
) -> Decision:
    """The work is done, with an outcome and its score."""
    return _answered(case, referral, step, command, ReferralConcluded, context, outcome=body.outcome, score=body.score)


def withdraw(
    case: Case, referral: Referral, step: Transition, command: Command, body: casework.Withdraw, context: Context
) -> Decision:
    """The sender takes it back, with a code of the list."""
    known = {reason.code for reason in context.rules.partnership.withdrawal_codes}
    if body.code not in known:
        return refused("withdrawal-code-unknown", "The code is none of the partnership's list.", case, referral)
    return _answered(case, referral, step, command, ReferralWithdrawn, context, why=body.reason, outcome=body.code)


def escalate(
    case: Case, referral: Referral, step: Transition, command: Command, body: referring.Escalate, context: Context
) -> Decision:
    """The panel passes it on to another one: this referral ends, and the other begins with its consent."""
    partnership: Partnership = context.rules.partnership
    try:
        panel = partnership.panel(body.panel)
    except UnknownCode:
        return refused("route-unknown", "There is no such panel.", case, referral)
    if case.is_with(panel.code):
        return refused("already-referred", "The case is with this panel already.", case, referral)
    onward = passed_on(case, referral, panel, body, context)
    if isinstance(onward, Decision):
        return onward
    change = Change(case, command.by, context)
    send(change, onward, panel, context)
    stage = stage_after(process_of(partnership, referral.state), step)
    after = moved(referral, context, stage, passed_to=onward.state.reference)
    retimed(change, referral, after)
    change.happens(ReferralPassedOn, replaces=False, referral=after, personal=seal({"reason": body.reason}))
    return change.decision()
