"""What hangs on a case as rows of its own: reports, people, tasks, proposals; and the marks it is found under."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid5

from schemas.case_parts import PersonState, ProposalState, TaskState
from schemas.events import ReportFacts
from schemas.personal import Personal
from services.referrals.domain import alike
from services.referrals.domain.state import Kept

NEVER = datetime.max.replace(tzinfo=UTC)
FOUND_AT_MOST = 5
"""Cases kept under one mark: the newest; older ones would lose to them anyway."""


class Match(Kept):
    """A case that was seen under a mark, and when last."""

    case_id: UUID
    seen_at: datetime


class Matches(Kept):
    """The cases under one mark, newest first."""

    cases: tuple[Match, ...] = ()

    def seen(self, case_id: UUID, at: datetime) -> "Matches":
        """With the case seen at that time; an older report that comes late makes it no older."""
        last = max([at, *(each.seen_at for each in self.cases if each.case_id == case_id)])
        others = tuple(each for each in self.cases if each.case_id != case_id)
        return Matches(cases=(Match(case_id=case_id, seen_at=last), *others)[:FOUND_AT_MOST])


class Link(Kept):
    """The case that a report is in, and the event that brought it there."""

    case_id: UUID
    reference: str
    event_id: UUID


class Routed(Kept):
    """What triage last decided of a report, as far as a case begins with it."""

    report_id: UUID
    revision: int | None = None
    themes: tuple[str, ...] = ()
    lead_agency: str | None = None
    acting_lead: str | None = None
    joint_leads: tuple[str, ...] = ()
    act_first: tuple[str, ...] = ()
    kind: str | None = None
    panels: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()


class CaseReport(Kept):
    """A report of a case, as the event that brought it had it."""

    facts: ReportFacts
    personal: Personal | None = None
    routed: Routed | None = None
    """None for a report that came before this was kept."""


class CasePerson(Kept):
    """A person of a case; `personal` has name, date_of_birth, contact and consent."""

    state: PersonState
    personal: dict[str, Any]
    gone: bool = False
    """Came with a report that a split took away."""


class People(Kept):
    """The people of a case."""

    people: tuple[CasePerson, ...] = ()

    def named(self) -> tuple[dict[str, Any], ...]:
        """Those whom the case is about, by name."""
        about = (each for each in self.people if each.state.role in alike.SUBJECTS and not each.gone)
        return tuple(each.personal for each in about if each.personal.get("name"))


class Task(Kept):
    """A task with what is to be done, and by whom it was added."""

    state: TaskState
    what: str
    by: str | None = None


class Tasks(Kept):
    """The open tasks of a case, and those of entitlements whatever became of them."""

    tasks: tuple[Task, ...] = ()

    def with_(self, task: Task) -> "Tasks":
        """With that task as it stands now."""
        others = tuple(each for each in self.tasks if each.state.task_id != task.state.task_id)
        return Tasks(tasks=(*others, task))

    def open(self) -> tuple[Task, ...]:
        """The open ones, soonest due first."""
        found = [each for each in self.tasks if each.state.status == "open"]
        return tuple(sorted(found, key=lambda each: (each.state.due_at or NEVER, str(each.state.task_id))))


class Proposal(Kept):
    """A proposal that two cases are one."""

    state: ProposalState


def people_key(case_id: Any) -> str:
    """The state key of a case's people."""
    return f"people:{case_id}"


def tasks_key(case_id: Any) -> str:
    """The state key of a case's tasks."""
    return f"tasks:{case_id}"


def reports_key(case_id: Any) -> str:
    """The state key of a case's reports."""
    return f"reports:{case_id}"


def proposal_key(proposal_id: Any) -> str:
    """The state key of a proposal."""
    return f"proposal:{proposal_id}"


def proposals_key(case_id: Any) -> str:
    """The state key of a case's open proposals, on either side."""
    return f"proposals:{case_id}"


def person_id(case_id: UUID, person: dict[str, Any], otherwise: str) -> UUID:
    """The same name and date of birth in one case is one person; without a name it is each report's own."""
    words = alike.plain(str(person.get("name") or ""))
    mark = "/".join(words) + f"/{person.get('date_of_birth') or ''}" if words else otherwise
    return uuid5(case_id, mark)
