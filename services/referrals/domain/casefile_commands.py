"""The table of commands on what hangs on a case, and what each needs to have loaded."""

from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from schemas import casefile, referring
from schemas.submission import Sent
from services.kernel.decision import Decision
from services.referrals.domain import ladder, leading, merging, people, signs, splitting, tasks
from services.referrals.domain.asked import Asked
from services.referrals.domain.parts import people_key, proposal_key, proposals_key, reports_key
from services.referrals.domain.state import case_key, referrals_key
from services.referrals.messages import Command

ON_CASEFILE: Mapping[str, tuple[type[Sent], Callable[[Asked, Any], Decision]]] = {
    "merge": (casefile.Merge, merging.merge),
    "split": (casefile.Split, splitting.split),
    "confirm-join": (casefile.ConfirmJoin, merging.confirm),
    "refuse-join": (casefile.RefuseJoin, merging.refuse),
    "tasks": (casefile.AddTask, tasks.add),
    "task-done": (casefile.EndTask, tasks.done),
    "task-cancel": (casefile.EndTask, tasks.cancel),
    "people": (casefile.AddPerson, people.add),
    "person": (casefile.ChangePerson, people.change),
    "risk": (casefile.Reassess, leading.reassess),
    "leads": (casefile.ChangeLeads, leading.change_leads),
    "confirm-sign": (casefile.AnswerSign, signs.confirm),
    "strike-sign": (casefile.AnswerSign, signs.strike_out),
    "support": (referring.OfferSupport, ladder.offer_support),
    "steps": (referring.TakeStep, ladder.take_step),
    "breaches": (referring.Breach, ladder.breach),
}
ON_CLOSED = ("task-done", "task-cancel", "person")
"""What may be done to a closed case."""
OF_PEOPLE = ("people", "person", "support", "steps")
MOVES = ("merge", "split", "confirm-join", "refuse-join")
OF_SIGNS = ("confirm-sign", "strike-sign")


def keys_of(command: Command) -> frozenset[str]:
    """What a command's decision looks at beside its case and the case's tasks, which are always loaded."""
    named: set[str] = set()
    if command.name in (*MOVES, *OF_PEOPLE):
        named.add(people_key(command.case_id))
    if command.name in OF_SIGNS:
        named.add(reports_key(command.case_id))
    if command.name in MOVES:
        named.update(*(_whole(case_id) for case_id in (command.case_id, command.other_id) if case_id is not None))
    if command.name.endswith("-join"):
        named.add(proposal_key(command.body["proposal"]))
    return frozenset(named)


def _whole(case_id: UUID) -> set[str]:
    return {key(case_id) for key in (case_key, people_key, reports_key, referrals_key, proposals_key)}
