"""A small share of what is decided without a person is looked at by one afterwards: so its quality is known.

Nothing is delayed and nothing reopened: the answer counts in the rules' own figures and stands with the decision.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

from schemas import topics
from schemas.events import DecisionChecked
from schemas.personal import seal
from services.kernel.decision import Context, Decision, NewEvent
from services.partnership.live_themes import themes_to_choose
from services.partnership.models import Partnership
from services.triage.domain.quality import judged
from services.triage.domain.state import Checked, Decided, is_counted
from services.triage.domain.succession import report_key
from services.triage.messages import CheckSample

SHARE, OPEN_FOR = "sample-share", "sample-open"
RIGHT, WRONG = "sample/right", "sample/wrong"
_WHOLE = 1 << 64


@dataclass(frozen=True, slots=True)
class NotChecked:
    """Why an answer to a sample was not taken."""

    code: Literal["version-stale", "not-a-sample", "theme-unknown", "theme-twice", "sample-same"]
    message: str
    current: Decided | None = None


def chosen(report_id: UUID, share: float) -> bool:
    """Whether a report belongs to the share: by its id alone, so that nobody and no run can choose otherwise."""
    digest = hashlib.blake2b(report_id.bytes, digest_size=8, person=b"sample").digest()
    return int.from_bytes(digest) < share * _WHOLE


def with_sample(known: Decided | None, after: Decided, partnership: Partnership) -> Decided:
    """The hub's decision, marked where it is to be checked; an earlier check holds while the themes are the same."""
    by_a_person = after.in_review or after.reviewed is not None
    alone = not (by_a_person or after.report.historic) and is_counted(after.report)
    if not alone or not chosen(after.report.report_id, partnership.threshold(SHARE).value):
        return after
    checked = known.checked if known and known.decision.themes == after.decision.themes else None
    return after.model_copy(update={"sample": True, "checked": checked})


def waits(decided: Decided) -> bool:
    """Whether a person is still to look at the sample."""
    return decided.sample and decided.checked is None and not decided.withdrawn


def check(state: Mapping[str, Any], command: CheckSample, context: Context) -> Decision:
    """Keep what a person says of it; the decision, its version and its case stay as they are."""
    known: Decided | None = state.get(report_key(command.report_id))
    refusal = _refusal(known, command, context)
    if refusal is not None or known is None:
        return Decision(answer=refusal)
    themes = known.decision.themes if command.right else command.themes
    checked = Checked(right=command.right, themes=themes, by=command.by.id, at=context.now, reason=command.reason)
    after = known.model_copy(update={"checked": checked})
    body = DecisionChecked(
        report=known.report,
        decision=known.decision,
        right=command.right,
        themes=themes,
        checked_at=context.now,
        checked_by=command.by,
        personal=seal({"reason": command.reason} if command.reason else {}),
    )
    return Decision(
        state={report_key(command.report_id): after},
        events=(NewEvent(topics.DECISIONS, str(command.report_id), body),),
        tallies={RIGHT if command.right else WRONG: 1, **judged(command.spoke, themes)},
        answer=after,
    )


def _refusal(known: Decided | None, command: CheckSample, context: Context) -> NotChecked | None:
    if known is not None and known.version != command.version:
        return NotChecked("version-stale", "It was decided again meanwhile.", known)
    if known is None or not waits(known):
        return NotChecked("not-a-sample", "This report is no sample to check. Somebody may have checked it.")
    return None if command.right else _of_correction(known, command, context)


def _of_correction(known: Decided, command: CheckSample, context: Context) -> NotChecked | None:
    partnership: Partnership = context.rules.partnership
    if not set(command.themes) <= themes_to_choose(partnership, partnership.day(context.now)):
        return NotChecked("theme-unknown", "Name themes of the strategy in force, or none where it is not ours.")
    if len(set(command.themes)) != len(command.themes):
        return NotChecked("theme-twice", "Name each theme once, the main one first.")
    if command.themes[:1] == known.decision.themes[:1]:
        return NotChecked("sample-same", "That is what was decided. Answer that it is right, or name another theme.")
    return None
