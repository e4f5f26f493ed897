"""The reports that wait for their second reading: a row comes with the question and goes with the decision."""

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.triage.domain.unread import Unread, unread_key

_UNREAD = text("""
    SELECT document FROM unread_reports WHERE report_id = ANY(CAST(:ids AS uuid[])) ORDER BY report_id FOR UPDATE
""")
_KEEP = text("""
    INSERT INTO unread_reports (report_id, document)
    SELECT * FROM unnest(CAST(:ids AS uuid[]), CAST(:documents AS json[]))
    ON CONFLICT (report_id) DO UPDATE SET document = excluded.document
""")
_LET_GO = text("DELETE FROM unread_reports WHERE report_id = ANY(CAST(:ids AS uuid[]))")
_PREFIX = unread_key("")


async def load(connection: AsyncConnection, report_ids: Iterable[str]) -> dict[str, Any]:
    """Those of these reports that wait, as state; the result and the timer of one take turns at its row."""
    rows = await connection.execute(_UNREAD, {"ids": sorted(report_ids)})
    unread = [Unread.model_validate(row.document) for row in rows]
    return {unread_key(each.report.report_id): each for each in unread}


async def save(connection: AsyncConnection, changed: Mapping[str, Any]) -> None:
    """Keep those that begin to wait, delete those that do no longer."""
    gone = [key.removeprefix(_PREFIX) for key, value in changed.items() if value is None and key.startswith(_PREFIX)]
    if gone:
        await connection.execute(_LET_GO, {"ids": gone})
    unread = [value for value in changed.values() if isinstance(value, Unread)]
    if unread:
        documents = [each.model_dump_json(exclude_none=True) for each in unread]
        await connection.execute(_KEEP, {"ids": [each.report.report_id for each in unread], "documents": documents})
