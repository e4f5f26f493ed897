"""Versions of the rules: drafted, proposed, approved by a second person, published, retired; at most one decides."""

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
    Action,
    Documents,
    Head,
    MoveRuleSet,
    PublishDue,
    RuleCommand,
    SaveDraft,
    ShipRules,
    Status,
    Text,
    head_key,
    text_key,
)

TOPIC_KEY = "triage"
PUBLISH_DUE = "PublishDue"
_THIS_MINUTE = timedelta(minutes=1)
"""A form gives no seconds: the minute that runs is not past."""
_PAST = "That time has passed. Leave it blank to publish now, or give a time to come."

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
class _Desk:
    """What a command is decided on."""

    heads: Mapping[int, Head]
    state: Mapping[str, Any]
    context: Context
    check: Check

    @property
    def published(self) -> Head | None:
        return next((head for head in self.heads.values() if head.status == "published"), None)

    @property
    def next_number(self) -> int:
        return max(self.heads, default=0) + 1


def decide(state: Mapping[str, Any], command: RuleCommand, context: Context, check: Check) -> Decision:
    """Decide a command on the rules; the answer is the rule set's head, or why it was not done."""
    heads = {value.number: value for value in state.values() if isinstance(value, Head)}
    desk = _Desk(heads, state, context, check)
    if isinstance(command, ShipRules):
        return _shipped(desk, command)
    if isinstance(command, SaveDraft):
        return _saved(desk, command)
    if isinstance(command, PublishDue):
        return _fell_due(desk, command)
    return _moved(desk, command)


def _shipped(desk: _Desk, command: ShipRules) -> Decision:
    """The folder's rules decide at once, unless a person published others since: then they are proposed."""
    published = desk.published
    by_a_person = (
        published is not None and published.published_by is not None and published.published_by.kind == "person"
    )
    same = next((head for head in desk.heads.values() if head.digest == command.digest), None)
    if same is not None:
        return Decision() if by_a_person or same is published else _published(desk, same, command.by)
    head = Head(
        rule_set_id=desk.context.derive("rule-set"),
        number=desk.next_number,
        status="proposed",
        digest=command.digest,
        based_on=published.number if published else None,
        reason="As the partnership's folder has them.",
        author=command.by,
        created_at=desk.context.now,
    )
    documents = {text_key(head.number): Text(rule_set_id=head.rule_set_id, documents=command.documents)}
    if by_a_person:
        return Decision(state={head_key(head.number): head, **documents}, answer=head)
    made = _published(desk, head, command.by)
    return Decision(state={**made.state, **documents}, events=made.events, tallies=made.tallies, answer=made.answer)


def _saved(desk: _Desk, command: SaveDraft) -> Decision:
    if command.number is None:
        return _drafted(desk, command)
    known = desk.heads.get(command.number)
    refused = _unfit(known, command.version, ("draft",))
    if refused is not None or known is None:
        return Decision(answer=refused)
    editors = tuple(dict.fromkeys((*known.editors, command.by.id)))
    changed: dict[str, Any] = {"digest": command.digest, "editors": editors, "saved_by": command.by}
    changed |= {"version": known.version + 1} | ({"reason": command.reason} if command.reason else {})
    head = known.model_copy(update=changed)
    return _kept(head, command.documents)


def _drafted(desk: _Desk, command: SaveDraft) -> Decision:
    if not command.reason.strip():
        return Decision(answer=NotDone("reason-missing", "Say why the rules should change."))
    head = Head(
        rule_set_id=desk.context.derive("rule-set"),
        number=desk.next_number,
        status="draft",
        digest=command.digest,
        based_on=command.based_on,
        reason=command.reason,
        author=command.by,
        editors=(command.by.id,),
        saved_by=command.by,
        created_at=desk.context.now,
    )
    return _kept(head, command.documents)


def _kept(head: Head, documents: dict[str, str]) -> Decision:
    text = Text(rule_set_id=head.rule_set_id, documents=documents)
    return Decision(state={head_key(head.number): head, text_key(head.number): text}, answer=head)


_FROM: Mapping[Action, tuple[Status, ...]] = {
    "propose": ("draft",),
    "send-back": ("proposed", "approved"),
    "approve": ("proposed",),
    "publish": ("approved",),
    "roll-back": ("retired",),
    "discard": ("draft", "proposed", "approved"),
}
_SAYS: Mapping[Action, str] = {
    "propose": "Only a draft can be proposed.",
    "send-back": "Only what was proposed or approved can be sent back.",
    "approve": "Only what was proposed can be approved.",
    "publish": "Only what a second person approved can be published.",
    "roll-back": "Only rules that decided before can decide again.",
    "discard": "Rules that decide, or decided, are kept.",
}


