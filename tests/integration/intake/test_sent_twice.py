"""A file whose sender loses the connection and sends it again: over TCP, before its end and before its answer."""

import asyncio
import json
from collections.abc import AsyncIterator
from functools import partial
from typing import Any

import asyncpg
import httpx2
import pytest
import uvicorn

from services.intake.app import build
from services.kernel.settings import Settings
from tests.engines.running import free_ports
from tests.integration.conftest import until
from tests.integration.intake.test_reports import report

pytestmark = pytest.mark.integration
POLICE, ROWS = {"Authorization": "Bearer demo-police"}, 40
Sent = list[dict[str, Any]]


@pytest.fixture(scope="module")
async def port(settings: Settings) -> AsyncIterator[int]:
    """Where an intake listens that can be hung up on."""
    chosen = free_ports()
    server = uvicorn.Server(uvicorn.Config(build(settings).app, host="127.0.0.1", port=chosen, log_level="error"))
    serving = asyncio.create_task(server.serve())
    await until(partial(_started, server), "intake to listen")
    yield chosen
    server.should_exit = True
    await serving


async def _started(server: uvicorn.Server) -> bool:
    return server.started


@pytest.fixture
def sent() -> Sent:
    """Rows of a file that nobody has sent before."""
    return [report() for _ in range(ROWS)]


async def begun(port: int, rows: Sent, share: float = 1.0) -> asyncio.StreamWriter:
    """So much of the file on its way, as a connection that nobody reads from."""
    body = content(rows)
    head = (
        "POST /api/v1/batches?format=hub HTTP/1.1\r\nHost: hub\r\nContent-Type: application/x-ndjson\r\n"
        f"Authorization: {POLICE['Authorization']}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(head.encode() + body[: int(len(body) * share)])
    await writer.drain()
    return writer


def content(rows: Sent) -> bytes:
    """The rows as NDJSON."""
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


async def rows_of(settings: Settings, query: str, *arguments: Any) -> list[Any]:
    """Look at intake's tables."""
    connection = await asyncpg.connect(settings.database_url, server_settings={"search_path": "intake"})
    try:
        return await connection.fetch(query, *arguments)
    finally:
        await connection.close()


async def latest(settings: Settings, *statuses: str) -> Any:
    """The batch that came last, once it has one of these states."""

    async def found() -> Any:
        rows = await rows_of(settings, "SELECT reference, status, reason FROM batches ORDER BY created_at DESC LIMIT 1")
        return rows[0] if rows and rows[0]["status"] in statuses else None

    return await until(found, f"a batch that is {' or '.join(statuses)}")


async def sent_whole(port: int, rows: Sent) -> tuple[dict[str, Any], Sent]:
    """The same file over a connection that holds: its counts once it is done, and what is said of each row."""
    async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}", headers=POLICE, timeout=30) as client:
        answer = await client.post("/api/v1/batches?format=hub", content=content(rows))
        assert answer.status_code == httpx2.codes.ACCEPTED, answer.text

        async def done() -> Any:
            status = (await client.get(answer.json()["url"])).json()
            return status if status["status"] == "done" else None

        status: dict[str, Any] = await until(done, "the file to be done")
        lines = (await client.get(answer.json()["rows_url"])).text.splitlines()
    counts = {name: status[name] for name in ("rows", "accepted", "duplicate", "rejected")}
    return counts, [json.loads(line) for line in lines]


async def references(settings: Settings, rows: Sent) -> dict[str, str]:
    """Every report that there is for these rows, by its source id; fails where one has two."""
    kept = await rows_of(
        settings,
        "SELECT source_id, reference FROM reports WHERE source_id = ANY($1)",
        [row["source_id"] for row in rows],
    )
    found = {row["source_id"]: row["reference"] for row in kept}
    assert len(found) == len(kept)
    return found


async def test_a_file_whose_answer_was_lost_is_sent_again_adds_nothing_and_each_row_says_so(
    port: int, settings: Settings, sent: Sent
) -> None:
    connection = await begun(port, sent)
    first = await latest(settings, "processing", "done")
    connection.transport.abort()
    counts, rows = await sent_whole(port, sent)
    assert counts == {"rows": ROWS, "accepted": 0, "duplicate": ROWS, "rejected": 0}
    kept = await references(settings, sent)
    assert {row["source_id"]: row["reference"] for row in rows} == kept, "each row names the report that there is"
    assert {row["outcome"] for row in rows} == {"duplicate"}
    taken = await rows_of(settings, "SELECT accepted, duplicate FROM batches WHERE reference = $1", first["reference"])
    assert tuple(taken[0]) == (ROWS, 0)
    assert await rows_of(settings, "SELECT 1 FROM report_revisions") == [], "the second sending corrected nothing"


async def test_a_file_that_broke_off_half_way_left_nothing_and_is_taken_whole_when_it_is_sent_again(
    port: int, settings: Settings, sent: Sent
) -> None:
    connection = await begun(port, sent, share=0.5)
    await latest(settings, "receiving")
    connection.transport.abort()
    failed = await latest(settings, "failed")
    assert failed["reason"] == "broken-off"
    assert await references(settings, sent) == {}
    counts, _ = await sent_whole(port, sent)
    assert counts == {"rows": ROWS, "accepted": ROWS, "duplicate": 0, "rejected": 0}
    assert len(await references(settings, sent)) == ROWS
