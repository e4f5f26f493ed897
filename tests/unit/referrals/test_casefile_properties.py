"""Whatever people do to cases: nothing is lost, somebody owns it, and the history folds to what stands."""

from datetime import timedelta
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from schemas.codes import CaseStatus
from schemas.facts import Entitlement
from services.referrals.domain import history
from services.referrals.domain.parts import CasePerson, Link, Proposal, Task
from services.referrals.domain.state import Case, Done, Referral, Refused
from tests.unit.referrals.made import OTHER_CELL, Desk, cases, history_of, reports_of

STREETS_ = ("Wigmore Lane", "Biscot Road", "Farley Hill")
NAMES = ("Imogen Rook", "Imogen Rooke", "Zoe Ashe")
WHY = {"reason": "It is right."}
pick = st.integers(0, 40)


def _entitled(code: str) -> Entitlement:
    return Entitlement(code=code, count=3, needed=3, within_days=365)


class Casework(RuleBasedStateMachine):
    """Reports come and people work on the cases, in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.desk = Desk()
        self.sent: set[str] = set()

    @initialize(rook=st.booleans())
    def some_cases_are_there(self, rook: bool) -> None:
        for street in STREETS_:
            self.report(street=street, cell=None, name="Imogen Rook" if rook else None, sensitive=False, entitled=None)
            self.report(street=street, cell=OTHER_CELL, name="Zoe Ashe", sensitive=False, entitled="repeat-victim")

    @rule(
        street=st.sampled_from(STREETS_),
        cell=st.sampled_from((None, OTHER_CELL, "8a194ad32b67fff")),
        name=st.sampled_from((*NAMES, None)),
        sensitive=st.booleans(),
        entitled=st.sampled_from((None, "repeat-victim", "asb-case-review")),
    )
    def report(self, street: str, cell: str | None, name: str | None, sensitive: bool, entitled: str | None) -> None:
        decision: dict[str, Any] = {"entitlements": (_entitled(entitled),) if entitled else ()}
        decision |= {"themes": ("domestic-abuse-osse",)} if sensitive else {}
        people = [{"name": name, "role": "victim", "contact": {"safe": "no"}}] if name else []
        facts = {"street": street, "cell": cell}
        came = self.desk.report(report=facts, decision=decision, personal={"people": people}, received_at=self.desk.now)
        self.sent.add(came.report.reference)

    def ask(self, number: int, name: str, body: dict[str, Any]) -> None:
        found = cases(self.desk)
        answer = self.desk.asks(found[number % len(found)], name, body)
        assert isinstance(answer, Done | Refused)

    def some_open(self, number: int) -> Case:
        found = [case for case in cases(self.desk) if case.state.status is CaseStatus.OPEN]
        return found[number % len(found)] if found else cases(self.desk)[0]

    @rule(number=pick, other=pick)
    def merge(self, number: int, other: int) -> None:
        case, into = self.some_open(number), self.some_open(other)
        body = {"into": into.state.reference} | WHY
        self.desk.asks(case, "merge", body, other_id=into.state.case_id)

    @rule(number=pick, chosen=st.lists(pick, min_size=1, max_size=3))
    def split(self, number: int, chosen: list[int]) -> None:
        counted = {case.state.case_id: reports_of(self.desk, case.state.case_id) for case in cases(self.desk)}
        case = max(cases(self.desk), key=lambda each: (len(counted[each.state.case_id]), str(number)))
        reports = counted[case.state.case_id]
        wanted = sorted({reports[each % len(reports)].facts.reference for each in chosen})
        self.desk.asks(case, "split", {"reports": wanted} | WHY)

    @rule(number=pick, confirm=st.booleans())
    def answer_proposal(self, number: int, confirm: bool) -> None:
        waiting = [
            each for each in self.desk.state.values() if isinstance(each, Proposal) and each.state.status == "open"
        ]
        if not waiting:
            return
        state = waiting[number % len(waiting)].state
        case = next(case for case in cases(self.desk) if case.state.case_id == state.case_id)
        body = {"proposal": str(state.proposal_id)} | ({} if confirm else WHY)
        self.desk.asks(case, "confirm-join" if confirm else "refuse-join", body, other_id=state.other_case_id)

    @rule(number=pick)
    def task(self, number: int) -> None:
        self.ask(number, "tasks", {"what": "Visit the address."})

    @rule(number=pick, task=pick, name=st.sampled_from(("task-done", "task-cancel")))
    def end_task(self, number: int, task: int, name: str) -> None:
        tasks = [each for each in self.desk.state.values() if isinstance(each, Task)]
        if tasks:
            self.ask(number, name, {"task": str(tasks[task % len(tasks)].state.task_id)} | WHY)

    @rule(number=pick, name=st.sampled_from(NAMES), role=st.sampled_from(("victim", "family")))
    def person(self, number: int, name: str, role: str) -> None:
        self.ask(number, "people", {"role": role, "name": name})

    @rule(number=pick, person=pick)
    def change_person(self, number: int, person: int) -> None:
        people = [each for each in self.desk.state.values() if isinstance(each, CasePerson)]
        if people:
            body = {"person": str(people[person % len(people)].state.person_id), "role": "witness"} | WHY
            self.ask(number, "person", body)

    @rule(number=pick, risk=st.sampled_from(("high", "medium", "standard")))
    def risk(self, number: int, risk: str) -> None:
        self.ask(number, "risk", {"risk": risk} | WHY)

    @rule(number=pick, acting=st.sampled_from(("bedfordshire-police", "luton-council", "nobody-at-all")))
    def leads(self, number: int, acting: str) -> None:
        self.ask(number, "leads", {"acting_lead": acting} | WHY)

    @rule(number=pick, name=st.sampled_from(("take", "acknowledge", "close", "reopen", "note", "refer")))
    def work(self, number: int, name: str) -> None:
        bodies: dict[str, dict[str, Any]] = {
            "close": {"outcome": "behaviour-stopped"} | WHY,
            "reopen": WHY,
            "note": {"text": "Visited.", "fact": "fact"},
            "refer": {"panel": "mash", "consent": {"status": "given"}} | WHY,
        }
        self.ask(number, name, bodies.get(name, {}))

    @rule(hours=st.integers(1, 200))
    def time_passes(self, hours: int) -> None:
        self.desk.pass_time(timedelta(hours=hours))

    @invariant()
    def somebody_always_owns_it(self) -> None:
        for case in cases(self.desk):
            assert case.state.lead_agency
            assert case.state.acting_lead in case.visible_to

    @invariant()
    def every_report_is_in_one_case_that_is_not_merged(self) -> None:
        links = [each for each in self.desk.state.values() if isinstance(each, Link)]
        assert {each.reference for each in links} == self.sent
        merged = {case.state.case_id for case in cases(self.desk) if case.state.merged_into}
        assert not merged & {each.case_id for each in links}

    @invariant()
    def the_history_folds_to_what_stands(self) -> None:
        for case in cases(self.desk):
            happened = history_of(self.desk, case.state.case_id)
            known = history.fold((each.type, each.event) for each in happened)
            assert known.state == case.state
            self._parts_fold(case, known)

    def _parts_fold(self, case: Case, known: history.Known) -> None:
        case_id, rows = case.state.case_id, list(self.desk.state.values())
        assert set(known.reports) == {each.facts.reference for each in reports_of(self.desk, case_id)}
        assert case.state.merged_into or len(known.reports) == case.state.report_count
        referrals = [each for each in rows if isinstance(each, Referral) and each.state.case_id == case_id]
        assert known.referrals == {each.state.referral_id: each.state for each in referrals}
        tasks = [each for each in rows if isinstance(each, Task) and each.state.case_id == case_id]
        assert {key: (task.state, task.what) for key, task in known.tasks.items()} == {
            each.state.task_id: (each.state, each.what) for each in tasks
        }
        people = [each for each in rows if isinstance(each, CasePerson) and each.state.case_id == case_id]
        if case.state.merged_into is None:
            assert sorted(known.people.people, key=str) == sorted(people, key=str)

    @invariant()
    def open_tasks_are_counted_and_an_entitlement_has_one_task(self) -> None:
        tasks = [each for each in self.desk.state.values() if isinstance(each, Task)]
        for case in cases(self.desk):
            mine = [each.state for each in tasks if each.state.case_id == case.state.case_id]
            assert case.state.open_tasks == sum(each.status == "open" for each in mine)
            entitled = [each.entitlement for each in mine if each.entitlement]
            assert len(entitled) == len(set(entitled))

    @invariant()
    def open_proposals_are_counted_and_ask_about_two_cases_that_stand(self) -> None:
        waiting = [each.state for each in self.desk.state.values() if isinstance(each, Proposal)]
        waiting = [each for each in waiting if each.status == "open"]
        for case in cases(self.desk):
            assert case.open_proposals == sum(each.case_id == case.state.case_id for each in waiting)
        merged = {case.state.case_id for case in cases(self.desk) if case.state.merged_into}
        for each in waiting:
            assert each.case_id != each.other_case_id
            assert not merged & {each.case_id, each.other_case_id}

    @invariant()
    def sequences_only_grow_and_a_merged_case_is_over(self) -> None:
        for case in cases(self.desk):
            numbers = [each.event.case.sequence for each in history_of(self.desk, case.state.case_id)]
            assert numbers == sorted(set(numbers))
            versions = [each.event.case.version for each in history_of(self.desk, case.state.case_id)]
            assert versions == sorted(versions)
            assert case.state.merged_into is None or case.state.status is CaseStatus.CLOSED


Casework.TestCase.settings = settings(max_examples=50, stateful_step_count=30, deadline=None)
TestCasework = Casework.TestCase
