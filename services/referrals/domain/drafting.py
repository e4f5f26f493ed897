"""What becomes of a referral before it is sent: drafted, changed, discarded, approved or refused by a supervisor."""

from collections.abc import Mapping
from typing import Any

from schemas import referring
from schemas.codes import ReferralStatus
from schemas.personal import seal
from schemas.referral_events import ApprovalRefused, ReferralApproved, ReferralDraftDropped
from services.kernel.decision import CancelledTimer, Context, Decision
from services.partnership.lookups import UnknownCode
from services.referrals.domain.change import Change
from services.referrals.domain.sending import (
    APPROVAL_TIMER,
    DRAFT_TIMER,
    checked,
    consent_of,
    draft_timer,
    keep_draft,
    let_go,
    made_out,
    refused,
    send,
)
from services.referrals.domain.state import Case, Referral
from services.referrals.messages import Command

KEPT = ("referral_id", "reference", "author", "from_agency", "beside")
"""What of a draft stands whatever is changed in it."""


def draft(case: Case, command: Command, body: referring.Draft, context: Context) -> Decision:
    """Keep what is known of a referral so far, for the author's agency alone."""
    try:
        route = context.rules.partnership.route(str(body.panel or body.destination))
    except UnknownCode:
        return refused("route-unknown", "There is no such panel or destination.", case)
    made = made_out(case, command, body, context, route)
    return _drafted(case, made, command, context)


def _drafted(case: Case, made: Referral, command: Command, context: Context) -> Decision:
    change = Change(case, command.by, context)
    keep_draft(change, made, context)
    return change.decision()


def edit(case: Case, referral: Referral, command: Command, body: referring.Draft, context: Context) -> Decision:
    """The draft as it is now; its 90 days begin again."""
    try:
        route = context.rules.partnership.route(str(body.panel or body.destination))
    except UnknownCode:
        return refused("route-unknown", "There is no such panel or destination.", case, referral)
    made = made_out(case, command, body, context, route)
    kept = {name: getattr(referral.state, name) for name in KEPT}
    edited_by = tuple(dict.fromkeys((*referral.state.edited_by, command.by.id)))
    changed = {"private_to": referral.state.private_to, "version": referral.state.version + 1, "edited_by": edited_by}
    state = made.state.model_copy(update=kept | changed)
    return _drafted(case, made.model_copy(update={"state": state}), command, context)


def send_draft(case: Case, referral: Referral, command: Command, _: referring.Send, context: Context) -> Decision:
    """Send the draft as it stands, under the same rules as any referral."""
    state = referral.state
    if not referral.reason:
        return refused("reason-missing", "A referral needs a reason.", case, referral)
    body = referring.Draft(
        panel=state.panel,
        destination=state.destination,
        reason=referral.reason,
        consent=consent_of(referral),
        under_18=state.under_18,
        fields={**state.facts, **referral.personal},
    )
    found = checked(case, command, body, context)
    if isinstance(found, Decision):
        return found
    route = found[0]
    onward = state.model_copy(update={"version": state.version + 1})
    return let_go(case, referral.model_copy(update={"state": onward}), route, command, context)


def discard(case: Case, referral: Referral, command: Command, _: referring.Discard, context: Context) -> Decision:
    """The draft is no more."""
    return dropped(case, referral, command.by, context, why=None)


def dropped(case: Case, referral: Referral, by: Any, context: Context, why: str | None) -> Decision:
    """A draft that was discarded, or grew too old: its words go, that it was there stays with its agency."""
    gone = {"status": ReferralStatus.WITHDRAWN, "stage": "dropped", "version": referral.state.version + 1}
    state = referral.state.model_copy(update=gone | {"ended_at": context.now, "facts": {}})
    after = referral.model_copy(update={"state": state, "reason": "", "personal": {}, "consent_by": None})
    change = Change(case, by, context)
    change.cancel(CancelledTimer(DRAFT_TIMER, str(state.referral_id)))
    change.happens(ReferralDraftDropped, replaces=False, referral=after, why=why)
    return change.decision()


def approve(case: Case, referral: Referral, command: Command, _: referring.Approve, context: Context) -> Decision:
    """A supervisor of the sending agency, who wrote nothing of it, lets it go, unless another one went meanwhile."""
    route = context.rules.partnership.route(referral.route)
    if case.is_with(route.code):
        return refused("already-referred", "The case is with this panel already.", case, referral)
    onward = {"version": referral.state.version + 1, "approved_by": command.by.id}
    after = referral.model_copy(update={"state": referral.state.model_copy(update=onward)})
    change = Change(case, command.by, context)
    change.cancel(CancelledTimer(APPROVAL_TIMER, str(after.state.referral_id)))
    change.happens(ReferralApproved, replaces=False, referral=after)
    send(change, after, route, context)
    return change.decision()


def refuse_approval(
    case: Case, referral: Referral, command: Command, body: referring.RefuseApproval, context: Context
) -> Decision:
    """It goes back to its author as a draft, with the reason; its 90 days begin again."""
    back = {"status": ReferralStatus.DRAFT, "stage": str(ReferralStatus.DRAFT), "version": referral.state.version + 1}
    after = referral.model_copy(update={"state": referral.state.model_copy(update=back)})
    change = Change(case, command.by, context)
    change.cancel(CancelledTimer(APPROVAL_TIMER, str(after.state.referral_id)))
    change.arm(draft_timer(after, context))
    change.happens(ApprovalRefused, replaces=False, referral=after, personal=seal({"reason": body.reason}))
    return change.decision()


BEFORE_SENDING: Mapping[str, tuple[type[Any], Any, ReferralStatus]] = {
    "edit": (referring.Draft, edit, ReferralStatus.DRAFT),
    "send": (referring.Send, send_draft, ReferralStatus.DRAFT),
    "discard": (referring.Discard, discard, ReferralStatus.DRAFT),
    "approve": (referring.Approve, approve, ReferralStatus.AWAITING_APPROVAL),
    "refuse-approval": (referring.RefuseApproval, refuse_approval, ReferralStatus.AWAITING_APPROVAL),
}
"""What can be done to a referral before it is sent, and the status that it must have."""
