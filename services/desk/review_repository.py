"""What the review lists beside the queue: referrals that were declined and whose case nobody has taken further."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

_DECLINED = text("""
    SELECT r.state AS referral, c.state AS case_state FROM model_referrals r JOIN model_cases c USING (case_id)
    WHERE r.status = 'declined' AND c.status = 'open' AND NOT EXISTS (
        SELECT 1 FROM model_referrals later WHERE later.case_id = r.case_id
            AND CAST(later.state ->> 'sent_at' AS timestamptz) > CAST(r.state ->> 'sent_at' AS timestamptz)
    )
    ORDER BY r.sequence DESC, r.referral_id LIMIT 20
""")
_CASE_SINCE = text("""
    SELECT c.status, CAST(c.state->>'report_count' AS integer) AS reports, EXISTS (
        SELECT 1 FROM model_events w WHERE w.case_id = c.case_id AND w.at >= :since
            AND w.document->'by'->>'kind' = 'person' AND w.type <> 'ReportCorrected' AND w.type <> ALL(:brings)
    ) AS worked
    FROM model_reports r JOIN model_events e USING (report_id) JOIN model_cases c ON c.case_id = e.case_id
    WHERE r.reference = :report AND e.type = ANY(:brings) ORDER BY e.at DESC LIMIT 1
""")
BRINGS = ("CaseOpened", "ReportJoined", "ReportMoved")
"""The events that bring a report into a case."""


async def declined(connection: AsyncConnection) -> Sequence[Any]:
    """Declined referrals of open cases with none sent after them, as far as the session may see them."""
    return (await connection.execute(_DECLINED)).all()


async def case_since(connection: AsyncConnection, report: str, since: datetime) -> Any | None:
    """The case that a report is in: its status, how many reports it has, and whether somebody `worked` on it since."""
    return (await connection.execute(_CASE_SINCE, {"report": report, "since": since, "brings": list(BRINGS)})).first()
