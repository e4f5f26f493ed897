"""Whether a report is history, and how long danger may wait for a decision."""

from datetime import UTC, date, datetime, timedelta

from schemas.events import ReportFacts
from services.intake.messages import DangerUnanswered, ReceiveReport
from services.kernel.decision import Context, NewTimer
from services.partnership.models import Partnership


def is_historic(command: ReceiveReport, partnership: Partnership, *, live: bool) -> bool:
    """Police extracts, and what occurred so long before receipt that nothing can be done about it now.

    Danger now is never history, whenever it began; nor is what comes late of a report that was none (`live`).
    """
    submission = command.submission
    if command.extract:
        return True
    if submission.danger_now or live:
        return False
    limit = timedelta(days=partnership.threshold("historic-after").value)
    occurred = submission.occurred_until or submission.occurred_at
    if occurred is not None:
        return command.received_at - occurred > limit
    if submission.occurred_month is None:
        return False
    return command.received_at - _end_of_month(submission.occurred_month) > limit


def _end_of_month(month: str) -> datetime:
    year, number = (int(part) for part in month.split("-"))
    following = date(year + number // 12, number % 12 + 1, 1)
    return datetime.combine(following, datetime.min.time(), UTC)


def danger_timer(key: str, facts: ReportFacts, context: Context) -> NewTimer:
    """After it the duty contact is told of a danger that nobody has decided on."""
    wait = timedelta(seconds=context.rules.partnership.threshold("danger-unanswered").value)
    return NewTimer("danger-unanswered", str(facts.report_id), context.now + wait, DangerUnanswered(source=key))
