"""What clients get back of a case's parts, of the past, and of many cases moved at once."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from schemas.case_parts import ROLES
from schemas.events import CaseState
from services.access.sharing import Sight
from services.referrals import views
from services.referrals.domain.history import Known
from services.referrals.domain.parts import CasePerson, Proposal, Task
from services.referrals.domain.state import Case, Done, Refused

OUTCOMES = {"stale": "stale", "refused": "refused", "not-found": "not-found", "not-yours": "refused"}


def task_view(task: Task) -> dict[str, Any]:
    """A task with what is to be done."""
    state = task.state.model_dump(mode="json", exclude={"case_id"})
    return {"task": state.pop("task_id"), "what": task.what} | state


def person_view(person: CasePerson) -> dict[str, Any]:
    """A person with role and safe contact."""
    state = person.state
    shown = {
        name: person.personal.get(name) for name in ("name", "date_of_birth", "age", "under_18", "contact", "consent")
    }
    return {"person": str(state.person_id), "role": state.role, "safe": state.safe, "by_hand": state.by_hand} | {
        name: value for name, value in shown.items() if value is not None
    }


def _place(person: CasePerson) -> tuple[int, str]:
    """By role, those whom harm was done to first, then by name: a list that stands the same each time."""
    return ROLES.index(person.state.role), str(person.personal.get("name") or "").casefold()


def proposal_view(proposal: Proposal, case: Case) -> dict[str, Any]:
    """A proposal with its score and parts, from this case's side."""
    state = proposal.state
    here = state.case_id == case.state.case_id
    return {
        "proposal": str(state.proposal_id),
        "other": state.other_reference if here else state.case_reference,
        "newer_case_is_this": here,
        "score": state.score,
        "parts": [part.model_dump() for part in state.parts],
    }


def parts_view(
    case: Case, tasks: Iterable[Task], people: Iterable[CasePerson], proposals: Iterable[Proposal]
) -> dict[str, Any]:
    """What hangs on a case."""
    return {
        "tasks": [task_view(task) for task in tasks],
        "people": [person_view(person) for person in sorted(people, key=_place) if not person.gone],
        "proposals": [proposal_view(each, case) for each in proposals],
        "signs": [{"sign": flag, "confirmed": flag not in case.state.unconfirmed} for flag in case.state.flags],
    }


def known_view(
    known: Known, state: CaseState, history: Sequence[Mapping[str, Any]], at: datetime, sight: Sight
) -> dict[str, Any]:
    """A case as it was known at a moment; `history` newest first."""
    case = Case(state=state, kind="")
    return (
        views.case_summary(case, at, sight)
        | {
            "as_known_at": at.isoformat(),
            "reports": list(known.reports),
            "referrals": [state.reference for state in known.referrals.values()],
            "timeline": views.timeline(history),
        }
        | parts_view(case, known.tasks.values(), known.people.people, ())
    )


def outcome(reference: str, answer: Done | Refused) -> dict[str, Any]:
    """What became of one case of a list."""
    if isinstance(answer, Done):
        return {"reference": reference, "outcome": "assigned", "version": answer.case.state.version}
    version = answer.case.state.version if answer.case is not None else None
    return {
        "reference": reference,
        "outcome": OUTCOMES[answer.kind],
        "code": answer.code,
        "detail": answer.message,
        "version": version,
    }
