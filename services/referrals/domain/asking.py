"""Questions to other agencies: each with its own clock; the answer clock stands while the process says so."""

from collections.abc import Iterable
from typing import Any

from schemas import casework, referring
from schemas.events import InformationRequested
from schemas.personal import seal
from schemas.referral_events import InformationReturned
from schemas.referral_facts import InformationAsked
from services.kernel.decision import CancelledTimer, Context, Decision
from services.partnership.lookups import UnknownCode
from services.partnership.models import Partnership
from services.partnership.processes import Process, Stage, Transition
from services.partnership.values import Clock
from services.referrals.domain import clocks
from services.referrals.domain.change import Change
from services.referrals.domain.moving import INFORMATION, information_timer, moved, retimed, sees_too
from services.referrals.domain.routes import hours_of, process_of
from services.referrals.domain.sending import refused
from services.referrals.domain.state import Case, Referral
from services.referrals.messages import Command


def stage_after(process: Process, step: Transition) -> Stage | None:
    """Where the step leads; None when it stays."""
    return process.stage(step.to) if step.to else None


def request_information(
    case: Case,
    referral: Referral,
    step: Transition,
    command: Command,
    body: casework.RequestInformation,
    context: Context,
) -> Decision:
    """Ask an agency; its clock starts, and silence on it escalates too."""
    partnership: Partnership = context.rules.partnership
    try:
        agency = partnership.agency(body.agency).code
    except UnknownCode:
        return refused("agency-unknown", "There is no agency with this code.", case, referral)
    process = process_of(partnership, referral.state)
    ledger = clocks.start(context.now, _allowed(referral, process, agency, partnership), partnership.working_time)
    asked = InformationAsked(
        request_id=context.derive("information"),
        agency=agency,
        asked_by=command.by.id,
        asked_at=context.now,
        due_at=ledger[-1].due_at,
        clock=ledger,
    )
    stage = stage_after(process, step)
    after = moved(referral, context, stage, information=(*referral.state.information, asked))
    change = Change(case, command.by, context)
    retimed(change, referral, after)
    change.arm(information_timer(after, asked.request_id, ledger[-1].due_at or context.now))
    change.happens(
        InformationRequested,
        replaces=False,
        referral=after,
        changed={"asked": agency, "request": str(asked.request_id)},
        personal=seal({"question": body.question}),
        **sees_too(case, agency),
    )
    return change.decision()


def _allowed(referral: Referral, process: Process, agency: str, partnership: Partnership) -> Clock:
    """The clock of a question: of the referral's rating where that has one, in the asked agency's own hours."""
    rating = process.rating(referral.state.rating or "")
    clock = rating.returns if rating is not None and rating.returns is not None else process.information
    return hours_of(partnership, clock, agency)


def unanswered(referral: Referral) -> list[InformationAsked]:
    """The questions that are still open, oldest first."""
    return [each for each in referral.state.information if each.returned_at is None]


def return_information(
    case: Case,
    referral: Referral,
    step: Transition,
    command: Command,
    body: referring.ReturnInformation,
    context: Context,
) -> Decision:
    """An asked agency answers; with the last answer a clock that stood runs again."""
    mine = [each for each in unanswered(referral) if command.sees_all or each.agency in command.agencies]
    if body.request is not None:
        mine = [each for each in mine if each.request_id == body.request]
    if len(mine) != 1:
        return _which(mine, case, referral)
    partnership: Partnership = context.rules.partnership
    answered = mine[0].model_copy(
        update={
            "returned_at": context.now,
            "clock": clocks.stop(mine[0].clock, context.now, partnership.working_time),
        }
    )
    information = tuple(_swapped(referral.state.information, answered))
    last = all(each.returned_at is not None for each in information)
    stage = stage_after(process_of(partnership, referral.state), step) if last else None
    after = moved(referral, context, stage, information=information)
    change = Change(case, command.by, context)
    change.cancel(CancelledTimer(INFORMATION, str(after.state.referral_id), str(answered.request_id)))
    retimed(change, referral, after)
    change.happens(
        InformationReturned,
        replaces=False,
        referral=after,
        changed={"asked": answered.agency, "request": str(answered.request_id)},
        personal=seal({"answer": body.answer}),
    )
    return change.decision()


def _which(mine: list[Any], case: Case, referral: Referral) -> Decision:
    if mine:
        message = "More than one question is open. Say which one in `request`."
        return refused("request-not-named", message, case, referral)
    return refused("nothing-asked", "No open question of this referral is yours to answer.", case, referral)


def _swapped(information: Iterable[InformationAsked], changed: InformationAsked) -> Iterable[InformationAsked]:
    return (changed if each.request_id == changed.request_id else each for each in information)


def told_again(referral: Referral, asked: InformationAsked, context: Context) -> Referral:
    """The referral with the question marked as escalated."""
    partnership: Partnership = context.rules.partnership
    ledger = clocks.escalate(asked.clock, context.now, partnership.working_time)
    marked = asked.model_copy(update={"escalated_at": context.now, "clock": ledger})
    return moved(referral, context, information=tuple(_swapped(referral.state.information, marked)))
