"""A page of a shadow run whose replay raises ends the run with a sentence; what waiting may mend is tried again."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import AsyncMock
from uuid import UUID, uuid4

import pytest
from sqlalchemy.exc import OperationalError

from schemas.events import ReportFacts, ReportReceived
from schemas.personal import seal
from services.access.callers import Caller
from services.kernel.decision import Context, Decision, Message
from services.kernel.testing import MemoryLoop
from services.kernel.workers import Job
from services.partnership.documents import PartnershipInvalid, missing_file
from services.triage import replay_repository, replaying, rule_repository
from services.triage.domain import shadow
from services.triage.domain.deciding import Rules
from services.triage.domain.rerun import Differences, NotReplayed, Report
from services.triage.domain.rule_versions import Head, Text
from services.triage.domain.shadow import PAGE_JOB, ShadowPage, ShadowPaged, ShadowRun, StartShadow
from services.triage.domain.state import Decided
from services.triage.replaying import Replayer
from services.triage.repository import Placed
from services.triage.rule_set import read_rules, shipped_documents
from services.triage.shadow_api import view
from tests.unit.triage.deciding import Deciding

LUTON = Path("partnerships/luton")
RULES = read_rules(LUTON)
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
SECRET = "He has a knife, says Invented Person."
ALL = Caller(kind="person", id="helen", name="Helen", sees_all=True)
NONE = Caller(kind="person", id="maya", name="Maya")
POLICE = Caller(kind="person", id="colm", name="Colm", agencies=frozenset({"bedfordshire-police"}))


class Panic(BaseException):
    """As an engine that is not written in Python raises it."""


class Overflowing:
    """Tables that cannot say when a report with a weapon is due."""

    def __getattr__(self, name: str) -> Any:
        return getattr(RULES.reader.tables, name)

    def evaluate(self, table: str, inputs: dict[str, Any]) -> Any:
        if table == "risk" and "weapon" in inputs["flags"]:
            raise OverflowError(SECRET)
        return RULES.reader.tables.evaluate(table, inputs)


class Recorded(Replayer):
    """A replayer that has read its page and its versions; a version is 1, in force, or 2, the draft."""

    def __init__(
        self, recorded: Sequence[Decided], draft: Rules | BaseException, away: Exception | None = None
    ) -> None:
        self._recorded, self._draft, self._away = list(recorded), draft, away

    async def _read(self, after: datetime, after_id: UUID | None) -> list[Placed]:
        if self._away:
            raise self._away
        return [Placed(each, NOW) for each in self._recorded] if after < NOW else []

    async def _version(self, number: int, digest: str | None = None) -> Rules:
        if number == 1:
            return RULES
        if isinstance(self._draft, BaseException):
            raise self._draft
        return self._draft


@pytest.fixture(scope="module")
def overflowing() -> Rules:
    reader = replace(RULES.reader, tables=Overflowing())  # type: ignore[arg-type]
    return replace(RULES, reader=reader)


@pytest.fixture(scope="module")
def recorded() -> list[Decided]:
    loop, made = MemoryLoop(Deciding(), RULES, NOW), []
    for number, words in enumerate(("Loud music.", SECRET, "He has a gun.")):
        facts = {"report_id": UUID(int=number + 1), "reference": f"R-222-222-22{number}", "source_id": str(number)}
        report = ReportFacts.model_validate(facts | {"channel": "101", "category": "noise", "received_at": NOW})
        made.append(loop.send(ReportReceived(report=report, personal=seal({"description": words})), str(number)))
    return made


def job() -> Job:
    page = ShadowPage(run_id=uuid4(), number=2, base=1, since=datetime(2026, 1, 1, tzinfo=UTC))
    return Job(uuid4(), PAGE_JOB, "shadow/1", page.model_dump_json(), 1, in_doubt=False, traceparent=None)


async def test_a_page_that_can_be_decided_is_compared(recorded: list[Decided]) -> None:
    made = await Recorded(recorded, RULES).do_page(job())
    assert (made.found.replayed, made.found.changed, made.failed) == (3, 0, None)


async def test_a_page_goes_on_behind_where_a_corrected_report_stands_not_behind_its_correction(
    recorded: list[Decided], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replaying, "PAGE", len(recorded))
    facts = recorded[-1].report.model_copy(update={"revision": 2, "received_at": NOW + timedelta(days=9)})
    corrected = recorded[-1].model_copy(update={"report": facts})
    made = await Recorded([*recorded[:-1], corrected], RULES).do_page(job())
    assert made.next is not None
    assert (made.next.after, made.next.after_id) == (NOW, facts.report_id)


async def test_the_first_report_that_cannot_be_decided_ends_the_run_by_its_reference(
    recorded: list[Decided], overflowing: Rules
) -> None:
    made = await Recorded(recorded, overflowing).do_page(job())
    assert made.failed == "could not be decided again (OverflowError)"
    assert made.stopped_at is not None
    assert made.stopped_at.reference == "R-222-222-221"
    assert "bedfordshire-police" in made.stopped_at.visible_to
    assert "knife" not in made.model_dump_json()


async def test_the_command_line_is_told_of_it_too(recorded: list[Decided], overflowing: Rules) -> None:
    replayer = Recorded(recorded, overflowing)
    with pytest.raises(NotReplayed) as stopped:
        [each async for each in replayer.replay(RULES, overflowing, datetime(2026, 1, 1, tzinfo=UTC))]
    assert str(stopped.value) == "R-222-222-221 could not be decided again (OverflowError)"


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (PartnershipInvalid([missing_file("triage/risk.json")]), "triage/risk.json"),
        (KeyError(SECRET), "The replay could not go on (KeyError)"),
        (Panic(SECRET), "The replay could not go on (Panic)"),
    ],
    ids=["a-mistake-in-the-draft", "anything-else", "a-panic-of-the-engine"],
)
async def test_a_version_that_cannot_be_made_ends_the_run(
    recorded: list[Decided], error: BaseException, expected: str
) -> None:
    made = await Recorded(recorded, error).do_page(job())
    assert expected in str(made.failed)
    assert "knife" not in str(made.failed)


@pytest.mark.parametrize(
    "away", [OperationalError("SELECT 1", {}, OSError()), ConnectionRefusedError(), TimeoutError()]
)
async def test_a_database_that_is_away_is_asked_again(recorded: list[Decided], away: Exception) -> None:
    with pytest.raises(type(away)):
        await Recorded(recorded, RULES, away).do_page(job())


class Shadowing:
    """The pure part of shadow runs."""

    @staticmethod
    def decide(state: dict[str, Any], message: Message, context: Context) -> Decision:
        return shadow.decide(state, message.body, context)


def run_of(total: int, *pages: dict[str, Any]) -> ShadowRun:
    """A run as it stands after these pages."""
    loop = MemoryLoop(Shadowing(), None, NOW)
    command = StartShadow(number=2, digest="d", base=1, since=NOW, total=total, by=ALL.actor())
    run: ShadowRun = loop.send(command, "shadow/2", origin="command")
    for page in pages:
        loop.send(ShadowPaged(run_id=run.run_id, **page), "shadow", origin="result")
    found: ShadowRun = loop.state[shadow.run_key(run.run_id)]
    return found


class Database:
    """One that is asked for nothing: what stands in it is said by the repository's stand-ins."""

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[None]:
        yield None


