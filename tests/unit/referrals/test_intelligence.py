"""No command shows a case of intelligence to anybody but the police."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from schemas.events import Actor
from services.kernel.decision import Context
from services.partnership.loading import load_partnership
from services.referrals.domain.commands import handle
from services.referrals.domain.state import Case, Refused, Rules, case_key
from services.referrals.messages import Command
from tests.unit.referrals.made import POLICE, open_case

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
