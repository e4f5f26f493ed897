"""The tables decide; what they are not sure of is decided again with the second reader's reading."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

from schemas.events import ReportFacts
from services.triage.domain.deciding import Counts, Decided, Rules, decide_report
from services.triage.domain.evidence import PERSON
from services.triage.domain.reading import Reading
from services.triage.domain.signs import UNANSWERED
from services.triage.domain.weighing import asks_reading


def asks(report: ReportFacts, personal: Mapping[str, Any], made: Decided, rules: Rules) -> bool:
    """Whether the second reader is asked after the tables made this decision: there are words, and it is not sure."""
    if not words_of(personal).strip():
        return False
    sure, flags = made.decision.confidence, made.decision.flags
    return asks_reading(report, sure, flags, rules.partnership, hinted=made.hinted, supposed=made.supposed)


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
    """The decision where this reading is all there is: used where the tables ask for one. Same inputs, same answer.

    They ask for it as they did before anybody answered a sign: a confirmed one must not hide what else was read.
    """
    answered = counts.signs is not UNANSWERED
    unanswered = replace(counts, answers=None, left=frozenset()) if answered else counts
    made = decide_report(report, personal, unanswered, rules, day)
    used = reading if reading is not None and asks(report, personal, made, rules) else None
    if answered:
        return _answered(report, personal, counts, rules, day, used)
    return made if used is None else decide_report(report, personal, counts, rules, day, used)


def _answered(
    report: ReportFacts,
    personal: Mapping[str, Any],
    counts: Counts,
    rules: Rules,
    day: date,
    reading: Reading | None,
) -> Decided:
    """The decision with what people answered of its signs. Where it is sure of no other route, it keeps its own."""
    made = decide_report(report, personal, counts, rules, day, reading)
    route = counts.answers.route if counts.answers else None
    if route is None or not route.stands(made.decision):
        return made
    held = decide_report(report, personal, replace(counts, held=route.themes), rules, day, reading)
    because = (*held.because, PERSON) if route.by_person else held.because
    return replace(held, decision=held.decision.model_copy(update=route.kept()), because=because)
