"""Versions of the rules: drafted, proposed, approved by a second person, published, retired; at most one decides."""

from collections.abc import Callable, Mapping
from typing import Any

from services.kernel.decision import Context, Decision
from services.triage.domain.rule_force import (
    NEVER_DECIDED,
    Check,
    Desk,
    NotDone,
    failing,
    fell_due,
    publish,
    rolled_back,
    step,
    taken_into_force,
    timer_of,
)
from services.triage.domain.rule_versions import (
    Action,
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


def decide(state: Mapping[str, Any], command: RuleCommand, context: Context, check: Check) -> Decision:
    """Decide a command on the rules; the answer is the rule set's head, or why it was not done."""
    heads = {value.number: value for value in state.values() if isinstance(value, Head)}
    desk = Desk(heads, state, context, check)
    if isinstance(command, ShipRules):
        return _shipped(desk, command)
    if isinstance(command, SaveDraft):
        return _saved(desk, command)
    if isinstance(command, PublishDue):
        return fell_due(desk, command)
    return _moved(desk, command)


def _shipped(desk: Desk, command: ShipRules) -> Decision:
    """The folder's rules decide at once, unless a person published others since: then they are proposed."""
    published = desk.published
    by_a_person = (
        published is not None and published.published_by is not None and published.published_by.kind == "person"
    )
    same = next((head for head in desk.heads.values() if head.digest == command.digest), None)
    if same is not None:
        return Decision() if by_a_person or same is published else publish(desk, same, command.by)
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
    made = publish(desk, head, command.by)
    return Decision(state={**made.state, **documents}, events=made.events, tallies=made.tallies, answer=made.answer)


def _saved(desk: Desk, command: SaveDraft) -> Decision:
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


def _drafted(desk: Desk, command: SaveDraft) -> Decision:
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
    "roll-back": NEVER_DECIDED,
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


def _moved(desk: Desk, command: MoveRuleSet) -> Decision:
    known = desk.heads.get(command.number)
    refused = _unfit(known, command.version, _FROM[command.action], _SAYS[command.action])
    if refused is not None or known is None:
        return Decision(answer=refused)
    return _MOVES[command.action](desk, known, command)


def _proposed(desk: Desk, known: Head, command: MoveRuleSet) -> Decision:
    refused = failing(desk, known)
    if refused is not None:
        return Decision(answer=refused)
    return step(known, status="proposed")


def _sent_back(desk: Desk, known: Head, command: MoveRuleSet) -> Decision:
    made = step(known, status="draft", approved_by=None, effective_from=None, trouble=command.reason or None)
    return Decision(state=made.state, cancelled=(timer_of(known),), answer=made.answer)


def _approved(desk: Desk, known: Head, command: MoveRuleSet) -> Decision:
    if command.by.id in {known.author.id, *known.editors}:
        return Decision(answer=NotDone("second-person-needed", "Somebody who did not write it must approve it."))
    return step(known, status="approved", approved_by=command.by)


def _discarded(desk: Desk, known: Head, command: MoveRuleSet) -> Decision:
    made = step(known, status="retired", effective_from=None)
    return Decision(state=made.state, cancelled=(timer_of(known),), answer=made.answer)


_MOVES: Mapping[Action, Callable[[Desk, Head, MoveRuleSet], Decision]] = {
    "propose": _proposed,
    "send-back": _sent_back,
    "approve": _approved,
    "publish": taken_into_force,
    "roll-back": rolled_back,
    "discard": _discarded,
}
