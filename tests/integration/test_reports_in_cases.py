"""Who sees a report on real row-level security: who sees the case that it is in now, and nobody else."""

from datetime import timedelta
from typing import Any

import pytest

from schemas.codes import Disposition
from schemas.events import ReportDecided, ReportReceived, ReportTriaged, ReviewRequested
from schemas.personal import reveal, seal
from services.desk import repository
from services.desk.stage import DeskStage
from services.kernel.database import Database
from services.kernel.testing import MemoryLoop
from services.referrals.domain.state import Case, Done
from tests.unit.referrals.made import OTHER_CELL, PARTNERSHIP, POLICE, STREETS, Desk, cases, triaged

pytestmark = pytest.mark.integration
DOMESTIC: dict[str, Any] = {"themes": ("domestic-abuse-osse",), "lead_agency": POLICE, "acting_lead": POLICE}
OLD, NEW = {"description": "They shout."}, {"description": "A knife is kept behind the bar."}


class Hub:
    """Referrals in memory, and desk's read model of it in PostgreSQL."""

    def __init__(self, database: Database) -> None:
        self.database, self.referrals, self._told = database, Desk(), 0
        self.desk = MemoryLoop(DeskStage(PARTNERSHIP), PARTNERSHIP)

    async def received(self, event: ReportDecided) -> None:
        """The report comes, or a revision of it."""
        words = {name: value for name, value in reveal(event.personal).items() if name != "because"}
        await self._keeps(ReportReceived(report=event.report, personal=seal(words)))

    async def decided(self, event: ReportDecided) -> None:
        """Triage decides it, and referrals follows."""
        self.referrals.send(event, str(event.report.report_id))
        await self._keeps(event)

    async def opened(self, **values: Any) -> tuple[ReportTriaged, Case]:
        """A report that opened a case."""
        before = {each.state.case_id for each in cases(self.referrals)}
        event = triaged(personal=OLD, **values)
        await self.received(event)
        await self.decided(event)
        return event, next(each for each in cases(self.referrals) if each.state.case_id not in before)

    async def asks(self, case: Case, name: str, body: dict[str, Any], **changes: Any) -> None:
        """The duty manager's command on a case, a minute later."""
        self.later()
        assert isinstance(self.referrals.asks(case, name, body, **changes), Done)
        await self._keeps()

    def later(self) -> None:
        """Time passes."""
        self.referrals.now += timedelta(minutes=1)

    async def _keeps(self, *bodies: Any) -> None:
        happened = [each.body for each in self.referrals.events[self._told :]]
        self._told = len(self.referrals.events)
        for body in (*bodies, *happened):
            self.desk.send(body, "of one key")
        async with self.database.writing() as connection:
            await self.desk.stage.save(connection, self.desk.state)

    async def of_case(self, agency: str, case: Case) -> list[str]:
        """What an agency reads of a case's reports."""
        async with self.database.reading(agencies=agency) as connection:
            rows = await repository.reports_of(connection, case.state.case_id)
        return [row.personal["description"] for row in rows]

    async def report(self, agency: str, event: ReportDecided) -> Any:
        """The row that the report's page is made of; None where it is not there for that agency."""
        async with self.database.reading(agencies=agency) as connection:
            row = await repository.report(connection, event.report.reference)
            _, found = await repository.search(connection, event.report.source_id, None)
        assert [each.reference for each in found] == ([row.facts["reference"]] if row else [])
        return row


@pytest.fixture
def hub(desk_tables: Database) -> Hub:
    return Hub(desk_tables)


def corrected(
    hub: Hub,
    event: ReportDecided,
    made: type[ReportDecided] = ReportTriaged,
    *,
    kind: str = "incident",
    **decision: Any,
) -> ReportDecided:
    """The decision on the report's second revision."""
    hub.later()
    before = event.decision
    changes = {
        "report": event.report.model_dump() | {"revision": 2, "kind": kind},
        "decision": before.model_dump() | decision,
        "earlier": before.model_dump() | {"revision": 1},
        "personal": seal(NEW).model_dump(),
        "decided_at": hub.referrals.now,
    }
    return made.model_validate(event.model_dump() | changes)


INTELLIGENCE: dict[str, Any] = {"kind": "intelligence", "lead_agency": POLICE, "acting_lead": POLICE}


@pytest.mark.parametrize("made", [ReportTriaged, ReviewRequested])
async def test_a_report_that_becomes_intelligence_is_the_polices_alone(hub: Hub, made: type[ReportDecided]) -> None:
    event, case = await hub.opened()
    assert await hub.of_case(STREETS, case) == [OLD["description"]]
    await hub.decided(again := corrected(hub, event, made, **INTELLIGENCE))
    assert await hub.of_case(STREETS, case) == []
    assert await hub.report(STREETS, again) is None
    assert (await hub.report(POLICE, again)).personal == NEW


async def test_words_that_are_not_decided_yet_are_told_to_nobody(hub: Hub) -> None:
    event, case = await hub.opened()
    await hub.received(corrected(hub, event, kind="intelligence"))
    assert await hub.of_case(STREETS, case) == [OLD["description"]]
    assert (await hub.report(STREETS, event)).facts["kind"] == "incident"


async def test_a_correction_after_a_merge_is_not_on_the_page_of_the_case_that_went(hub: Hub) -> None:
    event, plain = await hub.opened()
    _, other = await hub.opened(report={"street": "Hart Lane", "cell": OTHER_CELL}, decision=DOMESTIC)
    body = {"into": other.state.reference, "reason": "The same home."}
    await hub.asks(plain, "merge", body, other_id=other.state.case_id)
    await hub.decided(corrected(hub, event, **DOMESTIC))
    assert await hub.of_case(STREETS, plain) == []
    assert await hub.report(STREETS, event) is None
    assert sorted(await hub.of_case(POLICE, other)) == sorted([OLD["description"], NEW["description"]])


async def test_after_a_reroute_the_former_lead_opens_the_report_no_more_and_the_new_one_does(hub: Hub) -> None:
    event, case = await hub.opened()
    assert await hub.report(STREETS, event) is not None
    await hub.asks(case, "reroute", {"lead_agency": POLICE, "reason": "He hits her."})
    assert await hub.report(STREETS, event) is None
    assert (await hub.report(POLICE, event)).case_reference == case.state.reference


async def test_while_a_correction_waits_who_is_to_answer_it_sees_the_report_beside_who_sees_the_case(hub: Hub) -> None:
    event, case = await hub.opened()
    await hub.decided(corrected(hub, event, ReviewRequested, disposition=Disposition.REVIEW, **DOMESTIC))
    assert await hub.report(POLICE, event) is not None
    assert (await hub.report(STREETS, event)).case_reference == case.state.reference
