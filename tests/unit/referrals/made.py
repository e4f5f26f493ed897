"""Values that the tests of referrals are made of: a triaged report, a person on the staff, and a loop in memory."""

import uuid
from datetime import datetime
from pathlib import Path
from typing import Any

from schemas.codes import Disposition
from schemas.events import Actor, ReportFacts, ReportTriaged, TriageDecision
from schemas.personal import seal
from services.kernel.references import reference
from services.kernel.testing import START, MemoryLoop
from services.partnership.loading import load_partnership
from services.referrals.domain.state import Case, Rules
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


def memory_loop() -> MemoryLoop:
    """The stage of referrals in memory."""
    return MemoryLoop(ReferralsStage(RULES), RULES)


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
