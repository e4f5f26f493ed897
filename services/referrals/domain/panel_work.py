"""What a panel does with a referral that it has: rates, schedules, discusses, plans, reviews, takes its own steps."""

from datetime import datetime
from typing import Any

from schemas import referring
from schemas.personal import seal
from schemas.referral_events import (
    PlanAgreed,
    PlanReviewed,
    ReferralAdvanced,
    ReferralDiscussed,
    ReferralRated,
    ReferralScheduled,
)
from schemas.referral_facts import PlanFacts
from services.kernel.decision import Context, Decision
from services.partnership.lookups import UnknownCode
from services.partnership.models import Partnership
from services.partnership.processes import Process, Transition
from services.referrals.domain import clocks
from services.referrals.domain.asking import stage_after
from services.referrals.domain.change import Change
from services.referrals.domain.moving import moved, retimed, review_timer, sees_too
from services.referrals.domain.routes import FieldsWrong, first_clock, process_of, route_of, sorted_fields
from services.referrals.domain.sending import mistaken, refused
from services.referrals.domain.state import Case, Referral
from services.referrals.messages import Command


def _process(referral: Referral, context: Context) -> Process:
    return process_of(context.rules.partnership, referral.state)


def _happened(
    case: Case, before: Referral, after: Referral, command: Command, event: Any, context: Context, **more: Any
) -> Decision:
    change = Change(case, command.by, context)
    retimed(change, before, after)
    was_due, review_due = _review_due(before), _review_due(after)
    if review_due is not None and review_due != was_due and after.state.ended_at is None:
        change.arm(review_timer(after, review_due))
    change.happens(event, replaces=False, referral=after, **more)
    return change.decision()


def _review_due(referral: Referral) -> datetime | None:
    return referral.state.plan.review_due_at if referral.state.plan else None


def rate(
    case: Case, referral: Referral, step: Transition, command: Command, body: referring.Rate, context: Context
) -> Decision:
    """The rating re-grades the clock from receipt; nothing that was counted or paused is lost."""
    partnership: Partnership = context.rules.partnership
    process = _process(referral, context)
    rating = process.rating(body.rating)
    if rating is None:
        return refused("rating-unknown", "The panel has no such rating.", case, referral)
    ledger = referral.state.clock
    if ledger and clocks.state(ledger) != "stopped":
        ledger = clocks.regrade(ledger, context.now, rating.clock, partnership.working_time)
    after = moved(
        referral,
        context,
        stage_after(process, step),
        clock=ledger,
        rating=rating.code,
        rated_by=command.by.id,
        rated_at=context.now,
    )
    changed = {"rating": {"old": referral.state.rating, "new": rating.code}}
    words = seal({"reason": body.reason})
    return _happened(case, referral, after, command, ReferralRated, context, changed=changed, personal=words)


def schedule(
    case: Case, referral: Referral, step: Transition, command: Command, body: referring.Schedule, context: Context
) -> Decision:
    """It is on the agenda of a meeting."""
    process = _process(referral, context)
    after = moved(referral, context, stage_after(process, step), scheduled_at=body.at, meeting=body.meeting)
    return _happened(case, referral, after, command, ReferralScheduled, context)


def discuss(
    case: Case, referral: Referral, step: Transition, command: Command, body: referring.Discuss, context: Context
) -> Decision:
    """The panel's decision, of its own list, for a person of that age."""
    process = _process(referral, context)
    known = {choice.code: choice for choice in process.decisions}
    choice = known.get(body.decision)
    if known and choice is None:
        return refused("decision-unknown", "The panel's list has no such decision.", case, referral)
    if choice is not None and not (choice.children if referral.state.under_18 else choice.adults or _unknown(referral)):
        return refused("decision-not-for-this-age", "The decision is not for a person of this age.", case, referral)
    after = moved(
        referral,
        context,
        stage_after(process, step),
        decision=body.decision,
        meeting=body.meeting or referral.state.meeting,
    )
    words = seal({"reason": body.reason})
    return _happened(case, referral, after, command, ReferralDiscussed, context, personal=words)


