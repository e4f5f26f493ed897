"""A referral's move: its stage, status, version, clock and timers change together, in one place."""

from datetime import datetime
from typing import Any

from services.kernel.decision import CancelledTimer, Context, NewTimer
from services.partnership.models import Partnership
from services.partnership.processes import Stage
from services.referrals.domain import clocks
from services.referrals.domain.change import Change
from services.referrals.domain.clocks import Ledger
from services.referrals.domain.routes import ENDED
from services.referrals.domain.state import Case, Referral
from services.referrals.messages import InformationDue, ReferralDue, ReviewDue

ANSWER, INFORMATION, REVIEW = "referral-due", "information-due", "review-due"


def moved(referral: Referral, context: Context, stage: Stage | None = None, **updates: Any) -> Referral:
    """The referral after a step: in its new stage, one version on, its clock running, standing or stopped there."""
    partnership: Partnership = context.rules.partnership
    before = referral.state
    ledger: Ledger = updates.pop("clock", before.clock)
    if stage is not None:
        updates |= {"stage": stage.code, "status": stage.status}
        ledger = _in_stage(ledger, stage, context.now, partnership)
        if stage.status in ENDED:
            updates["ended_at"] = context.now
    falls_due = clocks.falls_due(ledger, partnership.working_time)
    if falls_due is not None and falls_due > context.now:
        # Silence begins anew under a clock that has time left: who was told of the last one is not told of it for ever.
        updates = {"escalated_to": None} | updates
    version = {"version": before.version + 1, "clock": ledger, "due_at": falls_due}
    return referral.model_copy(update={"state": before.model_copy(update=updates | version)})


def _in_stage(ledger: Ledger, stage: Stage, now: datetime, partnership: Partnership) -> Ledger:
    """Pause, resume or stop the clock as the stage has it; a stopped one stays stopped."""
    hours = partnership.working_time
    stands = clocks.state(ledger) if ledger else "stopped"
    if stands == "stopped":
        return ledger
    if stage.clock == "stopped":
        return clocks.stop(ledger, now, hours)
    if stage.clock == "stands" and stands == "running":
        return clocks.pause(ledger, now, hours)
    return clocks.resume(ledger, now, hours) if stage.clock == "runs" and stands == "paused" else ledger


def retimed(change: Change, before: Referral | None, after: Referral) -> None:
    """Timers follow the clock: armed when it runs, cancelled when it stands or ended; all of them when it has ended."""
    subject = str(after.state.referral_id)
    if after.state.status in ENDED:
        change.cancel(CancelledTimer(REVIEW, subject))
        for asked in after.state.information:
            if asked.returned_at is None:
                change.cancel(CancelledTimer(INFORMATION, subject, str(asked.request_id)))
    was_due = before.state.due_at if before else None
    if after.state.due_at is None:
        change.cancel(CancelledTimer(ANSWER, subject))
    elif after.state.due_at != was_due:
        change.arm(answer_timer(after, after.state.due_at))


def answer_timer(referral: Referral, due_at: datetime) -> NewTimer:
    """When its clock runs out."""
    state = referral.state
    due = ReferralDue(case_id=state.case_id, referral_id=state.referral_id)
    return NewTimer(ANSWER, str(state.referral_id), due_at, due)


def information_timer(referral: Referral, request_id: Any, due_at: datetime) -> NewTimer:
    """When an asked agency's clock runs out."""
    state = referral.state
    due = InformationDue(case_id=state.case_id, referral_id=state.referral_id, request_id=request_id)
    return NewTimer(INFORMATION, str(state.referral_id), due_at, due, name=str(request_id))


def review_timer(referral: Referral, due_at: datetime) -> NewTimer:
    """When the plan is to be reviewed."""
    state = referral.state
    due = ReviewDue(case_id=state.case_id, referral_id=state.referral_id)
    return NewTimer(REVIEW, str(state.referral_id), due_at, due)


def sees_too(case: Case, *agencies: str | None) -> dict[str, Any]:
    """The update of a case by which those agencies may see it."""
    return {"referred_to": tuple(dict.fromkeys((*case.state.referred_to, *(code for code in agencies if code))))}
