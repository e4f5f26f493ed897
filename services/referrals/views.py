"""What clients get back of cases and referrals (`product.md`, "Cases")."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from schemas.referral_facts import InformationAsked
from services.access.sharing import Sight
from services.kernel.http import FieldError, Problem
from services.partnership.models import Partnership
from services.referrals import clock_picture
from services.referrals.domain import clocks
from services.referrals.domain.routes import process_of, stage_of
from services.referrals.domain.state import Case, Done, Referral, Refused
from services.referrals.step_views import step_view

_SHOWN = (
    "reference",
    "title",
    "status",
    "themes",
    "lead_agency",
    "joint_leads",
    "acting_lead",
    "owner",
    "risk",
    "priority",
    "opened_at",
    "due_at",
    "version",
    "next_action",
)
STATUS = {"stale": 412, "refused": 422, "not-found": 404, "not-yours": 403}


def case_summary(case: Case, now: datetime, sight: Sight) -> dict[str, Any]:
    """A case as lists show it to a reader; its title names no street to who does not see exact places."""
    state = sight.case(case.state.model_dump(mode="json"))
    overdue = case.state.due_at is not None and case.state.due_at < now
    return {name: state[name] for name in _SHOWN} | {"overdue": overdue}


def case_view(
    case: Case,
    history: Sequence[Mapping[str, Any]],
    reports: Sequence[str],
    referrals: Sequence[Referral],
    now: datetime,
    sight: Sight,
) -> dict[str, Any]:
    """A case with its reports in the order they came, referrals and the newest of its timeline, newest first."""
    return case_summary(case, now, sight) | {
        "reports": list(reports),
        "referrals": [referral.state.reference for referral in referrals],
        "timeline": timeline(history),
    }


def timeline(history: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Entries of a timeline: when, what, who, why."""
    return [_entry(event) for event in history]


def _entry(event: Mapping[str, Any]) -> dict[str, Any]:
    personal = (event.get("personal") or {}).get("fields") or {}
    why = (
        event.get("why")
        or personal.get("reason")
        or personal.get("text")
        or personal.get("question")
        or personal.get("what")
    )
    by = event["by"]
    return {"at": event["at"], "type": event["type"], "who": by["name"], "agency": by.get("agency"), "why": why}


def referral_view(referral: Referral) -> dict[str, Any]:
    """A referral with its clock's ledger."""
    state = referral.state
    return {
        "reference": state.reference,
        "case": state.case_reference,
        "panel": state.panel,
        "destination": state.destination,
        "status": str(state.status),
        "sent_at": state.sent_at.isoformat(),
        "due_at": state.due_at.isoformat() if state.due_at else None,
        "owner": state.owner,
        "version": state.version,
        "consent": {"status": state.consent_status, "basis": state.consent_basis, "by": referral.consent_by},
        "clock": [{"at": entry.at.isoformat(), "event": entry.event} for entry in state.clock],
        "outcome": state.outcome,
        "score": state.score,
        "escalated_to": state.escalated_to,
        "proposed_next_lead": state.proposed_next_lead,
        "stage": state.stage,
        "rating": state.rating,
    }


def referral_more(referral: Referral, partnership: Partnership, now: datetime) -> dict[str, Any]:
    """What its page shows beside that: figures of the clock, questions, plan, and the steps that can be taken now."""
    state = referral.state
    process = process_of(partnership, state)
    shown = state.model_dump(mode="json")
    kept: tuple[str, ...] = (
        "author",
        "from_agency",
        "under_18",
        "rated_by",
        "rated_at",
        "scheduled_at",
        "meeting",
        "decision",
        "plan",
    )
    kept += ("facts", "beside", "passed_to", "approved_by", "ended_at")
    return {name: shown[name] for name in kept} | {
        "process": process.code,
        "figures": _figures(referral, partnership, now),
        "ledger": clock_picture.ledger(state.clock, process, partnership),
        "picture": clock_picture.picture(state.clock, now, partnership) if state.clock else None,
        "reason": referral.reason,
        "personal": dict(referral.personal),
        "private_to": state.private_to,
        "information": [_asked(each) for each in state.information],
        "steps": [step_view(each) for each in process.steps_from(stage_of(process, state).code)],
    }


def _figures(referral: Referral, partnership: Partnership, now: datetime) -> dict[str, Any] | None:
    if not referral.state.clock:
        return None
    reading = clocks.read(referral.state.clock, now, partnership.working_time)
    return {
        "state": reading.state,
        "counted_minutes": round(reading.counted, 1),
        "paused_minutes": round(reading.paused, 1),
        "allowed_minutes": reading.allowed,
        "left_minutes": round(reading.left, 1),
        "calendar": clocks.grade(referral.state.clock).calendar,
        "overdue": reading.overdue,
        "on_time": reading.on_time,
    }


def _asked(asked: InformationAsked) -> dict[str, Any]:
    shown = asked.model_dump(mode="json", exclude={"clock"})
    return shown | {"status": "returned" if asked.returned_at else "escalated" if asked.escalated_at else "open"}


def done(answer: Done, now: datetime, sight: Sight) -> dict[str, Any]:
    """A command's answer: the case, or the referral, with its new version."""
    made = case_summary(answer.case, now, sight)
    return made if answer.referral is None else referral_view(answer.referral) | {"case_version": made["version"]}


def refused(answer: Refused, sent: Mapping[str, Any], now: datetime, sight: Sight) -> Problem:
    """A refusal; a stale one shows both: what stands, and what was sent."""
    extra: dict[str, Any] = {}
    if answer.kind == "stale" and answer.case is not None:
        current = referral_view(answer.referral) if answer.referral else case_summary(answer.case, now, sight)
        extra = {"current": current, "yours": dict(sent), "version": current["version"]}
    if answer.unmet:
        extra = {"unmet": [asdict(each) for each in answer.unmet]}
    if answer.instead is not None:
        extra["instead"] = asdict(answer.instead)
    wrong = [FieldError(f"/fields/{each.field}", each.code, each.message) for each in answer.wrong]
    detail = answer.message + " Nothing was changed."
    return Problem(STATUS[answer.kind], answer.code, detail, errors=wrong, extra=extra)


def rendered(answer: Done | Refused, sent: Mapping[str, Any], now: datetime, sight: Sight) -> tuple[int, str]:
    """Status and JSON text, as an idempotency key keeps them."""
    if isinstance(answer, Done):
        return 200, json.dumps(done(answer, now, sight))
    problem = refused(answer, sent, now, sight)
    return problem.status, json.dumps(problem.body())
