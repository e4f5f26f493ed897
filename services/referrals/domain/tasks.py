"""Tasks: added, done, cancelled; due ones remind and then escalate; an entitlement opens one task a case, never two."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from schemas.case_life import TaskAdded, TaskCancelled, TaskDone, TaskEscalated, TaskReminded
from schemas.case_parts import TaskState
from schemas.casefile import AddTask, EndTask
from schemas.events import Actor, CaseEvent
from schemas.facts import Entitlement
from schemas.personal import seal
from services.kernel.decision import NOTHING, CancelledTimer, Context, Decision, NewTimer
from services.partnership.lookups import UnknownCode
from services.partnership.models import Partnership
from services.referrals.domain.asked import Asked
from services.referrals.domain.change import Change
from services.referrals.domain.parts import Task, Tasks, tasks_key
from services.referrals.domain.state import case_of
from services.referrals.messages import TaskDue

REMIND, ESCALATE = "task-due", "task-late"
HUB = Actor(kind="hub", id="referrals", name="The hub")


def add(asked: Asked, body: AddTask) -> Decision:
    """Something to do, by her who is named, else by the case's owner, else by its lead."""
    refusal = _unknown(asked, body)
    if refusal is not None:
        return refusal
    due_at = body.due_at or asked.context.now + _span(asked.partnership, "task-due")
    if due_at <= asked.context.now:
        return asked.refused("due-in-the-past", "The task's due time has passed. Give a later one.")
    state = TaskState(
        task_id=asked.context.derive("task"),
        case_id=asked.case.state.case_id,
        due_at=due_at,
        person=body.person or (None if body.agency else asked.case.state.owner),
        agency=body.agency or asked.case.state.acting_lead or asked.case.state.lead_agency,
    )
    change = asked.change()
    open_task(change, Task(state=state, what=body.what, by=asked.by.id), asked.tasks(asked.case), asked.context)
    return change.decision()


def _unknown(asked: Asked, body: AddTask) -> Decision | None:
    try:
        if body.person is not None:
            person = asked.partnership.person(body.person)
            seen = {person.agency, *person.panels} & set(asked.case.visible_to)
            if person.sees == "no-cases" or not (seen or person.sees == "all-agencies"):
                return asked.refused("owner-may-not-see", "This person's agency may not see the case. Refer it first.")
        if body.agency is not None and asked.partnership.agency(body.agency).code not in asked.case.visible_to:
            return asked.refused("agency-may-not-see", "This agency may not see the case. Refer it first.")
    except UnknownCode:
        return asked.refused("owner-unknown", "There is no such person or agency.")
    return None


def open_task(change: Change, task: Task, known: Tasks, context: Context) -> None:
    """Keep the task, say so, and start its clock."""
    _stands(change, task, known.with_(task), context)
    change.happens(TaskAdded, replaces=False, personal=seal({"what": task.what}), parts={"task": task.state})
    _arm(change, task)


def _stands(change: Change, task: Task, after: Tasks, context: Context) -> None:
    """The row, the case's open tasks, and what the next one asks for."""
    case_id = change.case.state.case_id
    change.keep(f"task:{task.state.task_id}", task)
    change.keep(tasks_key(case_id), after)
    waiting = after.open()
    change.note(
        next_task=_words(waiting[0], context.rules.partnership) if waiting else None,
        state=change.case.state.model_copy(update={"open_tasks": len(waiting)}),
    )


def _words(task: Task, partnership: Partnership) -> str:
    """Words for lists, without what people wrote."""
    state = task.state
    if state.kind == "entitlement":
        return f"Look at an entitlement: {str(state.entitlement).replace('-', ' ')}"
    if state.due_at is None:
        return "Do the open task"
    local = state.due_at.astimezone(partnership.zone)
    return f"Do the task that is due {local.day} {local:%b}"


def _span(partnership: Partnership, code: str) -> timedelta:
    threshold = partnership.threshold(code)
    return timedelta(**{threshold.unit: float(threshold.value)})


def _arm(change: Change, task: Task) -> None:
    if task.state.due_at is not None:
        due = TaskDue(case_id=task.state.case_id, task_id=task.state.task_id)
        change.arm(NewTimer(REMIND, str(task.state.task_id), task.state.due_at, due))


def done(asked: Asked, body: EndTask) -> Decision:
    """The task was done; what came of it is said."""
    return _ended(asked, body, TaskDone, "done")


def cancel(asked: Asked, body: EndTask) -> Decision:
    """The task is no longer wanted."""
    return _ended(asked, body, TaskCancelled, "cancelled")


