"""What desk's lists hold and in which order, on real tables."""

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from schemas.events import CaseState
from services.desk import repository, review_repository, write_repository
from services.desk.meeting_view import ON_AGENDA
from services.desk.projection import CaseRow, EventRow, ReferralRow
from services.kernel.database import Database
from tests.unit.referrals.made import POLICE, open_case

pytestmark = pytest.mark.integration
AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
EMPTIED = tuple(map(text, ("DELETE FROM model_cases", "DELETE FROM model_referrals", "DELETE FROM model_events")))


@pytest.fixture
async def database(desk_tables: Database) -> Database:
    """The read model with nothing in it."""
    async with desk_tables.writing() as connection:
        for emptied in EMPTIED:
            await connection.execute(emptied)
    return desk_tables


async def keep(database: Database, *rows: Any) -> None:
    async with database.writing() as connection:
        await write_repository.save(connection, {str(place): row for place, row in enumerate(rows)})


def case(**changes: Any) -> CaseState:
    return open_case(uuid.uuid4(), AT, **changes)


def seen(state: CaseState) -> CaseRow:
    return CaseRow(state=state, visible_to=(POLICE,))


def referral(state: CaseState, sequence: int, sent: datetime, **changes: Any) -> ReferralRow:
    made = {"referral_id": uuid.uuid4(), "reference": str(uuid.uuid4()), "case_id": state.case_id, "panel": "tcig"}
    made |= {"status": "sent", "from_agency": POLICE, "to_agency": POLICE, "sent_at": sent, "version": 1}
    made |= {"case_reference": state.reference, "consent_status": "given"}
    return ReferralRow.model_validate({"state": made | changes, "sequence": sequence})


async def test_the_newest_danger_is_listed_first_and_how_many_are_not_listed_is_said(database: Database) -> None:
    moments = [AT + timedelta(minutes=each) for each in range(22)]
    states = [case(danger_unacknowledged=True, danger_since=each) for each in moments]
    await keep(database, *map(seen, states))
    async with database.reading(agencies=POLICE) as connection:
        found, more = await repository.danger(connection)
    assert (found[0]["reference"], len(found), more) == (states[-1].reference, 20, 2)


async def test_a_declined_referral_stays_listed_until_another_one_is_sent(database: Database) -> None:
    state = case()
    declined = referral(state, 9, AT + timedelta(hours=1), status="declined")
    await keep(database, seen(state), declined, referral(state, 10, AT, status="accepted"))
    async with database.reading(agencies=POLICE) as connection:
        assert [row.referral["reference"] for row in await review_repository.declined(connection)] == [
            declined.state.reference
        ]
    await keep(database, referral(state, 11, AT + timedelta(hours=2)))
    async with database.reading(agencies=POLICE) as connection:
        assert not await review_repository.declined(connection)


async def test_however_many_referrals_have_ended_one_that_is_open_can_be_put_on_the_agenda(database: Database) -> None:
    state = case()
    ended = [referral(state, each, AT, status="declined", due_at=AT) for each in range(201)]
    open_ = referral(state, 300, AT, status="accepted")
    await keep(database, seen(state), *ended, open_)
    async with database.reading(agencies=POLICE) as connection:
        rows = await repository.board(connection, "tcig", ON_AGENDA)
    assert [row.referral["reference"] for row in rows] == [open_.state.reference]


async def test_a_page_of_a_timeline_knows_when_the_event_above_it_was(database: Database) -> None:
    state = case()
    made = {"case_id": state.case_id, "type": "NoteAdded", "document": {}, "report_id": None, "trace_id": None}
    rows = [
        EventRow(event_id=uuid.uuid4(), sequence=each, at=AT + timedelta(minutes=each), **made) for each in (1, 2, 3)
    ]
    await keep(database, seen(state), *rows)
    async with database.reading(agencies=POLICE) as connection:
        assert await repository.time_of(connection, state.case_id, 2) == AT + timedelta(minutes=2)
        assert await repository.time_of(connection, state.case_id, 4) is None
