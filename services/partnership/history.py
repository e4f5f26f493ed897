"""Whether a report is history: the same for one that is kept, explained or only tried."""

from datetime import UTC, date, datetime, timedelta

from schemas.submission import Submission
from services.partnership.models import Partnership


def occurred_long_ago(sent: Submission, received_at: datetime, partnership: Partnership) -> bool:
    """Whether it occurred so long before receipt that nothing can be done about it now; danger now is never history."""
    if sent.danger_now:
        return False
    limit = timedelta(days=partnership.threshold("historic-after").value)
    occurred = sent.occurred_until or sent.occurred_at
    if occurred is not None:
        return received_at - occurred > limit
    if sent.occurred_month is None:
        return False
    return received_at - _end_of_month(sent.occurred_month) > limit


def _end_of_month(month: str) -> datetime:
    year, number = (int(part) for part in month.split("-"))
    following = date(year + number // 12, number % 12 + 1, 1)
    return datetime.combine(following, datetime.min.time(), UTC)
