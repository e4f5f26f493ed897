"""What takes a version of the rules into force: at once, by a timer on its day, or back again."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from schemas import topics
from schemas.events import Actor
from schemas.personal import seal
from schemas.rule_events import RuleSetPublished
from services.kernel.decision import CancelledTimer, Context, Decision, NewEvent, NewTimer
from services.triage.domain.rule_versions import (
    Documents,
    Head,
    MoveRuleSet,
    PublishDue,
    Text,
    head_key,
    text_key,
)

TOPIC_KEY = "triage"
PUBLISH_DUE = "PublishDue"
_THIS_MINUTE = timedelta(minutes=1)
"""A form gives no seconds: the minute that runs is not past."""
_PAST = "That time has passed. Leave it blank to publish now, or give a time to come."
_OVERTAKEN = (
    "On its day version {number} was in force, published since the day was set: what that changed is not in here. "
    "Publish it if it is to decide all the same; else send it back and take that over."
)
NEVER_DECIDED = "Only rules that decided before can decide again."

Check = Callable[[Documents], tuple[str, ...]]
"""What keeps documents from deciding anything: mistakes in them, golden cases that fail. Pure."""


@dataclass(frozen=True, slots=True)
class NotDone:
    """Why a command on the rules was not carried out."""

    code: str
    message: str
    version: int | None = None
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Desk:
    """What a command is decided on."""

    heads: Mapping[int, Head]
    state: Mapping[str, Any]
    context: Context
    check: Check

    @property
    def published(self) -> Head | None:
        """The version in force."""
        return next((head for head in self.heads.values() if head.status == "published"), None)

    @property
    def next_number(self) -> int:
        """Of the version that is made next."""
        return max(self.heads, default=0) + 1


def taken_into_force(desk: Desk, known: Head, command: MoveRuleSet) -> Decision:
    """Now, or by a timer when its day comes."""
    refused = failing(desk, known)
    if refused is not None:
        return Decision(answer=refused)
    when = command.effective_from
    if when is not None and when < desk.context.now - _THIS_MINUTE:
        return Decision(answer=NotDone("effective-date-past", _PAST, known.version))
    if when is None or when <= desk.context.now:
        made = publish(desk, known, command.by)
        return Decision(made.state, made.events, cancelled=(timer_of(known),), tallies=made.tallies, answer=made.answer)
    timer = NewTimer(PUBLISH_DUE, f"rules/{known.number}", when, PublishDue(number=known.number, by=command.by))
    follows = desk.published.number if desk.published else None
    made = step(known, effective_from=when, follows=follows, published_by=command.by, trouble=None)
    return Decision(state=made.state, timers=(timer,), answer=made.answer)


def rolled_back(desk: Desk, known: Head, command: MoveRuleSet) -> Decision:
    """A version that decided before decides again; with a reason."""
    if known.published_at is None:
        return Decision(answer=NotDone("wrong-status", NEVER_DECIDED, known.version))
    if not command.reason.strip():
        return Decision(answer=NotDone("reason-missing", "Say why the rules go back."))
    refused = failing(desk, known)
    if refused is not None:
        return Decision(answer=refused)
    return publish(desk, known, command.by, rollback=True, reason=command.reason)


def fell_due(desk: Desk, command: PublishDue) -> Decision:
    """What does not pass any more (the partnership's files changed meanwhile), or would undo what was published since
    its day was set, stays approved and says why."""
    known = desk.heads.get(command.number)
    if known is None or known.status != "approved":
        return Decision()
    refused = failing(desk, known)
    if refused is not None:
        return _held_back(known, "; ".join((refused.message, *refused.problems))[:2000])
    in_force = desk.published
    if known.follows and in_force and in_force.number not in (known.follows, known.based_on):
        return _held_back(known, _OVERTAKEN.format(number=in_force.number))
    return publish(desk, known, command.by)


def _held_back(known: Head, trouble: str) -> Decision:
    """It has no day any more."""
    return step(known, effective_from=None, trouble=trouble)


def failing(desk: Desk, known: Head) -> NotDone | None:
    """Why a version may not decide; None where its documents pass."""
    text: Text = desk.state[text_key(known.number)]
    problems = desk.check(text.documents)
    return NotDone("rules-fail", "The rules do not pass.", known.version, problems) if problems else None


def step(known: Head, **changes: Any) -> Decision:
    """The version with these changes."""
    head = known.model_copy(update={"version": known.version + 1, **changes})
    return Decision(state={head_key(head.number): head}, answer=head)


def timer_of(head: Head) -> CancelledTimer:
    """Its day no longer comes."""
    return CancelledTimer(PUBLISH_DUE, f"rules/{head.number}")


def publish(desk: Desk, known: Head, by: Actor, *, rollback: bool = False, reason: str = "") -> Decision:
    """It decides from now on, and what did until now is retired."""
    now, before = desk.context.now, desk.published
    head = known.model_copy(
        update={
            "status": "published",
            "published_by": by,
            "published_at": now,
            "effective_from": min(known.effective_from or now, now),
            "trouble": None,
            "version": known.version + 1,
        }
    )
    changed = {head_key(head.number): head}
    if before is not None:
        changed[head_key(before.number)] = before.model_copy(
            update={"status": "retired", "version": before.version + 1}
        )
    event = RuleSetPublished(
        rule_set_id=head.rule_set_id,
        number=head.number,
        digest=head.digest,
        author=head.author,
        approved_by=head.approved_by,
        published_by=by,
        published_at=now,
        replaces=before.number if before else None,
        rollback=rollback,
        personal=seal({"reason": reason or head.reason}),
    )
    return Decision(
        state=changed,
        events=(NewEvent(topics.RULES, TOPIC_KEY, event),),
        tallies={"rules/published": 1},
        answer=head,
    )
