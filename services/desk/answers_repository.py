"""What desk keeps of people's answers in review: every one of them, and that one was taken back."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.desk.projection import AnswerRow

SHOWN_AT_MOST = 20
"""The latest answers that a report's page shows."""
_SAVE = text("""
    INSERT INTO model_answers (report_id, version, at, document)
    SELECT * FROM unnest(CAST(:ids AS uuid[]), CAST(:versions AS integer[]), CAST(:times AS timestamptz[]),
        CAST(:documents AS json[]))
    ON CONFLICT DO NOTHING
""")
_OF_REPORT = text("""
    SELECT a.document FROM model_answers a JOIN model_reports r USING (report_id) WHERE r.reference = :reference
    ORDER BY a.version DESC LIMIT :most
""")


async def save(connection: AsyncConnection, changed: Mapping[str, Any]) -> None:
    """Answers of a batch."""
    rows = [value for value in changed.values() if isinstance(value, AnswerRow)]
    if rows:
        columns = {
            "ids": [row.report_id for row in rows],
            "versions": [row.version for row in rows],
            "times": [row.at for row in rows],
            "documents": [row.model_dump_json() for row in rows],
        }
        await connection.execute(_SAVE, columns)


async def of_report(connection: AsyncConnection, reference: str) -> Sequence[dict[str, Any]]:
    """What people answered of a report, latest first."""
    rows = await connection.execute(_OF_REPORT, {"reference": reference, "most": SHOWN_AT_MOST})
    return [row.document for row in rows]
