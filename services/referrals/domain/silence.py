"""What silence does: the alternate lead is told, then the duty manager; nothing is ever without somebody before it."""

from typing import Any

from schemas.codes import ReferralStatus
from schemas.events import Actor, ReferralEscalated
from schemas.referral_events import PlanReviewOverdue
from services.kernel.decision import NOTHING, Context, Decision
from services.partnership.models import Partnership
from services.referrals.domain import clocks, drafting
from services.referrals.domain.asking import told_again, unanswered
from services.referrals.domain.change import Change
from services.referrals.domain.moving import answer_timer, moved, sees_too
from services.referrals.domain.routes import alternate_lead, duty_manager, process_of, route_of
from services.referrals.domain.sending import approval_timer
from services.referrals.domain.state import OPEN_REFERRAL, Case, Referral
from services.referrals.messages import ApprovalDue, DraftOld, InformationDue, ReferralDue, ReviewDue

HUB = Actor(kind="hub", id="referrals", name="The hub")
Due = ReferralDue | InformationDue | ReviewDue | DraftOld | ApprovalDue


def due(case: Case | None, referral: Referral | None, body: Due, context: Context) -> Decision:
    """A timer of the referral is due; nothing becomes of it where the referral has moved on meanwhile."""
    if case is None or referral is None:
        return NOTHING
    if isinstance(body, DraftOld):
        waits = referral.state.status == ReferralStatus.DRAFT
        return drafting.dropped(case, referral, HUB, context, "Not sent for too long") if waits else NOTHING
    if isinstance(body, ApprovalDue):
        return _unapproved(case, referral, body, context)
    if referral.state.status not in OPEN_REFERRAL:
        return NOTHING
    if isinstance(body, InformationDue):
        return _unanswered_question(case, referral, body, context)
    return _unreviewed(case, referral, context) if isinstance(body, ReviewDue) else _unanswered(case, referral, context)


def _unapproved(case: Case, referral: Referral, body: ApprovalDue, context: Context) -> Decision:
    """The first time its supervisors are reminded, then the duty manager is told that it waits; it moves by neither."""
    if referral.state.status is not ReferralStatus.AWAITING_APPROVAL:
        return NOTHING
    change = Change(case, HUB, context)
    if not body.late:
        change.arm(approval_timer(referral, context, late=True))
    why = "No supervisor has answered whether it may be sent"
    changed = {"step": "duty-manager" if body.late else "approvers"}
    change.happens(ReferralEscalated, replaces=False, referral=referral, why=why, changed=changed)
    return change.decision()


def _unanswered(case: Case, referral: Referral, context: Context) -> Decision:
    """The first time before the alternate lead, who has a further time; then before the duty manager."""
    partnership: Partnership = context.rules.partnership
    if referral.state.clock and clocks.falls_due(referral.state.clock, partnership.working_time) is None:
        return NOTHING
    route = route_of(partnership, referral.state)
    duty, alternate = duty_manager(partnership, route), alternate_lead(route)
    if referral.state.escalated_to == duty:
        return NOTHING
    first = referral.state.escalated_to is None and alternate is not None
    before = alternate if first and alternate else duty
    ledger = referral.state.clock
    if ledger:
        ledger = clocks.escalate(ledger, context.now, partnership.working_time)
    after = moved(referral, context, clock=ledger, escalated_to=before)
    change = Change(case, HUB, context)
    if first:
        clock = process_of(partnership, referral.state).second_silence
        change.arm(answer_timer(after, partnership.due_at(context.now, clock)))
    change.happens(
        ReferralEscalated,
        replaces=False,
        referral=after,
        why="Nobody answered by its due time",
        changed={"before": before, "step": "alternate-lead" if first else "duty-manager"},
        **(sees_too(case, alternate) if first else {}),
    )
    return change.decision()


def _unanswered_question(case: Case, referral: Referral, body: InformationDue, context: Context) -> Decision:
    asked = next((each for each in unanswered(referral) if each.request_id == body.request_id), None)
    if asked is None or asked.escalated_at is not None:
        return NOTHING
    after = told_again(referral, asked, context)
    change = Change(case, HUB, context)
    changed: dict[str, Any] = {"asked": asked.agency, "request": str(asked.request_id), "step": "information"}
    why = "An agency that was asked did not answer by its due time"
    change.happens(ReferralEscalated, replaces=False, referral=after, why=why, changed=changed)
    return change.decision()


def _unreviewed(case: Case, referral: Referral, context: Context) -> Decision:
    if referral.state.plan is None:
        return NOTHING
    change = Change(case, HUB, context)
    why = "The plan was not reviewed by its day"
    change.happens(PlanReviewOverdue, replaces=False, referral=moved(referral, context), why=why)
    return change.decision()
