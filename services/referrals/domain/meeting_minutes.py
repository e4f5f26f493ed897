"""What is minuted in a meeting: a decision, by which the referral takes its own step, and who is to do what."""

from collections.abc import Mapping
from typing import Any

from schemas.casefile import AddTask
from schemas.codes import CaseStatus
from schemas.meeting import AssignAction, MinuteDecision
from schemas.meeting_events import ActionAssigned, DecisionMinuted, MeetingEvent
from schemas.personal import seal
from services.kernel.decision import Context, Decision
from services.referrals.domain import referral_commands, tasks
from services.referrals.domain.asked import Asked
from services.referrals.domain.meeting_state import Action, Meeting, Minute, Minuted, changed, meeting_key, on_topic
from services.referrals.domain.state import Case, Referral, Refused, case_of, referral_key
from services.referrals.messages import Command, MeetingCommand

WITHOUT_QUORUM = "The meeting has no quorum. The decision stands in the minutes with that mark."


def _about(state: Mapping[str, Any], known: Meeting, command: MeetingCommand) -> tuple[Case, Referral] | Decision:
    """The case and referral that she names, if she may see them and they are this panel's."""
    case = case_of(state, command.case_id)
    referral: Referral | None = state.get(referral_key(command.referral_id))
    seen = case is not None and (command.sees_all or bool(set(command.agencies) & set(case.visible_to)))
    if case is None or referral is None or not seen or referral.state.panel != known.state.panel:
        return Decision(answer=Refused("not-found", "not-found", "There is no such referral of this panel for you."))
    return case, referral


def _inner(command: MeetingCommand, case: Case, name: str, version: int | None, body: dict[str, Any]) -> Command:
    return Command(
        case_id=case.state.case_id,
        referral_id=command.referral_id if name != "tasks" else None,
        version=version,
        name=name,
        body=body,
        by=command.by,
        agencies=command.agencies,
        sees_all=command.sees_all,
    )


def decision(
    state: Mapping[str, Any], known: Meeting, command: MeetingCommand, body: MinuteDecision, context: Context
) -> Decision:
    """The referral takes its own step, at the version that was seen; the minutes say so."""
    found = _about(state, known, command)
    if isinstance(found, Decision):
        return found
    case, referral = found
    if body.decision is None:
        step = _inner(command, case, "review-plan", command.version, {"note": body.reason})
    else:
        words = {"decision": body.decision, "reason": body.reason, "meeting": known.state.meeting_id}
        step = _inner(command, case, "discuss", command.version, words)
    taken = referral_commands.handle(case, referral, step, context)
    if isinstance(taken.answer, Refused):
        return taken
    return _minuted(known, command, body, case, taken, context)


def _minuted(
    known: Meeting, command: MeetingCommand, body: MinuteDecision, case: Case, taken: Decision, context: Context
) -> Decision:
    """The line of the minutes, marked where the meeting had no quorum."""
    after, quorate = changed(known, decisions=known.state.decisions + 1), known.state.quorate
    referral: Referral = taken.answer.referral
    minute = Minute(
        decision_id=context.derive("minute"),
        meeting_id=known.state.meeting_id,
        case_id=case.state.case_id,
        referral_id=referral.state.referral_id,
        referral=referral.state.reference,
        decision=body.decision,
        reason=body.reason,
        quorate=quorate,
        by=command.by.name,
        at=context.now,
    )
    event = DecisionMinuted(
        meeting=after.state,
        at=context.now,
        by=command.by,
        case_id=case.state.case_id,
        referral=minute.referral,
        decision=body.decision,
        quorate=quorate,
        personal=seal({"reason": body.reason}),
    )
    kept = {meeting_key(known.state.meeting_id): after, f"minute:{minute.decision_id}": minute}
    return _with(taken, kept, event, Minuted(after, referral, warning=None if quorate else WITHOUT_QUORUM))


def _with(taken: Decision, kept: Mapping[str, Any], event: MeetingEvent, answer: Minuted) -> Decision:
    return Decision(
        state={**taken.state, **kept},
        events=(*taken.events, on_topic(event)),
        timers=taken.timers,
        cancelled=taken.cancelled,
        answer=answer,
    )


def action(
    state: Mapping[str, Any], known: Meeting, command: MeetingCommand, body: AssignAction, context: Context
) -> Decision:
    """Somebody is to do something: a task of the case, which reminds, escalates and stands on its timeline."""
    found = _about(state, known, command)
    if isinstance(found, Decision):
        return found
    case, referral = found
    if case.state.status is CaseStatus.CLOSED:
        return Decision(answer=Refused("refused", "case-closed", "The case is closed. Open it again first.", case))
    step = _inner(command, case, "tasks", case.state.version, {})
    asked = Asked(state, case, step, context)
    taken = tasks.add(asked, AddTask(what=body.what, due_at=body.due_at, person=body.person))
    if isinstance(taken.answer, Refused):
        return taken
    return _assigned(known, command, body, case, referral, taken, context)


def _assigned(
    known: Meeting,
    command: MeetingCommand,
    body: AssignAction,
    case: Case,
    referral: Referral,
    taken: Decision,
    context: Context,
) -> Decision:
    """The action in the minutes, under the id of the case's task."""
    after = changed(known, actions=known.state.actions + 1)
    made = Action(
        action_id=context.derive("task"),
        meeting_id=known.state.meeting_id,
        case_id=case.state.case_id,
        referral=referral.state.reference,
        what=body.what,
        person=body.person,
        at=context.now,
    )
    event = ActionAssigned(
        meeting=after.state,
        at=context.now,
        by=command.by,
        case_id=made.case_id,
        referral=made.referral,
        action=made.action_id,
        person=made.person,
        personal=seal({"what": body.what}),
    )
    kept = {meeting_key(known.state.meeting_id): after, f"action:{made.action_id}": made}
    return _with(taken, kept, event, Minuted(after, action=made.action_id))