@pytest.mark.parametrize(("now", "changed"), [("d", False), ("e", True)], ids=["as it was", "changed"])
async def test_a_draft_that_is_changed_while_it_is_replayed_ends_the_run(
    monkeypatch: pytest.MonkeyPatch, now: str, changed: bool
) -> None:
    """The run is of the text that it began with; it went on with the new one and named the old."""
    loop = MemoryLoop(Shadowing(), None, NOW)
    by = ALL.actor()
    loop.send(StartShadow(number=2, digest="d", base=1, since=NOW, total=0, by=by), "shadow/2", origin="command")
    made = {"rule_set_id": UUID(int=1), "status": "draft", "reason": "x", "author": by, "created_at": NOW}
    heads = [Head.model_validate(made | {"number": n, "digest": d}) for n, d in ((1, "base"), (2, now))]
    keeper: Any = SimpleNamespace(partnership=RULES.partnership)
    database: Any = Database()
    text = Text(rule_set_id=UUID(int=1), documents=shipped_documents(LUTON))
    monkeypatch.setattr(rule_repository, "heads", AsyncMock(return_value=heads))
    monkeypatch.setattr(rule_repository, "documents", AsyncMock(return_value={1: text, 2: text}))
    monkeypatch.setattr(replay_repository, "forbid_writing", AsyncMock())
    monkeypatch.setattr(replay_repository, "page", AsyncMock(return_value=[]))
    asked = replace(job(), payload=loop.jobs[-1].payload.model_dump_json())
    page = await Replayer(database, keeper).do_page(asked)
    assert page.failed == ("The draft was changed meanwhile. Run it again" if changed else None)


def test_progress_is_never_more_than_the_whole() -> None:
    run = run_of(664, {"found": Differences(replayed=665)})
    assert (run.status, run.found.replayed, run.total) == ("done", 665, 665)


@pytest.mark.parametrize(
    ("caller", "reason"),
    [
        (ALL, "R-222-222-221 could not be decided again (OverflowError)"),
        (POLICE, "R-222-222-221 could not be decided again (OverflowError)"),
        (NONE, "A report that is not yours to open could not be decided again (OverflowError)"),
    ],
    ids=["who-sees-all", "whose-report-it-is", "who-sees-none"],
)
def test_a_run_that_failed_names_the_report_to_whom_may_open_it(caller: Caller, reason: str) -> None:
    stopped = Report(reference="R-222-222-221", visible_to=("bedfordshire-police",))
    page = {"found": Differences(), "failed": "could not be decided again (OverflowError)", "stopped_at": stopped}
    run = run_of(3, page)
    assert (run.status, run.ended_at) == ("failed", NOW)
    shown = view(run, caller)
    assert shown["reason"] == reason
    assert "R-222-222-221" not in str(shown) or caller is not NONE


def test_a_run_that_failed_for_another_reason_says_it_as_it_is() -> None:
    run = run_of(3, {"found": Differences(), "failed": "The replay could not go on (KeyError)"})
    assert view(run, NONE)["reason"] == "The replay could not go on (KeyError)"
