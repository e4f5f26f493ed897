"""No command shows a case of intelligence to anybody but the police."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from schemas.events import Actor, ReportTriaged, ReviewRequested
from schemas.personal import seal
from services.kernel.decision import Context
from services.partnership.loading import load_partnership
from services.referrals.domain.commands import handle
from services.referrals.domain.history import fold
from services.referrals.domain.reports import BECAME_INTELLIGENCE
from services.referrals.domain.state import Case, Refused, Rules, case_key
from services.referrals.messages import Command
from tests.unit.referrals.made import POLICE, STREETS, Desk, cases, history_of, open_case, reports_of, triaged

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
CASE = UUID(int=7)
SERGEANT = Actor(kind="person", id="colm-ferris", name="Sgt Colm Ferris", agency=POLICE)


@pytest.fixture(scope="module")
def context() -> Context:
    return Context(NOW, UUID(int=8), Rules(load_partnership(Path("partnerships/luton"))))


def case(*, intelligence: bool) -> Case:
    state = open_case(CASE, NOW, themes=("violence-exploitation",), risk="high", priority=1)
    return Case(state=state, kind="Report", intelligence=intelligence, visible_to=(POLICE,))


def carried_out(name: str, body: dict[str, Any], context: Context, *, intelligence: bool = True) -> Any:
    command = Command(case_id=CASE, version=1, name=name, body=body, by=SERGEANT, agencies=(POLICE,))
    return handle({case_key(CASE): case(intelligence=intelligence)}, command, context).answer


REFER = ("refer", {"panel": "mash", "reason": "Harm", "consent": {"status": "given"}})
SHOWING = [
    REFER,
    ("reroute", {"lead_agency": "luton-council", "reason": "Theirs"}),
    ("reroute", {"themes": ["town-centre"], "reason": "Theirs"}),
    ("assign", {"owner": "asha-venn"}),
    ("assign", {"owner": "helen-strood"}),
]


@pytest.mark.parametrize(("name", "body"), SHOWING)
def test_what_would_show_intelligence_to_another_agency_is_refused(
    name: str, body: dict[str, Any], context: Context
) -> None:
    answer = carried_out(name, body, context)
    assert isinstance(answer, Refused)
    assert answer.code == "intelligence-police-only"


@pytest.mark.parametrize(("name", "body"), [("take", {}), ("assign", {"owner": "colm-ferris"})])
def test_the_police_work_their_own_intelligence(name: str, body: dict[str, Any], context: Context) -> None:
    assert not isinstance(carried_out(name, body, context), Refused)


def test_what_is_no_intelligence_is_referred_as_before(context: Context) -> None:
    assert not isinstance(carried_out(*REFER, context, intelligence=False), Refused)


def became_intelligence(event: ReportTriaged, **decided: Any) -> dict[str, Any]:
    """Its second revision, which its sender marks as intelligence."""
    facts = event.report.model_dump() | {"revision": 2, "kind": "intelligence", "street": "Biscot Road"}
    made = triaged(decision={"lead_agency": POLICE, "acting_lead": POLICE, "flags": ("weapon",)} | decided)
    earlier = {"revision": 1, "themes": ("asb-environmental",), "lead_agency": STREETS, "disposition": "needs-case"}
    words = seal({"description": "A knife is kept behind the bar."}).model_dump()
    return made.model_dump() | {"report": facts, "earlier": earlier, "personal": words}


def test_a_report_that_becomes_intelligence_goes_on_with_the_police_and_no_new_word_of_it_is_shown_to_others() -> None:
    desk = Desk()
    event = desk.report(report={"revision": 1}, personal={"description": "They shout.", "people": []})
    (before,) = cases(desk)
    desk.send(ReportTriaged.model_validate(became_intelligence(event)), str(event.report.report_id))
    old, new = desk.case(before.state.reference), next(each for each in cases(desk) if each.intelligence)
    assert (new.visible_to, new.state.lead_agency) == ((POLICE,), POLICE)
    assert [each.facts.revision for each in reports_of(desk, new.state.case_id)] == [2]
    assert (reports_of(desk, old.state.case_id), old.state.report_count) == ((), 0)
    assert (old.state.flags, old.state.street, old.visible_to) == ((), "Wigmore Lane", before.visible_to)
    told = [each.event.model_dump_json() for each in history_of(desk, old.state.case_id)]
    assert "They shout." in told[0]
    for word in ("knife", "Biscot", new.state.reference):
        assert word not in "".join(told)
    assert fold((each.type, each.event) for each in history_of(desk, old.state.case_id)).reports == {}
    desk.send(ReportTriaged.model_validate(became_intelligence(event)), str(event.report.report_id))
    assert len(cases(desk)) == 2, "what is told of it later is told to the police's case"


def test_while_a_person_has_yet_to_decide_of_it_the_case_knows_only_that_it_is_intelligence() -> None:
    desk = Desk()
    event = desk.report(report={"revision": 1}, personal={"description": "They shout."})
    waits = became_intelligence(event, disposition="review")
    desk.send(ReviewRequested.model_validate(waits), str(event.report.report_id))
    (case,) = cases(desk)
    happened = history_of(desk, case.state.case_id)[-1].event
    assert (happened.report, happened.personal, happened.case.report_count) == (None, None, 1)
    assert happened.why == BECAME_INTELLIGENCE
