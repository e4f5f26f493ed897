"""The tables decide; what they are not sure of is decided again with the second reader's reading."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from schemas.events import ReportFacts
from services.triage.domain.deciding import Counts, Decided, Rules, decide_report
from services.triage.domain.reading import Reading
from services.triage.domain.weighing import asks_reading


def asks(report: ReportFacts, personal: Mapping[str, Any], made: Decided, rules: Rules) -> bool:
    """Whether the second reader is asked after the tables made this decision: there are words, and it is not sure."""
    if not words_of(personal).strip():
        return False
    decision = made.decision
    return asks_reading(report, decision.confidence, decision.flags, rules.partnership, hinted=made.hinted)


def words_of(personal: Mapping[str, Any]) -> str:
    """What the second reader is given to read."""
    return str(personal.get("description") or "")


def decide_with(
    report: ReportFacts,
    personal: Mapping[str, Any],
    counts: Counts,
    rules: Rules,
    day: date,
    reading: Reading | None,
) -> Decided:
    """The decision where this reading is all there is: used where the tables ask for one. Same inputs, same answer."""
    made = decide_report(report, personal, counts, rules, day)
    if reading is None or not asks(report, personal, made, rules):
        return made
    return decide_report(report, personal, counts, rules, day, reading)
