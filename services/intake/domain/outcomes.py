"""Police outcomes: each is joined to its crime by Crime ID, before or after the crime came, as a correction of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid5

from pydantic import BaseModel, ConfigDict

from services.intake.domain import receiving
from services.intake.domain.receiving import Report
from services.intake.messages import ReceiveReport, TakeOutcome
from services.kernel.decision import Context, Decision

_CRIME = "crime:"


class KnownOutcome(BaseModel):
    """One row of an outcomes extract; `ordinal` tells equal rows apart."""

    model_config = ConfigDict(frozen=True)
    month: str
    outcome: str
    ordinal: int


class Crime(BaseModel):
    """A Crime ID of a partner: how many reports have it, and the outcomes that came, in the order of their coming."""

    model_config = ConfigDict(frozen=True)
    partner: str
    crime_id: str
    ordinals: int = 1
    outcomes: tuple[KnownOutcome, ...] = ()

    def latest(self, ordinal: int) -> str | None:
        """The outcome of the last month; where a Crime ID has several reports, each takes the one of its place."""
        if not self.outcomes:
            return None
        last = max(each.month for each in self.outcomes)
        names = sorted(each.outcome for each in self.outcomes if each.month == last)
        return names[min(ordinal, len(names)) - 1]

    def source_keys(self) -> list[str]:
        """The match keys of its reports."""
        return [receiving.source_key(self.partner, crime_source(self.crime_id, n)) for n in range(1, self.ordinals + 1)]


@dataclass(frozen=True, slots=True)
class OutcomeTaken:
    """The outcome is kept; `reference` names its crime's report, when there is one yet."""

    reference: str | None
    duplicate: bool


def crime_source(crime_id: str, ordinal: int) -> str:
    """The source id of the n-th row with a Crime ID."""
    return f"{_CRIME}{crime_id}#{ordinal}"


def crime_of(source_id: str) -> tuple[str, int] | None:
    """Crime ID and ordinal of a street row's source id; None for a row without a Crime ID."""
    crime_id, _, ordinal = source_id.removeprefix(_CRIME).rpartition("#")
    return (crime_id, int(ordinal)) if source_id.startswith(_CRIME) else None


def crime_key(partner: str, crime_id: str) -> str:
    """Where a Crime ID's outcomes stand."""
    return f"crime:{partner}/{crime_id}"


def row_source(identity: str, ordinal: int) -> str:
    """The source id of an outcome's row."""
    return f"{identity}#{ordinal}"


def cause_of(command: TakeOutcome) -> UUID:
    """The cause of an outcome's corrections: the same whenever the same row comes again."""
    first = receiving.report_id(command.partner, crime_source(command.crime_id, 1))
    return uuid5(first, f"outcome/{command.month}/{command.outcome}/{command.ordinal}")


def joined(
    state: Mapping[str, Any], known: Report | None, command: ReceiveReport
) -> tuple[ReceiveReport, dict[str, Any]]:
    """A street row with the outcome that came before its crime, and the crime that now has one report more."""
    named = crime_of(command.submission.source_id) if command.extract else None
    if named is None or known is not None:
        return command, {}
    crime_id, ordinal = named
    key = crime_key(command.partner, crime_id)
    crime: Crime | None = state.get(key)
    told = crime.latest(ordinal) if crime else None
    if told is not None:
        command = command.model_copy(update={"outcome": told})
    if ordinal <= (crime.ordinals if crime else 1):
        return command, {}
    crime = crime or Crime(partner=command.partner, crime_id=crime_id)
    return command, {key: crime.model_copy(update={"ordinals": ordinal})}


def take(state: Mapping[str, Any], command: TakeOutcome, trace_id: str | None, context: Context) -> Decision:
    """Keep an outcome, and correct the reports of its crime whose outcome it changes."""
    key = crime_key(command.partner, command.crime_id)
    crime: Crime = state.get(key) or Crime(partner=command.partner, crime_id=command.crime_id)
    reports = [found for each in crime.source_keys() if (found := state.get(each)) is not None]
    reference = reports[0].facts.reference if reports else None
    row = KnownOutcome(month=command.month, outcome=command.outcome, ordinal=command.ordinal)
    if row in crime.outcomes:
        return Decision(answer=OutcomeTaken(reference, duplicate=True))
    after = crime.model_copy(update={"outcomes": (*crime.outcomes, row)})
    return _corrected(after, key, reports, command, trace_id, context, OutcomeTaken(reference, duplicate=False))


def _corrected(
    crime: Crime,
    key: str,
    reports: list[Report],
    command: TakeOutcome,
    trace_id: str | None,
    context: Context,
    answer: OutcomeTaken,
) -> Decision:
    waits: str | None = command.batch
    decisions = []
    for report in reports:
        named = crime_of(report.facts.source_id)
        told = crime.latest(named[1]) if named else None
        if told is None or told == report.facts.outcome or report.extract is None:
            continue
        decisions.append(receiving.correct_outcome(report, told, waits, trace_id, context))
        waits = None
    state: dict[str, Any] = {key: crime}
    tallies = {f"decided/{command.batch}": 1} if waits else {}
    for each in decisions:
        state |= each.state
        tallies = {name: tallies.get(name, 0) + each.tallies.get(name, 0) for name in {*tallies, *each.tallies}}
    events = tuple(event for each in decisions for event in each.events)
    return Decision(state=state, events=events, tallies=tallies, answer=answer)
