"""What triage would decide on the training texts, each with the reading of a reader that never saw it."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from uuid import UUID

from schemas.codes import Disposition
from schemas.events import ReportFacts, TriageDecision
from services.triage.domain.deciding import Counts, Rules, decide_report
from services.triage.domain.reading import NONE, Reading
from services.triage.domain.second_look import asks, decide_with
from services.triage.lessons import Texts

_WHEN = datetime(2026, 3, 2, 10, tzinfo=UTC)


def rehearse(description: str, reading: Reading, rules: Rules) -> TriageDecision:
    """The decision on a text, read a second time where a live report would be."""
    report = ReportFacts(
        report_id=UUID(int=1), reference="R-222-222-222", source_id="rehearsal", channel="online", kind="incident",
        received_at=_WHEN, danger_now=False,
    )  # fmt: skip
    personal = {"description": description}
    made = decide_report(report, personal, Counts(), rules, _WHEN.date())
    if not asks(report, personal, made, rules):
        return made.decision
    return decide_with(report, personal, Counts(), rules, _WHEN.date(), reading).decision


def rehearsed(texts: Texts, readings: Sequence[Reading], rules: Rules) -> dict[str, float]:
    """Shares: right main themes, decided without a person, right of those, none with a theme; and harm."""
    made = [rehearse(text["description"], read, rules) for text, read in zip(texts, readings, strict=True)]
    pairs = [
        (text["themes"][0] if text["themes"] else NONE, decision.themes[0] if decision.themes else NONE)
        for text, decision in zip(texts, made, strict=True)
    ]
    alone = [decision.disposition is not Disposition.REVIEW for decision in made]
    return {
        "right": _share(due == got for due, got in pairs),
        "decided_alone": _share(alone),
        "right_of_alone": _share(due == got for (due, got), by_itself in zip(pairs, alone, strict=True) if by_itself),
        "none_with_a_theme": _share(got != NONE for due, got in pairs if due == NONE),
        "none_routed_alone": _share(
            got != NONE and by_itself for (due, got), by_itself in zip(pairs, alone, strict=True) if due == NONE
        ),
        **_of_harm(
            [(set(text["flags"]), decision) for text, decision in zip(texts, made, strict=True)], _told(readings)
        ),
    }


def _told(readings: Sequence[Reading]) -> set[str]:
    """The harms that a reader tells: those that training texts are labelled with."""
    return {flag for reading in readings[:1] for flag in reading.harms}


def _of_harm(made: Sequence[tuple[set[str], TriageDecision]], told: set[str]) -> dict[str, float]:
    """Of labelled harm the share that is flagged, of flags the share that is right, and whom nobody sees."""
    flags = [(due, told & set(decision.flags)) for due, decision in made]
    return {
        "harm_recall": _share(flag in got for due, got in flags for flag in due),
        "harm_precision": _share(flag in due for due, got in flags for flag in got),
        "harmed_unseen": _share(
            decision.disposition is not Disposition.REVIEW and not decision.flags for due, decision in made if due
        ),
    }


def _share(holds: Iterable[bool]) -> float:
    told = list(holds)
    return round(sum(told) / len(told), 3) if told else 0.0