def _unfit(known: Head | None, version: int, statuses: tuple[Status, ...], says: str = "") -> NotDone | None:
    if known is None:
        return NotDone("not-found", "There is no rule set with this number.")
    if known.version != version:
        return NotDone("version-stale", "Somebody changed it meanwhile. Look at it again.", known.version)
    if known.status not in statuses:
        return NotDone("wrong-status", says or f"It is {known.status}: only a draft can be changed.", known.version)
    return None


def _moved(desk: _Desk, command: MoveRuleSet) -> Decision:
    known = desk.heads.get(command.number)
    refused = _unfit(known, command.version, _FROM[command.action], _SAYS[command.action])
    if refused is not None or known is None:
        return Decision(answer=refused)
    return _MOVES[command.action](desk, known, command)


def _proposed(desk: _Desk, known: Head, command: MoveRuleSet) -> Decision:
    refused = _failing(desk, known)
    if refused is not None:
        return Decision(answer=refused)
    return _step(known, status="proposed")


def _sent_back(desk: _Desk, known: Head, command: MoveRuleSet) -> Decision:
    made = _step(known, status="draft", approved_by=None, effective_from=None, trouble=command.reason or None)
    return Decision(state=made.state, cancelled=(_timer_of(known),), answer=made.answer)


def _approved(desk: _Desk, known: Head, command: MoveRuleSet) -> Decision:
    if command.by.id in {known.author.id, *known.editors}:
        return Decision(answer=NotDone("second-person-needed", "Somebody who did not write it must approve it."))
    return _step(known, status="approved", approved_by=command.by)


def _taken_into_force(desk: _Desk, known: Head, command: MoveRuleSet) -> Decision:
    """Now, or by a timer when its day comes."""
    refused = _failing(desk, known)
    if refused is not None:
        return Decision(answer=refused)
    when = command.effective_from
    if when is not None and when < desk.context.now - _THIS_MINUTE:
        return Decision(answer=NotDone("effective-date-past", _PAST, known.version))
    if when is None or when <= desk.context.now:
        made = _published(desk, known, command.by)
        return Decision(
            made.state, made.events, cancelled=(_timer_of(known),), tallies=made.tallies, answer=made.answer
        )
    timer = NewTimer(PUBLISH_DUE, f"rules/{known.number}", when, PublishDue(number=known.number, by=command.by))
    made = _step(known, effective_from=when, published_by=command.by, trouble=None)
    return Decision(state=made.state, timers=(timer,), answer=made.answer)


def _rolled_back(desk: _Desk, known: Head, command: MoveRuleSet) -> Decision:
    if known.published_at is None:
        return Decision(answer=NotDone("wrong-status", _SAYS["roll-back"], known.version))
    if not command.reason.strip():
        return Decision(answer=NotDone("reason-missing", "Say why the rules go back."))
    refused = _failing(desk, known)
    if refused is not None:
        return Decision(answer=refused)
    return _published(desk, known, command.by, rollback=True, reason=command.reason)


def _discarded(desk: _Desk, known: Head, command: MoveRuleSet) -> Decision:
    made = _step(known, status="retired", effective_from=None)
    return Decision(state=made.state, cancelled=(_timer_of(known),), answer=made.answer)


_MOVES: Mapping[Action, Callable[[_Desk, Head, MoveRuleSet], Decision]] = {
    "propose": _proposed,
    "send-back": _sent_back,
    "approve": _approved,
    "publish": _taken_into_force,
    "roll-back": _rolled_back,
    "discard": _discarded,
}


def _fell_due(desk: _Desk, command: PublishDue) -> Decision:
    """What does not pass any more (the partnership's files changed meanwhile) stays approved and says why."""
    known = desk.heads.get(command.number)
    if known is None or known.status != "approved":
        return Decision()
    refused = _failing(desk, known)
    if refused is not None:
        return _step(known, trouble="; ".join((refused.message, *refused.problems))[:2000])
    return _published(desk, known, command.by)


def _failing(desk: _Desk, known: Head) -> NotDone | None:
    text: Text = desk.state[text_key(known.number)]
    problems = desk.check(text.documents)
    return NotDone("rules-fail", "The rules do not pass.", known.version, problems) if problems else None


def _step(known: Head, **changes: Any) -> Decision:
    head = known.model_copy(update={"version": known.version + 1, **changes})
    return Decision(state={head_key(head.number): head}, answer=head)


def _timer_of(head: Head) -> CancelledTimer:
    return CancelledTimer(PUBLISH_DUE, f"rules/{head.number}")


def _published(desk: _Desk, known: Head, by: Actor, *, rollback: bool = False, reason: str = "") -> Decision:
    now, before = desk.context.now, desk.published
    head = known.model_copy(
        update={
            "status": "published",
            "published_by": by,
            "published_at": now,
            "effective_from": known.effective_from or now,
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
