"""Open, join or propose: automatic only when sure, otherwise a person decides; always with the score and its parts."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from schemas.case_parts import Part
from schemas.codes import CaseStatus
from schemas.events import ReportTriaged
from services.kernel.decision import Context
from services.partnership.models import Partnership
from services.referrals.domain import matching
from services.referrals.domain.matching import Key
from services.referrals.domain.parts import Matches, People, people_key
from services.referrals.domain.state import Case, case_of

PROPOSED_AT_MOST = 3
"""Likely cases that a person is asked about: of more, the best three; more would not be read."""


@dataclass(frozen=True, slots=True)
class Found:
    """A likely case, how likely, and why; `sure` joins by itself."""

    case: Case
    score: float
    parts: tuple[Part, ...]
    sure: bool

    @property
    def why(self) -> str:
        """In plain words, for the timeline."""
        return f"Score {self.score:.2f}: {', '.join(f'{part.what} {part.weight:.2f}' for part in self.parts)}"

    def shown(self) -> dict[str, Any]:
        """Score and parts, for the event."""
        return {"score": self.score, "parts": [part.model_dump() for part in self.parts]}


def find(event: ReportTriaged, state: Mapping[str, Any], context: Context) -> tuple[Found, ...]:
    """The open cases that the report surely or likely belongs to, the likeliest first; of equals, the one seen last."""
    partnership: Partnership = context.rules.partnership
    propose = float(partnership.threshold("join-propose").value)
    scored = []
    for case, matched, seen in _candidates(event, state, partnership):
        people = state.get(people_key(case.state.case_id)) or People()
        parts = matching.parts(event, matched, case, people, partnership)
        if (score := matching.score(parts)) >= propose:
            scored.append((score, seen, str(case.state.case_id), case, parts))
    best = sorted(scored, key=lambda each: each[:3], reverse=True)[:PROPOSED_AT_MOST]
    enough = float(partnership.threshold("join-sure").value)
    return tuple(
        Found(case, score, parts, score >= enough and _like_sensitive(event, case, partnership))
        for score, _, _, case, parts in best
    )


def _like_sensitive(event: ReportTriaged, case: Case, partnership: Partnership) -> bool:
    """A sensitive report goes by itself only where all are cleared for it, and a plain one not among sensitive ones."""
    return partnership.any_sensitive(event.decision.themes) == partnership.any_sensitive(case.state.themes)


def _candidates(
    event: ReportTriaged, state: Mapping[str, Any], partnership: Partnership
) -> Iterable[tuple[Case, frozenset[Key], Any]]:
    """Open cases found under the report's marks, with those marks and when they were seen last."""
    found: dict[Any, tuple[Case, set[Key], Any]] = {}
    for key in matching.keys(event, partnership):
        for match in (state.get(key.key) or Matches()).cases:
            case = case_of(state, match.case_id)
            if case is None or not _may_join(case):
                continue
            if matching.fresh(key, event.report.received_at - match.seen_at, partnership):
                _, marks, seen = found.setdefault(case.state.case_id, (case, set(), match.seen_at))
                marks.add(key)
                found[case.state.case_id] = (case, marks, max(seen, match.seen_at))
    return [(case, frozenset(marks), seen) for case, marks, seen in found.values()]


def _may_join(case: Case) -> bool:
    return case.state.status is CaseStatus.OPEN and not case.intelligence
