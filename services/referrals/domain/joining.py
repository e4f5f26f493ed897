"""Open or join: automatic only when sure, and always with the rule that did it."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from schemas.codes import CaseStatus
from schemas.events import ReportTriaged
from schemas.personal import reveal
from services.kernel.decision import Context
from services.partnership.models import Partnership
from services.referrals.domain.state import Case, Match, case_key

HARM_AT_A_PLACE = ("cuckooing", "fire-arson", "trafficking", "labour-exploitation")
"""Harms that belong to a place: two reports of one at the same place are about the same thing."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A key under which a like case may be found, and the threshold that says how long it counts."""

    key: str
    threshold: str
    why: str


@dataclass(frozen=True, slots=True)
class Joined:
    """The case to join, and why."""

    case: Case
    why: str


def _person_hash(person: Mapping[str, Any]) -> str:
    words = " ".join(str(person["name"]).lower().split())
    born = person.get("date_of_birth") or ""
    return hashlib.blake2b(f"{words}/{born}".encode(), digest_size=12).hexdigest()


def candidates(event: ReportTriaged, partnership: Partnership) -> Iterator[Candidate]:
    """The keys of a report, the surest first. Intelligence has none: it is never joined by itself."""
    if event.report.kind != "intelligence":
        yield from _of_people(event)
        yield from _of_place(event, partnership)


def _of_people(event: ReportTriaged) -> Iterator[Candidate]:
    place = event.report.cell or event.report.street
    for person in reveal(event.personal).get("people") or ():
        if place and person.get("name") and person.get("role") in ("victim", "subject", "suspect"):
            key = f"person:{_person_hash(person)}:{place}"
            yield Candidate(key, "join-same-person", "same person at the same place")


def _of_place(event: ReportTriaged, partnership: Partnership) -> Iterator[Candidate]:
    cell, decision = event.report.cell, event.decision
    if cell is None:
        return
    for flag in sorted(set(decision.flags) & set(HARM_AT_A_PLACE)):
        yield Candidate(f"harm:{flag}:{cell}", "join-same-place", "same harm at the same place")
    for theme in decision.themes[:1]:
        if not partnership.theme(theme).sensitive:
            yield Candidate(f"place:{theme}:{cell}", "join-same-place", "same place and theme")


def find(event: ReportTriaged, state: Mapping[str, Any], context: Context) -> Joined | None:
    """The open case that this report surely belongs to."""
    partnership: Partnership = context.rules.partnership
    for candidate in candidates(event, partnership):
        match: Match | None = state.get(candidate.key)
        if match is None:
            continue
        threshold = partnership.threshold(candidate.threshold)
        if event.report.received_at - match.seen_at > timedelta(days=threshold.within_days or 0):
            continue
        case: Case | None = state.get(case_key(match.case_id))
        if case is not None and case.state.status is CaseStatus.OPEN and not case.intelligence:
            days = threshold.within_days
            return Joined(case, f"Rule {candidate.threshold}: {candidate.why} within {days} days (default, not policy)")
    return None
