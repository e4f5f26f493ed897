"""What a person does to a case: take, assign, note, reroute, close, re-open, acknowledge. One table of handlers."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from schemas import casework, referring
from schemas.codes import CaseStatus
from schemas.events import (
    CaseAssigned,
    CaseClosed,
    CaseReopened,
    CaseRerouted,
    CaseTaken,
    DangerAcknowledged,
    NoteAdded,
)
from schemas.personal import seal
from schemas.submission import Sent
from services.kernel.decision import Context, Decision
from services.partnership.live_themes import themes_to_choose
from services.partnership.lookups import UnknownCode
from services.partnership.models import Partnership
from services.referrals.domain import casefile_commands, drafting, referral_commands, sending
from services.referrals.domain.asked import Asked
from services.referrals.domain.casefile_commands import ON_CASEFILE
from services.referrals.domain.change import Change
from services.referrals.domain.intelligence import kept_with_police
from services.referrals.domain.standing import may_be_given
from services.referrals.domain.state import Case, Referral, Refused, case_of, referral_key
from services.referrals.messages import Command

REOPENED_DUE = timedelta(days=1)
"""A re-opened case is due a day later: a default, not policy."""

CaseHandler = Callable[[Case, Command, Any, Context], Decision]


def _refused(code: str, message: str, case: Case) -> Decision:
    return Decision(answer=Refused("refused", code, message, case))


def take(case: Case, command: Command, _: casework.Take, context: Context) -> Decision:
    """The case is mine."""
    change = Change(case, command.by, context)
    changed = {"owner": {"old": case.state.owner, "new": command.by.id}}
    change.happens(CaseTaken, changed=changed, owner=command.by.id, owner_name=command.by.name)
    return change.decision()


def assign(case: Case, command: Command, body: casework.Assign, context: Context) -> Decision:
    """The case is hers; she must be somebody who may see it."""
    partnership: Partnership = context.rules.partnership
    try:
        person = partnership.person(body.owner)
    except UnknownCode:
        return _refused("owner-unknown", "There is nobody on the staff with this id.", case)
    if not may_be_given(case, person):
        return _refused("owner-may-not-see", "This person's agency may not see the case. Refer it first.", case)
    change = Change(case, command.by, context)
    changed = {"owner": {"old": case.state.owner, "new": person.id}}
    change.happens(CaseAssigned, changed=changed, owner=person.id, owner_name=person.name)
    return change.decision()


def note(case: Case, command: Command, body: casework.Note, context: Context) -> Decision:
    """A note is added; it replaces nothing, so the version stays."""
    change = Change(case, command.by, context)
    changed = {"marking": body.marking, "fact": body.fact}
    change.happens(NoteAdded, replaces=False, changed=changed, personal=seal({"text": body.text}))
    return change.decision()


def reroute(case: Case, command: Command, body: casework.Reroute, context: Context) -> Decision:
    """Another theme or lead; a new lead has no owner yet."""
    partnership: Partnership = context.rules.partnership
    state = case.state
    try:
        themes, leads = _routed(case, body, context)
    except UnknownCode:
        return _refused("code-unknown", "There is no such theme or agency.", case)
    if not leads:
        leads = (partnership.identity.owner_without_theme,)
    same = leads[0] == state.lead_agency
    changed = {
        "lead_agency": {"old": state.lead_agency, "new": leads[0]},
        "themes": {"old": list(state.themes), "new": list(themes)},
    }
    change = Change(case, command.by, context)
    change.happens(
        CaseRerouted,
        changed=changed,
        personal=seal({"reason": body.reason}),
        themes=themes,
        lead_agency=leads[0],
        acting_lead=leads[0],
        joint_leads=leads[1:],
        owner=state.owner if same else None,
        owner_name=state.owner_name if same else None,
    )
    return change.decision()


def _routed(case: Case, body: casework.Reroute, context: Context) -> tuple[tuple[str, ...], tuple[str, ...]]:
    partnership: Partnership = context.rules.partnership
    if body.themes is not None:
        day = partnership.day(context.now)
        for theme in set(body.themes) - themes_to_choose(partnership, day):
            raise UnknownCode("theme", theme)
        return body.themes, partnership.leads_of(body.themes[0], day)
    return case.state.themes, (partnership.agency(str(body.lead_agency)).code,)


def close(case: Case, command: Command, body: casework.Close, context: Context) -> Decision:
    """Closed with an outcome; not over an unanswered danger, nor an open or waiting referral."""
    if case.state.danger_unacknowledged:
        return _refused("danger-unacknowledged", "Somebody must acknowledge the danger first.", case)
    if case.under_way or case.awaiting:
        message = "Conclude or withdraw the open referral first; one that waits for a supervisor, too."
        return _refused("referral-open", message, case)
    try:
        outcome = context.rules.partnership.outcome(body.outcome).code
    except UnknownCode:
        return _refused("outcome-unknown", "The outcome is none of the partnership's list.", case)
    change = Change(case, command.by, context)
    change.happens(
        CaseClosed,
        personal=seal({"reason": body.reason}),
        changed={"outcome": {"old": None, "new": outcome}},
        status=CaseStatus.CLOSED,
        outcome=outcome,
        closed_at=context.now,
        due_at=None,
    )
    return change.decision()


def reopen(case: Case, command: Command, body: casework.Reopen, context: Context) -> Decision:
    """Open again."""
    change = Change(case, command.by, context)
    change.happens(
        CaseReopened,
        personal=seal({"reason": body.reason}),
        status=CaseStatus.OPEN,
        outcome=None,
        closed_at=None,
        due_at=context.now + REOPENED_DUE,
    )
    return change.decision()


def acknowledge(case: Case, command: Command, body: casework.Acknowledge, context: Context) -> Decision:
    """A named person has seen the danger; it replaces nothing. One that her page did not show yet, she has not seen."""
    if not case.state.danger_unacknowledged:
        return _refused("no-danger", "There is no danger to acknowledge. Somebody may have done it.", case)
    since = case.state.danger_since
    if body.danger_since is not None and since is not None and since != body.danger_since:
        came = since.astimezone(context.rules.partnership.zone)
        return _refused("danger-newer", f"Another danger came in at {came:%H:%M}. Read it, then acknowledge.", case)
    change = Change(case, command.by, context)
    change.happens(DangerAcknowledged, replaces=False, danger_unacknowledged=False)
    return change.decision()


ON_CASES: Mapping[str, tuple[type[Sent], CaseHandler]] = {
    "take": (casework.Take, take),
    "assign": (casework.Assign, assign),
    "note": (casework.Note, note),
    "reroute": (casework.Reroute, reroute),
    "close": (casework.Close, close),
    "reopen": (casework.Reopen, reopen),
    "acknowledge": (casework.Acknowledge, acknowledge),
    "refer": (casework.Refer, sending.refer),
    "draft": (referring.Draft, drafting.draft),
}
WITHOUT_VERSION = ("acknowledge",)
"""Danger is acknowledged whatever else changed meanwhile."""
ON_CLOSED = ("note", "reopen", *casefile_commands.ON_CLOSED)


def handle(state: Mapping[str, Any], command: Command, context: Context) -> Decision:
    """Check that the case is there, is hers to see, and stands at the version she saw; then carry it out."""
    context = replace(context, now=command.at or context.now)
    case = case_of(state, command.case_id)
    if case is None or not _may_see(case, command):
        return Decision(answer=Refused("not-found", "not-found", "There is no case with this reference for you."))
    if command.referral_id is not None:
        referral: Referral | None = state.get(referral_key(command.referral_id))
        return referral_commands.handle(case, referral, command, context)
    if command.name not in WITHOUT_VERSION and command.version != case.state.version:
        return Decision(answer=Refused("stale", "version-stale", "Somebody changed the case meanwhile.", case))
    refusal = _wrong_status(case, command) or kept_with_police(case, command, context.rules.partnership)
    if refusal is not None:
        return Decision(answer=refusal)
    if command.name in ON_CASEFILE:
        sent, carry_out = ON_CASEFILE[command.name]
        return carry_out(Asked(state, case, command, context), sent.model_validate(command.body))
    model, handler = ON_CASES[command.name]
    return handler(case, command, model.model_validate(command.body), context)


def _wrong_status(case: Case, command: Command) -> Refused | None:
    closed = case.state.status is CaseStatus.CLOSED
    if closed and command.name not in ON_CLOSED:
        return Refused("refused", "case-closed", "The case is closed. Open it again first.", case)
    if not closed and command.name == "reopen":
        return Refused("refused", "case-open", "The case is open.", case)
    return None


def _may_see(case: Case, command: Command) -> bool:
    return command.sees_all or bool(set(command.agencies) & set(case.visible_to))
