"""Triage's pure part in memory: a report comes, and how it stands."""

from typing import Any
from uuid import UUID

from schemas.events import ReportFacts, ReportReceived
from schemas.personal import seal
from services.kernel.testing import MemoryLoop
from services.triage.domain import handling
from services.triage.domain.deciding import Rules
from services.triage.domain.rerun import redecided
from services.triage.domain.state import Decided, Superseded


class Deciding:
    """The stage's pure part."""

    decide = staticmethod(handling.handle)


def send(loop: MemoryLoop, number: int, words: str, *people: dict[str, Any], **changes: Any) -> None:
    """A report is received now; what its coming asks for is not done yet."""
    made = {"report_id": UUID(int=number), "reference": f"R-{number}", "source_id": str(number), "channel": "101"}
    facts = ReportFacts.model_validate(made | {"received_at": loop.now} | changes)
    personal = {"description": words, "people": list(people)}
    loop.send(ReportReceived(report=facts, personal=seal(personal)), str(facts.report_id))


def now(loop: MemoryLoop, number: int = 1) -> Decided:
    """How a report stands."""
    found: Decided = loop.state[f"decision:{UUID(int=number)}"]
    return found


def kept(loop: MemoryLoop) -> list[Decided]:
    """The decisions that others have taken the place of."""
    return [each.decided for each in loop.state.values() if isinstance(each, Superseded)]


def stored(decided: Decided) -> Decided:
    """As it comes back from the database."""
    return Decided.model_validate_json(decided.model_dump_json(exclude_none=True))


def assert_made_again_the_same(decided: Decided, rules: Rules) -> None:
    """Decision and reasons come out of what was recorded."""
    made = stored(decided)
    again = redecided(made, rules)
    assert again.decision == made.decision
    assert [each.as_dict() for each in again.because] == made.because == decided.because