def _ended(asked: Asked, body: EndTask, event: type[CaseEvent], status: str) -> Decision:
    known = asked.tasks(asked.case)
    task = _find(known, body.task)
    if task is None or task.state.status != "open":
        return asked.refused("task-ended", "There is no such open task. Somebody may have ended it.")
    change = asked.change()
    after = _moved(task, status=status)
    _stands(change, after, known.with_(after), asked.context)
    for kind in (REMIND, ESCALATE):
        change.cancel(CancelledTimer(kind, str(body.task)))
    change.happens(event, replaces=False, personal=seal({"reason": body.reason}), parts={"task": after.state})
    return change.decision()


def _find(tasks: Tasks, task_id: UUID) -> Task | None:
    return next((each for each in tasks.tasks if each.state.task_id == task_id), None)


def _moved(task: Task, **updates: Any) -> Task:
    state = task.state.model_copy(update=updates | {"version": task.state.version + 1})
    return task.model_copy(update={"state": state})


def due(state: Mapping[str, Any], message: TaskDue, kind: str, context: Context) -> Decision:
    """Due: who is to do it is reminded. Still open a while later: the duty manager is told."""
    case = case_of(state, message.case_id)
    known: Tasks = (state.get(tasks_key(case.state.case_id)) if case else None) or Tasks()
    task = _find(known, message.task_id)
    if case is None or task is None or task.state.status != "open":
        return NOTHING
    change = Change(case, HUB, context)
    if kind == ESCALATE:
        return _told(change, _moved(task, escalated=True), known, TaskEscalated, context)
    late = context.now + _span(context.rules.partnership, "task-escalate")
    change.arm(NewTimer(ESCALATE, str(task.state.task_id), late, message))
    return _told(change, _moved(task, reminded=True), known, TaskReminded, context)


def _told(change: Change, task: Task, known: Tasks, event: type[CaseEvent], context: Context) -> Decision:
    _stands(change, task, known.with_(task), context)
    why = "It is due" if event is TaskReminded else "It is still open long after it was due"
    change.happens(event, replaces=False, why=why, parts={"task": task.state})
    return change.decision()


def entitled(change: Change, found: Iterable[Entitlement], known: Tasks, at: datetime, context: Context) -> None:
    """One task a case and entitlement, whatever became of the first: a person looks at it, the hub decides nothing."""
    have = {each.state.entitlement for each in known.tasks}
    for number, each in enumerate(found):
        if each.code in have:
            continue
        have.add(each.code)
        case = change.case.state
        state = TaskState(
            task_id=context.derive("entitlement", number),
            case_id=case.case_id,
            kind="entitlement",
            entitlement=each.code,
            due_at=at + _span(context.rules.partnership, "task-due"),
            person=case.owner,
            agency=case.acting_lead or case.lead_agency,
        )
        task = Task(state=state, what=_what(each))
        open_task(change, task, known, context)
        known = known.with_(task)


def _what(found: Entitlement) -> str:
    counted = f" {found.count} incidents in {found.within_days} days." if found.count and found.within_days else ""
    source = "" if found.status in ("law", "published") else f" ({found.status}, not Luton policy)"
    note = found.note or "may meet the threshold"
    return f"{found.code.replace('-', ' ').capitalize()}: {note}.{counted} Decide, and tell the person{source}."


def drop_doubles(change: Change, leaving: Tasks, known: Tasks) -> None:
    """An entitlement that the survivor has a task for needs no second one."""
    for task in leaving.open():
        if task.state.entitlement and task.state.entitlement in _entitlements(known):
            after = _moved(task, status="cancelled")
            change.keep(f"task:{task.state.task_id}", after)
            for kind in (REMIND, ESCALATE):
                change.cancel(CancelledTimer(kind, str(task.state.task_id)))
            why = "The surviving case has this task"
            change.happens(TaskCancelled, replaces=False, why=why, parts={"task": after.state})


def _entitlements(known: Tasks) -> set[str | None]:
    return {each.state.entitlement for each in known.tasks if each.state.entitlement}


def move(change: Change, leaving: Tasks, known: Tasks, context: Context) -> None:
    """A merged case's open tasks come along, except those that `drop_doubles` ended."""
    for task in leaving.open():
        if task.state.entitlement in _entitlements(known):
            continue
        moved = _moved(task, case_id=change.case.state.case_id)
        open_task(change, moved, known, context)
        known = known.with_(moved)
