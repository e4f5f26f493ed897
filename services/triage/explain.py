"""`hub explain`: decides each line of an NDJSON file of reports and writes nothing."""

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import PurePath
from traceback import extract_tb
from typing import Any
from uuid import UUID, uuid5

from pydantic import ValidationError

from schemas.codes import Disposition
from schemas.events import ReportFacts, TriageDecision
from schemas.submission import Call, Submission, source_id_of
from services.partnership.calendars import NoWorkingTime
from services.partnership.history import occurred_long_ago
from services.triage.domain.deciding import Counts, Decided, Rules, decide_report
from services.triage.domain.second_look import asks, words_of
from services.triage.second_reader import Reads

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
_PLACE = re.compile(r"at line 1 column (\d+)$")
RAISED = (ArithmeticError, AttributeError, LookupError, NoWorkingTime, RuntimeError, TypeError, ValueError)
"""What rules raise that were never checked: `hub check partnership` would have named most of it."""
RULES_RAISED = "rules-raised"
"""The code of the one error of a line that the rules could not decide."""
_EXPLAINED = UUID("0a4b7a55-6a57-5b64-8a8f-7a4a0a5d1c01")


def decision_view(decision: TriageDecision, because: list[dict[str, Any]]) -> dict[str, Any]:
    """The decision as `product.md` gives it."""
    return decision.model_dump(mode="json", exclude=_INNER) | {"because": because, "case": None}


def explained(line: str, rules: Rules, now: datetime, second: Reads | None = None) -> dict[str, Any]:
    """One line: `source_id` and `decision`, or `errors` where it is no report."""
    try:
        sent = Call.model_validate_json(line)
    except ValidationError as error:
        found = error.errors(include_input=False, include_url=False, include_context=False)
        errors = [{"field": "/" + "/".join(map(str, each["loc"])), "message": _of_this_line(each)} for each in found]
        return {"source_id": source_id_of(line), "decision": None, "errors": errors}
    decided = decide_sent(sent, rules, now, second)
    because = [each.as_dict() for each in decided.because]
    decision = decision_view(decided.decision, because)
    if decided.decision.disposition is Disposition.NEEDS_CASE:
        decision["disposition"] = str(Disposition.OPEN_CASE)  # alone, it has no case to join
    return {"source_id": sent.source_id, "decision": decision}


def _of_this_line(error: Mapping[str, Any]) -> str:
    """What is wrong; the parser counts the lines of what it was given, which is one line of somebody's file."""
    message = str(error["msg"])
    if error["type"] != "json_invalid":
        return message
    return _PLACE.sub(r"at column \1 of this line", message)


def decide_sent(sent: Submission, rules: Rules, now: datetime, second: Reads | None = None) -> Decided:
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
        historic=occurred_long_ago(sent, now, rules.partnership),
    )
    personal = {
        "description": sent.description or "",
        "place": place,
        "people": [person.model_dump(mode="json", exclude_none=True) for person in sent.people],
    }
    day = rules.partnership.day(now)
    made = decide_report(report, personal, Counts(), rules, day)
    if second is None or not asks(report, personal, made, rules):
        return made
    reading = second.read(words_of(personal), rules.reader.lexicon)
    return decide_report(report, personal, Counts(), rules, day, reading)


def _street(text: str | None) -> str | None:
    return text.split(",")[0].removeprefix("On or near ").strip() if text else None


def explain_lines(lines: Iterable[str], rules: Rules, second: Reads | None = None) -> Iterator[dict[str, Any]]:
    """An answer for each line that is not empty; one without a decision says its `line`, counted from 1 with all."""
    now = datetime.now(UTC)
    for number, line in enumerate(lines, 1):
        if line.strip():
            made = _answered(line.rstrip("\n"), rules, now, second)
            yield made if made["decision"] else {**made, "line": number}


def _answered(line: str, rules: Rules, now: datetime, second: Reads | None) -> dict[str, Any]:
    """As `explained`; rules that raise are told of this line, and the others are still decided."""
    try:
        return explained(line, rules, now, second)
    except RAISED as error:
        last = extract_tb(error.__traceback__)[-1]
        message = f"The rules raised {type(error).__name__} at {PurePath(last.filename).name}:{last.lineno}."
        wrong = {"field": "", "code": RULES_RAISED, "message": message}
        return {"source_id": source_id_of(line), "decision": None, "errors": [wrong]}
