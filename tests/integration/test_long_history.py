"""A case with a long history reads no more rows to open than one with a short one."""

import json
import uuid
from typing import Any

import asyncpg
import pytest
from sqlalchemy import TextClause

from services.desk import repository as desk_repository
from services.referrals import casefile_repository
from services.referrals import repository as case_repository
from tests.benchmarks.history import FIRST, LENGTHEN, LONG
from tests.engines.hub import service_settings
from tests.integration.conftest import Pipeline
from tests.integration.test_casework import DUTY_, case_of, get, street

pytestmark = pytest.mark.integration
PAGE = 50


def _parameters(statement: TextClause, values: dict[str, Any]) -> tuple[str, list[Any]]:
    """A statement of a repository with its parameters numbered, for EXPLAIN."""
    compiled = str(statement)
    for number, name in enumerate(values, 1):
        compiled = compiled.replace(f":{name}", f"${number}")
    return compiled, list(values.values())


async def _rows_read(connection: asyncpg.Connection, statement: TextClause, **values: Any) -> int:
    """The most rows that any step of the plan handled."""
    query, given = _parameters(statement, values)
    plan = json.loads(await connection.fetchval(f"EXPLAIN (ANALYZE, FORMAT JSON) {query}", *given))
    return max(_steps(plan[0]["Plan"]))


def _steps(plan: dict[str, Any]) -> list[int]:
    removed = plan.get("Rows Removed by Filter", 0)
    own = int((plan["Actual Rows"] + removed) * plan["Actual Loops"])
    return [own, *(each for child in plan.get("Plans", ()) for each in _steps(child))]


async def test_the_api_reads_a_page_of_a_long_history_and_says_where_it_goes_on(pipeline: Pipeline) -> None:
    _, reference = await case_of(pipeline, street())
    connection = await asyncpg.connect(pipeline.database_url)
    await connection.execute(LENGTHEN, reference, FIRST, FIRST + LONG - 1)
    await connection.execute("ANALYZE referrals.case_events")
    case_id = await connection.fetchval("SELECT case_id FROM referrals.cases WHERE reference = $1", reference)
    await connection.execute("SET search_path TO referrals")
    read = await _rows_read(connection, case_repository._HISTORY, case=case_id, before=None, most=PAGE)
    assert read <= PAGE
    reports = casefile_repository._REFERENCES_OF
    assert await _rows_read(connection, reports, case=case_id, most=PAGE) <= PAGE
    await connection.close()
    assert len((await get(pipeline, reference)).json()["timeline"]) == PAGE
    seen, before = 0, None
    client = pipeline.clients["referrals"]
    while True:
        params: dict[str, str] = {"before": str(before)} if before else {}
        answer = (await client.get(f"/api/v1/cases/{reference}/timeline", headers=DUTY_, params=params)).json()
        seen += len(answer["items"])
        if (before := answer["next"]) is None:
            break
    assert seen == LONG + 1


async def test_the_page_reads_fifty_events_and_fifty_reports_of_a_long_history(pipeline: Pipeline) -> None:
    await service_settings("desk", pipeline.database_url, pipeline.kafka)
    connection = await asyncpg.connect(pipeline.database_url)
    await connection.execute("SET search_path TO desk")
    case_id = uuid.uuid4()
    await connection.execute(
        """
        INSERT INTO model_events (event_id, case_id, sequence, type, at, report_id, document)
        SELECT gen_random_uuid(), $1, n, 'ReportJoined', now() + n * interval '1 second', gen_random_uuid(), '{}'
        FROM generate_series(1, $2::integer) n
        """,
        case_id,
        LONG,
    )
    await connection.execute(
        """
        INSERT INTO model_reports (report_id, reference, source_id, channel, received_at, revision, historic, withdrawn,
            facts, personal)
        SELECT report_id, report_id::text, report_id::text, '101', at, 1, false, false, '{}', '{}' FROM model_events
        WHERE case_id = $1
        """,
        case_id,
    )
    await connection.execute("ANALYZE model_events, model_reports, model_decisions")
    timeline = desk_repository._TIMELINE
    assert await _rows_read(connection, timeline, case=case_id, before=None, most=50) <= 50
    reports = desk_repository._REPORTS_OF
    assert await _rows_read(connection, reports, case=case_id, brings=list(desk_repository.BRINGS)) <= 60
    await connection.close()
