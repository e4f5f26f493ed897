"""A case as its history says it: folded from its events up to any moment, without looking at the current state."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from schemas.events import CaseEvent, CaseState, ReferralState
from schemas.personal import reveal
from services.partnership.models import Partnership
from services.referrals.domain import casefile
from services.referrals.domain.intelligence import WITH_THE_POLICE
from services.referrals.domain.parts import CasePerson, CaseReport, People, Task
from services.referrals.domain.state import visible_to

BRINGS = ("CaseOpened", "ReportJoined", "ReportMoved", "ReportCorrected")
"""Events that say how a report of the case stands."""


@dataclass(slots=True)
class Known:
    """A case as it was known after some event."""

    state: CaseState | None = None
    reports: dict[str, CaseReport] = field(default_factory=dict)
    referrals: dict[UUID, ReferralState] = field(default_factory=dict)
    tasks: dict[UUID, Task] = field(default_factory=dict)
    people: People = field(default_factory=People)

    def seen_by(self, agencies: Iterable[str], partnership: Partnership) -> bool:
        """Whether one of the agencies could see the case then."""
        return self.state is not None and bool(set(agencies) & set(visible_to(self.state, partnership)))


def fold(events: Iterable[tuple[str, CaseEvent]]) -> Known:
    """The case after its events, given oldest first with their types."""
    known = Known()
    for type_, event in events:
        known.state = event.case
        words = reveal(event.personal)
        _report(known, type_, event)
        if event.referral is not None:
            known.referrals[event.referral.referral_id] = event.referral
        if event.task is not None:
            before = known.tasks.get(event.task.task_id)
            what = str(words.get("what") or (before.what if before else ""))
            known.tasks[event.task.task_id] = Task(state=event.task, what=what)
        if event.person is not None:
            _person(known, CasePerson(state=event.person, personal=words.get("person") or {}))
        if event.case.merged_into is not None:
            _left(known)
    return known


def _report(known: Known, type_: str, event: CaseEvent) -> None:
    case_id = event.case.case_id
    if type_ in BRINGS and event.report is not None:
        known.reports[event.report.reference] = CaseReport(facts=event.report, personal=event.personal)
        known.people = casefile.with_people(known.people, case_id, event.report, event.personal)
    if type_ == "CaseSplit" and event.changed.get("from") == event.case.reference:
        for reference in event.changed["reports"]:
            known.reports.pop(reference, None)
        if event.changed["into"] == WITH_THE_POLICE:
            return  # its people stay: they came with what it said before
        known.people = casefile.without_people(known.people, case_id, known.reports.values())


def _person(known: Known, person: CasePerson) -> None:
    others = tuple(each for each in known.people.people if each.state.person_id != person.state.person_id)
    known.people = People(people=(*others, person))


def _left(known: Known) -> None:
    """A merged case has given away its reports, referrals and open tasks."""
    known.reports, known.referrals = {}, {}
    known.tasks = {key: task for key, task in known.tasks.items() if task.state.status != "open"}


def folded(documents: Iterable[Mapping[str, Any]]) -> Known:
    """As `fold`, from the history's documents with their `type`."""
    return fold((str(each["type"]), CaseEvent.model_validate(each)) for each in documents)
