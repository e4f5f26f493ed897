"""A triaged report opens a case or joins one: referrals alone chooses, under the lock."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from schemas.codes import CaseStatus, Disposition
from schemas.events import Actor, CaseOpened, CaseState, ReportJoined, ReportTriaged
from services.kernel.decision import NOTHING, Context, Decision
from services.kernel.references import reference
from services.partnership.models import Partnership
from services.referrals.domain import joining
from services.referrals.domain.change import Change
from services.referrals.domain.state import Case, Link, Match, link_key
from services.referrals.domain.titles import title

HUB = Actor(kind="hub", id="referrals", name="The hub")
DANGER = "danger-now"
_RISK = {"standard": 0, "medium": 1, "high": 2}


def needs_case(event: ReportTriaged) -> bool:
    """Whether the report goes into a case at all."""
    return event.decision.disposition is Disposition.NEEDS_CASE and not event.report.historic


def triaged(state: Mapping[str, Any], event: ReportTriaged, context: Context) -> Decision:
    """Open a case for the report, or join it to the one that it surely belongs to."""
    if not needs_case(event) or state.get(link_key(event.report.report_id)) is not None:
        return NOTHING
    found = joining.find(event, state, context)
    return _opened(event, context) if found is None else _joined(found, event, context)


def _remember(change: Change, case_id: Any, event: ReportTriaged, context: Context) -> None:
    """Keep the link and the keys under which later reports find the case."""
    change.keep(link_key(event.report.report_id), Link(case_id=case_id))
    for candidate in joining.candidates(event, context.rules.partnership):
        change.keep(candidate.key, Match(case_id=case_id, seen_at=event.report.received_at))


def _opened(event: ReportTriaged, context: Context) -> Decision:
    decision, report = event.decision, event.report
    partnership: Partnership = context.rules.partnership
    case_id = context.derive("case")
    danger = DANGER in decision.flags
    kind = decision.kind_of_case or "Report"
    sensitive = any(partnership.theme(theme).sensitive for theme in decision.themes)
    state = CaseState(
        case_id=case_id,
        reference=reference("C", case_id),
        title=title(kind, report.street, 1),
        status=CaseStatus.OPEN,
        themes=decision.themes,
        lead_agency=decision.lead_agency or partnership.identity.owner_without_theme,
        joint_leads=decision.joint_leads,
        acting_lead=decision.acting_lead or partnership.identity.owner_without_theme,
        act_first=decision.act_first,
        risk=decision.risk,
        priority=decision.priority,
        marking="OFFICIAL-SENSITIVE" if sensitive or decision.risk == "high" else "OFFICIAL",
        opened_at=report.received_at,
        due_at=decision.due_at,
        next_action="",
        flags=decision.flags,
        report_count=1,
        street=report.street,
        cell=report.cell,
        danger_unacknowledged=danger,
        danger_since=report.received_at if danger else None,
        sequence=0,
        version=0,
    )
    case = Case(state=state, kind=kind, suggested=decision.panels, intelligence=report.kind == "intelligence")
    change = Change(case, HUB, context)
    change.happens(CaseOpened, why=_why(event), report=report, personal=event.personal)
    _remember(change, case_id, event, context)
    return change.decision()


def _why(event: ReportTriaged) -> str:
    return f"Triage: rule set {event.decision.rule_set}, confidence {event.decision.confidence:.2f}"


def _earlier(one: datetime | None, other: datetime | None) -> datetime | None:
    return min((moment for moment in (one, other) if moment is not None), default=None)


def _joined(found: joining.Joined, event: ReportTriaged, context: Context) -> Decision:
    """The case takes on the higher risk and the earlier due time; its version stays, so no one's edit fails."""
    decision, state = event.decision, found.case.state
    danger = DANGER in decision.flags
    change = Change(found.case, HUB, context)
    change.happens(
        ReportJoined,
        replaces=False,
        why=found.why,
        report=event.report,
        personal=event.personal,
        suggested=tuple(dict.fromkeys((*found.case.suggested, *decision.panels))),
        report_count=state.report_count + 1,
        risk=max(state.risk, decision.risk, key=_RISK.__getitem__),
        priority=min(state.priority, decision.priority),
        due_at=_earlier(state.due_at, decision.due_at),
        flags=tuple(dict.fromkeys((*state.flags, *decision.flags))),
        act_first=tuple(dict.fromkeys((*state.act_first, *decision.act_first))),
        danger_unacknowledged=state.danger_unacknowledged or danger,
        danger_since=event.report.received_at if danger else state.danger_since,
    )
    _remember(change, state.case_id, event, context)
    return change.decision()
