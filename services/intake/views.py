"""What clients get back of a report: the answer to a post, and the receipt."""

import json
from typing import Any

from schemas.codes import Disposition
from services.intake.domain.receiving import DANGER_ADVICE, Accepted, Refused, Report
from services.kernel.http import FieldError, Problem

PATH = "/api/v1/reports"


def posted(answer: Accepted) -> dict[str, Any]:
    """The body of a 202."""
    facts = answer.report.facts
    made: dict[str, Any] = {
        "reference": facts.reference,
        "status": str(answer.report.status),
        "url": f"{PATH}/{facts.reference}",
    }
    if facts.danger_now:
        made["advice"] = DANGER_ADVICE
    return made | ({"duplicate": True} if answer.duplicate else {})


def refused(answer: Refused) -> Problem:
    """The problem of a report that was not taken."""
    status = 422 if answer.code == "unknown-category" else 409
    errors = [FieldError(answer.field, answer.code, answer.message)]
    return Problem(status, answer.code, answer.message + " Nothing was stored.", errors=errors)


def rendered(answer: Accepted | Refused) -> tuple[int, str]:
    """Status and JSON text, as an idempotency key keeps them."""
    if isinstance(answer, Accepted):
        return 202, json.dumps(posted(answer))
    problem = refused(answer)
    return problem.status, json.dumps(problem.body())


def receipt(report: Report, *, with_decision: bool) -> dict[str, Any]:
    """The receipt; what was drawn from other senders' records only for a key with the scope `decisions`."""
    facts = report.facts
    made: dict[str, Any] = {
        "reference": facts.reference,
        "source_id": facts.source_id,
        "revision": facts.revision,
        "channel": facts.channel,
        "kind": facts.kind,
        "status": str(report.status),
        "received_at": facts.received_at.isoformat(),
        "decided_at": report.decided_at.isoformat() if report.decided_at else None,
        "updated_at": report.updated_at.isoformat(),
        "trace_id": report.trace_id,
        "handled_by": report.handled_by,
        "reason": report.reason,
        "closed_reason": report.closed_reason,
    }
    if with_decision:
        made["decision"] = _decision(report)
    return made


def _decision(report: Report) -> dict[str, Any] | None:
    if report.decision is None:
        return None
    joined = {"case": report.case_reference, "disposition": report.case_disposition}
    if report.case_disposition is None and report.decision["disposition"] == Disposition.NEEDS_CASE:
        joined["disposition"] = str(Disposition.OPEN_CASE)  # until referrals says that it was joined
    return report.decision | {name: value for name, value in joined.items() if value is not None}
