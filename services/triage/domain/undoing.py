"""Who answered a report in review takes the answer back: a further decision, by which the report waits as before.

Triage knows no cases: whether somebody has worked on the one that the answer made is asked before, by who shows the
form, and looked at once more under lock where the case is kept.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from services.kernel.decision import Context, Decision
from services.partnership.models import Partnership
from services.triage.domain.state import Decided, Superseded
from services.triage.domain.succession import report_key, succeed
from services.triage.messages import UndoReview

WITHIN = "undo-within"


@dataclass(frozen=True, slots=True)
class NotUndone:
    """Why an answer was not taken back."""

    code: Literal["version-stale", "nothing-to-undo", "undo-not-yours", "undo-too-late", "undo-of-split"]
    message: str
    current: Decided | None = None


def before_key(report_id: UUID, version: int) -> str:
    """The state key of the decision that `version` took the place of."""
    return f"history:{report_id}:{version - 1}"


def undo_until(decided: Decided, partnership: Partnership) -> datetime | None:
    """Until when the answer may be taken back; None where the decision is no answer, or one that made two reports."""
    if decided.answer is None or decided.in_review or decided.answer == "split":
        return None
    return decided.decided_at + timedelta(minutes=partnership.threshold(WITHIN).value)


def undo(state: Mapping[str, Any], command: UndoReview, context: Context) -> Decision:
    """Put the report back into review with its earlier decision, on its first clock; or say why not."""
    known: Decided | None = state.get(report_key(command.report_id))
    kept: Superseded | None = state.get(before_key(command.report_id, command.version))
    refusal = _refusal(known, kept, command, context)
    if refusal is not None or known is None or kept is None:
        return Decision(answer=refusal)
    before = kept.decided
    after = before.model_copy(
        update={
            "ruled_on": before.day,
            "decided_at": context.now,
            "decided_by": command.by.id,
            "decided_by_name": command.by.name,
            "waits_since": before.waited_for_since,
            "version": known.version + 1,
            "undone": known.answer,
        }
    )
    tallies = dict.fromkeys((f"review/{known.answer}", *known.counted), -1) | {"review/undone": 1}
    return succeed(known, after, command.by, context, tallies)


def _refusal(known: Decided | None, kept: Superseded | None, command: UndoReview, context: Context) -> NotUndone | None:
    if known is not None and known.version != command.version:
        return NotUndone("version-stale", "Somebody changed it meanwhile.", known)
    if known is None or known.answer is None or known.in_review or kept is None or not kept.decided.in_review:
        return NotUndone("nothing-to-undo", "There is no answer to take back: it waits, or was decided again since.")
    return _not_hers(known, command, context)


def _not_hers(known: Decided, command: UndoReview, context: Context) -> NotUndone | None:
    if known.decided_by != command.by.id:
        return NotUndone("undo-not-yours", "Only who gave the answer takes it back. Reroute its case instead.")
    until = undo_until(known, context.rules.partnership)
    if until is None:
        return NotUndone(
            "undo-of-split", "The split made two reports, each with a case: reroute or merge those instead."
        )
    if context.now > until:
        minutes = round(context.rules.partnership.threshold(WITHIN).value)
        return NotUndone(
            "undo-too-late", f"An answer is taken back within {minutes} minutes. Reroute its case instead."
        )
    return None
