"""What a receipt learns: the decision from triage, open or join from referrals, and the end of a case."""

from collections.abc import Mapping
from typing import Any

from schemas.codes import Disposition, ReportStatus
from schemas.events import (
    CaseClosed,
    CaseEvent,
    CaseReopened,
    ReportFacts,
    ReportTriaged,
    ReviewRequested,
    TriageDecision,
)
from schemas.personal import reveal
from services.intake.domain import recovering
from services.intake.domain.receiving import Report, Rules
from services.kernel.decision import NOTHING, Context, Decision

UNDECIDED = (ReportStatus.RECEIVED, ReportStatus.QUARANTINED, ReportStatus.IN_REVIEW)
REASONS = {
    Disposition.NEEDS_CASE: "It has gone to the agency that leads on this.",
    Disposition.RECORD_ONLY: "It has been recorded and counts in the partnership's figures.",
    Disposition.REVIEW: "A person is looking at it.",
    Disposition.NOT_OURS: "It is for another organisation.",
}


def decided(state: Mapping[str, Report], body: ReportTriaged | ReviewRequested, context: Context) -> Decision:
    """The decision reaches the receipt; a report that a restore took comes back with it."""
    key = recovering.key_of(body.report)
    if key is None:
        return NOTHING
    if (known := state.get(key)) is not None:
        return _decided(known, body, key, context)
    made, added = recovering.recovered(body.report, context)
    return recovering.with_balance(_decided(made, body, key, context), added)


def _decided(known: Report, body: ReportTriaged | ReviewRequested, key: str, context: Context) -> Decision:
    """An older revision's decision changes nothing."""
    if body.report.revision < known.facts.revision or known.withdrawn:
        return NOTHING
    review = isinstance(body, ReviewRequested)
    ended = ReportStatus.ROUTED if known.case_closed is None else ReportStatus.CLOSED
    status = ReportStatus.IN_REVIEW if review else ended
    after = known.model_copy(
        update={
            "status": status,
            "decided_at": body.decided_at,
            "updated_at": context.now,
            "handled_by": _handled_by(body.decision, context.rules),
            "reason": _reason(body.decision),
            "closed_reason": None if review else known.case_closed,
            "decision": view(body.decision, reveal(body.personal).get("because", [])),
            "batch_waits": None,
        }
    )
    counted = {f"decided/{known.batch_waits}": 1} if known.batch_waits else {}
    return Decision(state={key: after}, tallies=moved(known, after) | counted)


def moved(before: Report, after: Report) -> dict[str, int]:
    """What a change of status moves in the balance."""
    if before.status is after.status:
        return {}
    return {_counted_as(before.status): -1, _counted_as(after.status): 1}


def _counted_as(status: ReportStatus) -> str:
    return "waiting" if status is ReportStatus.RECEIVED else f"status/{status}"


def _handled_by(decision: TriageDecision, rules: Rules) -> str | None:
    code = decision.acting_lead or decision.lead_agency
    return rules.partnership.agency(code).name if code else decision.destination


def _reason(decision: TriageDecision) -> str:
    if decision.disposition is Disposition.NOT_OURS and decision.destination:
        return f"It is for {decision.destination}."
    return REASONS[decision.disposition]


def view(decision: TriageDecision, because: list[dict[str, Any]]) -> dict[str, Any]:
    """The decision as `product.md` gives it to keys with the scope `decisions`."""
    return {
        "themes": list(decision.themes),
        "lead_agency": decision.lead_agency,
        "joint_leads": list(decision.joint_leads),
        "act_first": list(decision.act_first),
        "disposition": str(decision.disposition),
        "risk": decision.risk,
        "priority": decision.priority,
        "due_at": decision.due_at.isoformat() if decision.due_at else None,
        "panels": list(decision.panels),
        "flags": list(decision.flags),
        "confidence": decision.confidence,
        "rule_set": decision.rule_set,
        "because": because,
        "case": None,
    }


def case_changed(state: dict[str, Report], event: CaseEvent, context: Context) -> Decision:
    """Opened or joined: the receipt of `event.report`. Closed or re-opened: the receipts of all the case's reports."""
    if event.report is not None:
        return _in_case(state, event, event.report, context)
    if isinstance(event, CaseClosed | CaseReopened):
        return _case_ended(state, event, context)
    return NOTHING


def _in_case(state: dict[str, Report], event: CaseEvent, report: ReportFacts, context: Context) -> Decision:
    key = recovering.key_of(report)
    if key is None:
        return NOTHING
    known, added = (state[key], {}) if key in state else recovering.recovered(report, context)
    opened = event.TYPE == "CaseOpened"
    after = known.model_copy(
        update={
            "case_id": event.case.case_id,
            "case_reference": event.case.reference,
            "case_disposition": str(Disposition.OPEN_CASE if opened else Disposition.JOIN_CASE),
            "updated_at": context.now,
        }
    )
    return Decision(state={key: after}, tallies=added)


def _case_ended(state: dict[str, Report], event: CaseEvent, context: Context) -> Decision:
    closed = isinstance(event, CaseClosed)
    reason = (event.case.outcome or "closed") if closed else None
    status = ReportStatus.CLOSED if closed else ReportStatus.ROUTED
    changed: dict[str, Report] = {}
    tallies: dict[str, int] = {}
    for key, known in state.items():
        if not known or known.case_id != event.case.case_id or known.withdrawn:
            continue
        after = known.model_copy(update={"case_closed": reason} | _ended(known, status, reason))
        if after == known:
            continue
        changed[key] = after.model_copy(update={"updated_at": context.now})
        for name, amount in moved(known, after).items():
            tallies[name] = tallies.get(name, 0) + amount
    return Decision(state=changed, tallies=tallies)


def _ended(known: Report, status: ReportStatus, reason: str | None) -> dict[str, Any]:
    """What of a report waits still, a correction say, waits on: its own decision says later how it ended."""
    return {} if known.status in UNDECIDED else {"status": status, "closed_reason": reason}
