"""Intelligence goes to the police alone, whatever harm it speaks of."""

from datetime import UTC, date, datetime
from pathlib import Path
from uuid import UUID

import pytest

from schemas.events import ReportFacts
from services.triage.domain.deciding import Counts, Rules, decide_report
from services.triage.rule_set import read_rules

POLICE = "bedfordshire-police"
WORDS = "A 15 year old lad is carrying a knife for an older man who has him selling in Norwich"


@pytest.fixture(scope="module")
def rules() -> Rules:
    return read_rules(Path("partnerships/luton"))


def report(kind: str) -> ReportFacts:
    received = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
    facts = {"report_id": UUID(int=1), "reference": "R-222-222-222", "source_id": "1", "channel": "101"}
    return ReportFacts.model_validate(facts | {"kind": kind, "received_at": received})


def test_intelligence_tells_nobody_but_the_police(rules: Rules) -> None:
    decision = decide_report(report("intelligence"), {"description": WORDS}, Counts(), rules, date(2026, 3, 2)).decision
    assert (decision.lead_agency, decision.joint_leads, decision.act_first, decision.panels) == (POLICE, (), (), ())
    assert "child" in decision.flags


def test_the_same_words_as_an_incident_are_told_to_who_must_act(rules: Rules) -> None:
    decision = decide_report(report("incident"), {"description": WORDS}, Counts(), rules, date(2026, 3, 2)).decision
    assert "mash" in decision.panels
    assert "luton-council" in decision.act_first
