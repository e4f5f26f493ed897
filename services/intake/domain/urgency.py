"""Whether a report is history, and how long danger may wait for a decision."""

from datetime import timedelta

from schemas.events import ReportFacts
from services.intake.messages import DangerUnanswered, ReceiveReport
from services.kernel.decision import Context, NewTimer
from services.partnership.history import occurred_long_ago
from services.partnership.models import Partnership


def is_historic(command: ReceiveReport, partnership: Partnership, *, live: bool) -> bool:
    """Police extracts, and what occurred so long before receipt that nothing can be done about it now.

    Danger now is never history, whenever it began; nor is what comes late of a report that was none (`live`).
    """
    if command.extract:
        return True
    return not live and occurred_long_ago(command.submission, command.received_at, partnership)


def danger_timer(key: str, facts: ReportFacts, context: Context) -> NewTimer:
    """After it the duty contact is told of a danger that nobody has decided on."""
    wait = timedelta(seconds=context.rules.partnership.threshold("danger-unanswered").value)
    return NewTimer("danger-unanswered", str(facts.report_id), context.now + wait, DangerUnanswered(source=key))
