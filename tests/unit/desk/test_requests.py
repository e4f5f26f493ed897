"""What a request does that was not made as the desk's own pages make it, and what it leaves behind."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any

import pytest
from starlette.datastructures import FormData

from services.access.callers import caller_of_person
from services.access.sharing import sight_of
from services.desk import finding_pages, proxy, review_pages, worklist_pages
from services.desk.people import Session, checked_form
from services.desk.presenting import Presenter
from services.kernel.http import Problem, unavailable
from services.kernel.testing import START
from services.partnership.people import Person
from tests.unit.referrals.made import PARTNERSHIP


def session(who: str) -> Session:
    person: Person = PARTNERSHIP.person(who)
    return Session(person, caller_of_person(person, frozenset({"cases"})), "word")


ASHA = session("asha-venn")


class Connection:
    """Keeps what is written, and finds nothing."""

    def __init__(self) -> None:
        self.written: list[Mapping[str, Any]] = []

    async def execute(self, statement: Any, values: Mapping[str, Any] | None = None) -> Any:
        if "INSERT" in str(statement):
            self.written.append(values or {})
        return SimpleNamespace(all=list)


class Casework:
    """Services that answer as the test says."""

    def __init__(self, item: Any = None, away: str = "") -> None:
        self.item, self.away, self.asked = item, away, list[str]()

    async def reviews(self, *_: Any) -> dict[str, Any]:
        return {"items": [], "waiting": 0, "next": None}

    async def one_review(self, *_: Any) -> Any:
        return self.item

    async def samples(self, *_: Any) -> list[Any]:
        return []

    async def command(self, hub: Any, by: Session, path: str, name: str, fields: Any) -> Any:
        if self.away and self.away in path:
            raise unavailable("The case could not be changed just now.")
        self.asked.append(path)
        return SimpleNamespace(done=True)


class Pages:
    def render(self, name: str, status: int = 200, **values: Any) -> str:
        return name


def request(casework: Any = None, form: Any = (), connection: Any = None, **headers: str) -> Any:
    """A request as far as these pages look at it."""

    @asynccontextmanager
    async def opened(**_: str) -> AsyncIterator[Any]:
        yield connection

    async def fields() -> FormData:
        return FormData(list(form))

    database = SimpleNamespace(reading=opened, writing=opened)
    hub = SimpleNamespace(database=database, clock=lambda: START, settings=SimpleNamespace(demonstration=True))
    state = SimpleNamespace(
        hub=hub, casework=casework, partnership=PARTNERSHIP, presenter=Presenter(PARTNERSHIP), pages=Pages()
    )
    made = SimpleNamespace(app=SimpleNamespace(state=state), headers=headers, form=fields)
    made.url_for = lambda name: SimpleNamespace(
        include_query_params=lambda **query: SimpleNamespace(path="/", query=query["notice"])
    )
    return made


async def test_a_forms_word_that_no_page_gave_is_refused_whatever_letters_it_has() -> None:
    with pytest.raises(Problem) as refused:
        await checked_form(request(form=[("csrf_token", "é")]), ASHA)
    assert refused.value.code == "form-too-old"


@pytest.mark.parametrize("origin", ["null", "https://elsewhere.invalid"])
async def test_a_call_is_not_taken_from_another_site_nor_from_one_that_does_not_say(origin: str) -> None:
    taker = next(person.id for person in PARTNERSHIP.staff if proxy.CALL_TAKER in person.roles)
    with pytest.raises(Problem) as refused:
        await proxy.to_call_desk(request(origin=origin, host="127.0.0.1:8000"), session(taker))
    assert refused.value.code == "another-site"


async def test_a_report_that_is_opened_in_review_is_recorded_as_read(monkeypatch: pytest.MonkeyPatch) -> None:
    item: dict[str, Any] = {"report": {"reference": "R-KP4-BN6-329"}, "withheld": [], "undo_until": None, "hers": False}
    monkeypatch.setattr(review_pages, "opened", lambda *_: {})
    connection = Connection()
    await review_pages.one(request(Casework(item), connection=connection), ASHA, "R-KP4-BN6-329", None, "")
    assert [(each["subject"], each["reader"]) for each in connection.written] == [("R-KP4-BN6-329", "asha-venn")]


async def test_of_picked_cases_one_that_fails_is_named_and_the_others_are_given() -> None:
    casework = Casework(away="C-GD2-6HF-8FQ")
    picks = [("pick", f"{each}~1") for each in ("C-WRONG", "C-GD2-6HF-8FQ", "C-R5G-HMT-QHB")]
    form = {"idempotency_key": "k", "owner": "asha-venn"}
    answer = await worklist_pages.assign_many(request(casework, picks), ASHA, form)
    assert casework.asked == ["cases/C-R5G-HMT-QHB/assign"]
    notice = answer.headers["location"]
    assert all(part in notice for part in ("1%20of%203", "C-WRONG", "C-GD2-6HF-8FQ", "just%20now")), notice


def test_a_reports_page_shows_no_more_than_its_own_themes_and_its_cases_let_her_see() -> None:
    row = SimpleNamespace(decision={"themes": ["asb-environmental"]}, case_themes=["domestic-abuse-osse"])
    found = finding_pages._of_report(request(), ASHA, row)
    narrow = sight_of(ASHA.caller, row.case_themes, PARTNERSHIP)
    assert narrow.withheld
    assert set(found.withheld) >= set(narrow.withheld)
    alone = SimpleNamespace(decision=row.decision, case_themes=None)
    assert finding_pages._of_report(request(), ASHA, alone) == sight_of(ASHA.caller, ["asb-environmental"], PARTNERSHIP)
