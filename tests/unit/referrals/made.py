"""Values that the tests of referrals are made of: a triaged report, a person on the staff, and a loop in memory."""

import uuid
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from schemas.codes import CaseStatus, Disposition
from schemas.events import Actor, CaseState, ReportFacts, ReportTriaged, TriageDecision
from schemas.personal import seal
from services.kernel.references import reference
from services.kernel.testing import START, MemoryLoop
from services.partnership.loading import load_partnership
from services.referrals.domain.parts import (
    CasePerson,
    CaseReport,
    Link,
    People,
    Proposal,
    Task,
    Tasks,
    people_key,
    proposals_key,
    reports_key,
    tasks_key,
)
from services.referrals.domain.routing import routed_key
from services.referrals.domain.state import Case, Happened, Referral, Rules, referrals_key
from services.referrals.messages import Command
from services.referrals.stage import ReferralsStage

PARTNERSHIP = load_partnership(Path("partnerships/luton"))
RULES = Rules(PARTNERSHIP)
POLICE, COUNCIL, STREETS = "bedfordshire-police", "luton-council", "luton-council-neighbourhood-services"
ASHA = Actor(kind="person", id="asha-venn", name="Asha Venn", agency=STREETS)
HELEN = Actor(kind="person", id="helen-strood", name="Helen Strood", agency=COUNCIL)
HUB = Actor(kind="hub", id="triage", name="The hub")
CELL, OTHER_CELL = "8a194ad32b67fff", "8a194ad32b07fff"


def triaged(
    *,
    report: dict[str, Any] | None = None,
    decision: dict[str, Any] | None = None,
    personal: dict[str, Any] | None = None,
    received_at: datetime = START,
) -> ReportTriaged:
    """A report of noise at one place that triage sent on to a case."""
    report_id = uuid.uuid4()
    facts = {
        "report_id": report_id,
        "reference": reference("R", report_id),
        "source_id": str(report_id),
        "channel": "101",
        "received_at": received_at,
        "street": "Wigmore Lane",
        "cell": CELL,
    }
    decided = {
        "themes": ("asb-environmental",),
        "lead_agency": STREETS,
        "acting_lead": STREETS,
        "disposition": Disposition.NEEDS_CASE,
        "confidence": 0.9,
        "rule_set": "luton@1",
        "kind_of_case": "Noise",
    }
    return ReportTriaged(
        report=ReportFacts.model_validate(facts | (report or {})),
        decision=TriageDecision.model_validate(decided | (decision or {})),
        decided_at=received_at,
        decided_by=HUB,
        personal=seal(personal or {}),
    )


def open_case(case_id: UUID, at: datetime, **changes: Any) -> CaseState:
    """An open case of the town centre that police leads; `changes` stand for what a test wants otherwise."""
    state = CaseState(
        case_id=case_id,
        reference=reference("C", case_id),
        title="",
        status=CaseStatus.OPEN,
        themes=("town-centre",),
        lead_agency=POLICE,
        acting_lead=POLICE,
        risk="standard",
        priority=3,
        opened_at=at,
        next_action="",
        report_count=1,
        sequence=0,
        version=1,
    )
    return state.model_copy(update=changes)


def memory_loop() -> MemoryLoop:
    """The stage of referrals in memory."""
    return MemoryLoop(ReferralsStage(RULES), RULES)


class Desk(MemoryLoop):
    """A loop in memory that gives a command what the tables would: the parts of every case, from their rows."""

    def __init__(self) -> None:
        super().__init__(ReferralsStage(RULES), RULES)

    def send(self, body: Any, subject: str = "", **more: Any) -> Any:
        """Decide on parts as they stand in the rows."""
        for case in cases(self):
            self.state |= parts_of(self, case.state.case_id)
        return super().send(body, subject or str(uuid.uuid4()), **more)

    def report(self, **values: Any) -> ReportTriaged:
        """A report comes."""
        event = triaged(**values)
        self.send(event, str(event.report.report_id))
        return event

    def case(self, reference_: str) -> Case:
        """The case with that reference as it stands."""
        return next(case for case in cases(self) if case.state.reference == reference_)

    def asks(self, case: Case, name: str, body: dict[str, Any] | None = None, **changes: Any) -> Any:
        """A command on a case; its answer."""
        return self.send(command(case, name, body, **changes), str(case.state.case_id))


def _rows(loop: MemoryLoop, kind: type[Any]) -> list[Any]:
    return [value for value in loop.state.values() if isinstance(value, kind)]


def history_of(loop: MemoryLoop, case_id: Any) -> list[Happened]:
    """A case's events, oldest first."""
    found = [each for each in _rows(loop, Happened) if each.event.case.case_id == case_id]
    return sorted(found, key=lambda each: each.event.case.sequence)


def reports_of(loop: MemoryLoop, case_id: Any) -> tuple[CaseReport, ...]:
    """A case's reports, from their links and the events that brought them."""
    links = [each for each in _rows(loop, Link) if each.case_id == case_id]
    events = [loop.state[f"event:{link.event_id}"].event for link in links]
    routed = loop.state.get
    return tuple(
        CaseReport(facts=event.report, personal=event.personal, routed=routed(routed_key(event.report.report_id)))
        for event in events
    )


def parts_of(loop: MemoryLoop, case_id: Any) -> dict[str, Any]:
    """What the repository loads of a case beside itself."""
    people = tuple(each for each in _rows(loop, CasePerson) if each.state.case_id == case_id)
    tasks = tuple(each for each in _rows(loop, Task) if each.state.case_id == case_id)
    proposals = (each for each in _rows(loop, Proposal) if each.state.status == "open")
    kept = tuple(each for each in tasks if each.state.status == "open" or each.state.entitlement)
    return {
        people_key(case_id): People(people=people),
        tasks_key(case_id): Tasks(tasks=kept),
        proposals_key(case_id): tuple(
            each for each in proposals if case_id in (each.state.case_id, each.state.other_case_id)
        ),
        reports_key(case_id): reports_of(loop, case_id),
        referrals_key(case_id): tuple(each for each in _rows(loop, Referral) if each.state.case_id == case_id),
    }


def cases(loop: MemoryLoop) -> list[Case]:
    """All cases, oldest first."""
    found = [value for value in loop.state.values() if isinstance(value, Case)]
    return sorted(found, key=lambda case: (case.state.opened_at, str(case.state.case_id)))


def command(case: Case, name: str, body: dict[str, Any] | None = None, by: Actor = HELEN, **changes: Any) -> Command:
    """A command of the duty manager's, or of another's for her agency, on the case as it stands."""
    made = Command(
        case_id=case.state.case_id,
        version=case.state.version,
        name=name,
        body=body or {},
        by=by,
        agencies=(by.agency or "",),
        sees_all=by is HELEN,
    )
    return made.model_copy(update=changes)
