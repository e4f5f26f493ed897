"""History as a shadow run reads it, in transactions that cannot write; and the runs themselves."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import ValidationError
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.triage.domain.rerun import NotReplayed, Report
from services.triage.domain.shadow import ShadowRun, run_key
from services.triage.domain.state import Decided
from services.triage.repository import Placed

_READ_ONLY = text("SET TRANSACTION READ ONLY")
_COUNT = text("SELECT count(*) FROM decisions WHERE received_at >= :since")
_PAGE = text("""
    SELECT document, received_at, document->'report'->>'reference' AS reference FROM decisions
    WHERE (received_at, report_id) > (CAST(:after AS timestamptz), CAST(:after_id AS uuid))
    ORDER BY received_at, report_id LIMIT :most
""")
_RUNS = text("SELECT document FROM shadow_runs WHERE run_id = ANY(CAST(:ids AS uuid[])) ORDER BY run_id FOR UPDATE")
_RUNS_OF = text("SELECT document FROM shadow_runs WHERE number = :number ORDER BY asked_at DESC LIMIT :most")
_SAVE_RUNS = text("""
    INSERT INTO shadow_runs (run_id, number, asked_at, document)
    SELECT * FROM unnest(CAST(:ids AS uuid[]), CAST(:numbers AS integer[]), CAST(:times AS timestamptz[]),
        CAST(:documents AS json[]))
    ON CONFLICT (run_id) DO UPDATE SET document = excluded.document
""")
_FIRST = UUID(int=0)


async def forbid_writing(connection: AsyncConnection) -> None:
    """From here on the database refuses every write of this transaction."""
    await connection.execute(_READ_ONLY)


async def count_since(connection: AsyncConnection, since: datetime) -> int:
    """How many reports a replay will meet."""
    return int((await connection.execute(_COUNT, {"since": since})).scalar_one())


async def page(connection: AsyncConnection, after: datetime, after_id: UUID | None, most: int) -> list[Placed]:
    """The decisions that follow a report, oldest first. Raises `NotReplayed` at one that cannot be read any more."""
    where = {"after": after, "after_id": after_id or _FIRST, "most": most}
    return [Placed(_decided(row), row.received_at) for row in await connection.execute(_PAGE, where)]


def _decided(row: Any) -> Decided:
    try:
        return Decided.model_validate(row.document)
    except ValidationError as error:
        unread = Report(reference=str(row.reference), visible_to=())
        raise NotReplayed(unread, f"could not be read again ({type(error).__name__})") from None


async def load_runs(connection: AsyncConnection, run_ids: Iterable[str]) -> dict[str, Any]:
    """These runs, as state."""
    rows = await connection.execute(_RUNS, {"ids": sorted(run_ids)})
    runs = [ShadowRun.model_validate(row.document) for row in rows]
    return {run_key(run.run_id): run for run in runs}


async def runs_of(connection: AsyncConnection, number: int, most: int = 5) -> list[ShadowRun]:
    """The latest runs of a version."""
    rows = await connection.execute(_RUNS_OF, {"number": number, "most": most})
    return [ShadowRun.model_validate(row.document) for row in rows]


async def save(connection: AsyncConnection, changed: Mapping[str, Any]) -> None:
    """Runs of a batch."""
    runs = [value for value in changed.values() if isinstance(value, ShadowRun)]
    if runs:
        await connection.execute(
            _SAVE_RUNS,
            {
                "ids": [run.run_id for run in runs],
                "numbers": [run.number for run in runs],
                "times": [run.asked_at for run in runs],
                "documents": [run.model_dump_json() for run in runs],
            },
        )
