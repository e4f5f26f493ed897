"""The table of contents of a referral's commands, and the checks before each: there, at her version, hers, possible."""

from collections.abc import Callable, Mapping
from typing import Any

from schemas import casework, referring
from schemas.codes import CaseStatus
from schemas.submission import Sent
from services.kernel.decision import Context, Decision
from services.partnership.models import Partnership
from services.partnership.processes import Transition
from services.referrals.domain import answers, asking, panel_work
from services.referrals.domain.drafting import BEFORE_SENDING
from services.referrals.domain.routes import (
    ENDED,
    PRIVATE,
    UNANSWERED,
    process_of,
    stage_of,
)
from services.referrals.domain.sending import refused
from services.referrals.domain.standing import may, qualified, supervises
from services.referrals.domain.state import Case, Referral, Refused
from services.referrals.messages import Command

Handler = Callable[[Case, Referral, Transition, Command, Any, Context], Decision]

STEPS: Mapping[str, tuple[type[Sent], Handler]] = {
    "accept": (casework.Accept, answers.accept),
    "decline": (casework.Decline, answers.decline),
    "request-information": (casework.RequestInformation, asking.request_information),
    "return-information": (referring.ReturnInformation, asking.return_information),
    "rate": (referring.Rate, panel_work.rate),
    "schedule": (referring.Schedule, panel_work.schedule),
    "discuss": (referring.Discuss, panel_work.discuss),
    "advance": (referring.Advance, panel_work.advance),
    "agree-plan": (referring.AgreePlan, panel_work.agree_plan),
    "review-plan": (referring.ReviewPlan, panel_work.review_plan),
    "escalate": (referring.Escalate, answers.escalate),
    "conclude": (casework.Conclude, answers.conclude),
    "withdraw": (casework.Withdraw, answers.withdraw),
}
"""What can be done to a referral that was sent, where its route's process has such a step."""
ON_REFERRALS: Mapping[str, type[Sent]] = {name: body for name, (body, _) in STEPS.items()} | {
    name: body for name, (body, _, _) in BEFORE_SENDING.items()
}
"""Every command on a referral, and its body."""


def handle(case: Case, referral: Referral | None, command: Command, context: Context) -> Decision:
    """Check that the referral is there, at the version she saw, and hers to move; then carry the command out."""
    if referral is None or referral.state.case_id != case.state.case_id or _hidden(referral, command):
        return Decision(answer=Refused("not-found", "not-found", "There is no referral with this reference for you."))
    if command.version != referral.state.version:
        message = "Somebody changed the referral meanwhile."
        return Decision(answer=Refused("stale", "version-stale", message, case, referral))
    if case.state.status is CaseStatus.CLOSED:
        return refused("case-closed", "The case is closed. Open it again first.", case, referral)
    if command.name in BEFORE_SENDING:
        return _before_sending(case, referral, command, context)
    return _step(case, referral, command, context)


def _hidden(referral: Referral, command: Command) -> bool:
    only = referral.state.private_to
    return only is not None and only not in command.agencies


def _before_sending(case: Case, referral: Referral, command: Command, context: Context) -> Decision:
    model, handler, status = BEFORE_SENDING[command.name]
    if referral.state.status is not status:
        return refused("not-a-draft", f"The referral is {referral.state.status}.", case, referral)
    if status is PRIVATE[1] and not supervises(referral, command, context.rules.partnership):
        message = "A supervisor of the sending agency, not the author, approves a referral."
        return Decision(answer=Refused("not-yours", "not-your-approval", message, case, referral))
    decision: Decision = handler(case, referral, command, model.model_validate(command.body), context)
    return decision


def _step(case: Case, referral: Referral, command: Command, context: Context) -> Decision:
    if referral.state.status in (*ENDED, *PRIVATE):
        return refused("referral-answered", _standing(referral), case, referral)
    process = process_of(context.rules.partnership, referral.state)
    steps = list(process.moves(command.name, stage_of(process, referral.state).code))
    if command.name == "advance":
        steps = [step for step in steps if step.step == command.body.get("step")]
    partnership: Partnership = context.rules.partnership
    mine = [step for step in steps if may(step, case, referral, command, partnership)]
    if not mine:
        return _not_possible(case, referral, command, steps)
    if not qualified(mine[0], command, partnership):
        message = f"This step is for somebody who is qualified: {mine[0].qualification}."
        return refused("not-qualified", message, case, referral)
    model, handler = STEPS[command.name]
    return handler(case, referral, mine[0], command, model.model_validate(command.body), context)


def _standing(referral: Referral) -> str:
    return "The referral has ended." if referral.state.status in ENDED else "The referral is not sent yet."


def _not_possible(case: Case, referral: Referral, command: Command, steps: list[Transition]) -> Decision:
    if steps:
        message = "Only the panel answers a referral, and only the sender withdraws it."
        return Decision(answer=Refused("not-yours", "not-your-referral", message, case, referral))
    if command.name == "conclude" and referral.state.status in UNANSWERED:
        return refused("referral-not-accepted", "Only an accepted referral is concluded.", case, referral)
    if command.name in ("accept", "decline") and referral.state.status not in UNANSWERED:
        return refused("referral-answered", "The referral has been accepted.", case, referral)
    message = "The panel's process has no such step from where the referral stands."
    return refused("step-not-now", message, case, referral)