def _unknown(referral: Referral) -> bool:
    return referral.state.under_18 is None


def advance(
    case: Case, referral: Referral, step: Transition, command: Command, body: referring.Advance, context: Context
) -> Decision:
    """A step of the panel's own process, with what it asks for."""
    process = _process(referral, context)
    try:
        facts, personal = sorted_fields(step.fields, body.fields)
    except FieldsWrong as found:
        return mistaken(found, case, referral)
    desk, seen = _passed_on(case, referral, step, context)
    after = moved(referral, context, stage_after(process, step), facts=referral.state.facts | facts, **desk)
    after = after.model_copy(update={"personal": referral.personal | {k: str(v) for k, v in personal.items()}})
    words: dict[str, Any] = {"fields": personal} if personal else {}
    words |= {"reason": body.reason} if body.reason else {}
    changed: dict[str, Any] = {"step": step.step, "name": step.name, "facts": facts}
    if after.state.to_agency != referral.state.to_agency:
        changed["to_agency"] = {"old": referral.state.to_agency, "new": after.state.to_agency}
    return _happened(
        case,
        referral,
        after,
        command,
        ReferralAdvanced,
        context,
        changed=changed,
        personal=seal(words) if words else None,
        **seen,
    )


def _passed_on(
    case: Case, referral: Referral, step: Transition, context: Context
) -> tuple[dict[str, Any], dict[str, Any]]:
    """What changes when a gateway passes it on: whose desk it is on, with that desk's own clock, and who sees it."""
    if "gateway" not in step.by or step.to is None:
        return {}, {}
    partnership: Partnership = context.rules.partnership
    route = route_of(partnership, referral.state)
    ledger = clocks.start(context.now, first_clock(route, case.state.risk), partnership.working_time)
    return {"to_agency": route.receives, "clock": ledger}, sees_too(case, route.code)


def agree_plan(
    case: Case, referral: Referral, step: Transition, command: Command, body: referring.AgreePlan, context: Context
) -> Decision:
    """A plan with a lead worker, whose agency may see the case from now on; its review clock runs."""
    partnership: Partnership = context.rules.partnership
    process = _process(referral, context)
    try:
        worker = partnership.person(body.lead_worker)
        facts, personal = sorted_fields(step.fields, body.fields)
    except UnknownCode:
        return refused("owner-unknown", "There is nobody on the staff with this id.", case, referral)
    except FieldsWrong as found:
        return mistaken(found, case, referral)
    if worker.sees == "no-cases":
        return refused("owner-may-not-see", "This person does not work with cases.", case, referral)
    due_at = partnership.due_at(context.now, process.review) if process.review else None
    plan = PlanFacts(lead_worker=worker.id, lead_worker_name=worker.name, agreed_at=context.now, review_due_at=due_at)
    after = moved(referral, context, stage_after(process, step), plan=plan, facts=referral.state.facts | facts)
    words = seal({"plan": body.plan, "fields": personal})
    seen = sees_too(case, worker.agency)
    return _happened(case, referral, after, command, PlanAgreed, context, personal=words, **seen)


def review_plan(
    case: Case, referral: Referral, step: Transition, command: Command, body: referring.ReviewPlan, context: Context
) -> Decision:
    """The plan was looked at and goes on; the next review is due after the same time again."""
    partnership: Partnership = context.rules.partnership
    process, plan = _process(referral, context), referral.state.plan
    if plan is None:
        return refused("no-plan", "No plan was agreed yet.", case, referral)
    due_at = partnership.due_at(context.now, process.review) if process.review else None
    reviewed = {"reviews": plan.reviews + 1, "last_review_at": context.now, "review_due_at": due_at}
    after = moved(referral, context, stage_after(process, step), plan=plan.model_copy(update=reviewed))
    words = seal({"note": body.note})
    return _happened(case, referral, after, command, PlanReviewed, context, personal=words)
