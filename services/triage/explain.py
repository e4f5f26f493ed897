"""`hub explain`: decides each line of an NDJSON file of reports and writes nothing."""

import json
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

from pydantic import ValidationError

from schemas.codes import Disposition
from schemas.events import ReportFacts, TriageDecision
from schemas.submission import Call, Submission
from services.triage.domain.deciding import Counts, Decided, Rules, decide_report
from services.triage.domain.second_look import asks, words_of
from services.triage.rule_set import read_rules
from services.triage.second_reader import SecondReader

_INNER = {
    "acting_lead",
    "rules",
    "kind_of_case",
    "destination",
    "review_reason",
    "thrive",
    "entitlements",
    "joins",
    "second_reading",
}
_EXPLAINED = UUID("0a4b7a55-6a57-5b64-8a8f-7a4a0a5d1c01")


def decision_view(decision: TriageDecision, because: list[dict[str, Any]]) -> dict[str, Any]:
    """The decision as `product.md` gives it."""
    return decision.model_dump(mode="json", exclude=_INNER) | {"because": because, "case": None}


def explained(line: str, rules: Rules, now: datetime, second: SecondReader | None = None) -> dict[str, Any]:
    """One line: `source_id` and `decision`, or `errors` where it is no report."""
    try:
        sent = Call.model_validate_json(line)
    except ValidationError as error:
        found = error.errors(include_input=False, include_url=False, include_context=False)
        errors = [{"field": "/" + "/".join(map(str, each["loc"])), "message": each["msg"]} for each in found]
        return {"source_id": None, "decision": None, "errors": errors}
    decided = decide_sent(sent, rules, now, second)
    because = [each.as_dict() for each in decided.because]
    decision = decision_view(decided.decision, because)
    if decided.decision.disposition is Disposition.NEEDS_CASE:
        decision["disposition"] = str(Disposition.OPEN_CASE)  # alone, it has no case to join
    return {"source_id": sent.source_id, "decision": decision}


def decide_sent(sent: Submission, rules: Rules, now: datetime, second: SecondReader | None = None) -> Decided:
    """Decide a submission as if it had come in at `now`, without any earlier report; read twice where it is unsure."""
    place = sent.place.model_dump(exclude_none=True) if sent.place else {}
    report = ReportFacts(
        report_id=uuid5(_EXPLAINED, sent.source_id),
        reference="R-222-222-222",
        source_id=sent.source_id,
        channel="online",
        kind=sent.kind,
        category=sent.category,
        received_at=now,
        occurred_at=sent.occurred_at,
        occurred_month=sent.occurred_month,
        street=_street(place.get("text")),
        danger_now=sent.danger_now,
    )
    personal = {
        "description": sent.description or "",
        "place": place,
        "people": [person.model_dump(mode="json", exclude_none=True) for person in sent.people],
    }
    made = decide_report(report, personal, Counts(), rules, now.date())
    if second is None or not asks(report, personal, made, rules):
        return made
    reading = second.read(words_of(personal), rules.reader.lexicon)
    return decide_report(report, personal, Counts(), rules, now.date(), reading)


def _street(text: str | None) -> str | None:
    return text.split(",")[0].removeprefix("On or near ").strip() if text else None


def explain_lines(
    lines: Iterable[str], partnership: Path = Path("partnerships/luton"), second: SecondReader | None = None
) -> Iterator[str]:
    """One JSON line for each line that is not empty."""
    rules, now = read_rules(partnership), datetime.now(UTC)
    for line in lines:
        if line.strip():
            yield json.dumps(explained(line, rules, now, second))
