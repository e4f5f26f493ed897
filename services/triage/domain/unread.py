"""A report that waits for its second reading: nobody has heard of it yet, and nobody waits longer than its timer."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from schemas.events import ReportFacts
from services.kernel.decision import CancelledTimer, Context, Decision, NewJob, NewTimer
from services.triage.domain.second_look import words_of
from services.triage.messages import ReadingLate, ReadText, TextRead

READ_JOB, LATE_TIMER = "read-text", "reading-late"


class Unread(BaseModel):
    """The report as it came; `asked` tells its reading from that of an earlier revision."""

    model_config = ConfigDict(frozen=True)
    report: ReportFacts
    personal: dict[str, Any]
    asked: UUID
    until: datetime


def unread_key(report_id: Any) -> str:
    """The state key of a report that waits for its reading."""
    return f"unread:{report_id}"


def waited_for(unread: Unread) -> CancelledTimer:
    """The timer of a report that is decided: one that is being fired finds that nobody waits."""
    return CancelledTimer(LATE_TIMER, str(unread.report.report_id), str(unread.asked), may_fire=True)


def wait_for_reading(
    report: ReportFacts,
    personal: dict[str, Any],
    keys: frozenset[str],
    wait: timedelta,
    before: Unread | None,
    context: Context,
) -> Decision:
    """Ask for a reading, and for the timer that ends the waiting; `keys` are locked again when it is decided.

    A correction of one that waits (`before`) waits no longer than that would have: who goes on typing must not hide a
    report. The timer is the question's own. What decides before it takes it away (`waited_for`), unless it is being
    fired: who waited for it then would be waited for by it.
    """
    identity, until = str(report.report_id), before.until if before else context.now + wait
    asked = {"report_id": report.report_id, "asked": context.cause, "keys": tuple(sorted(keys))}
    return Decision(
        state={unread_key(identity): Unread(report=report, personal=personal, asked=context.cause, until=until)},
        jobs=(NewJob(READ_JOB, identity, ReadText(**asked, text=words_of(personal), until=until)),),
        timers=(NewTimer(LATE_TIMER, identity, until, ReadingLate(**asked), name=str(context.cause)),),
        cancelled=(waited_for(before),) if before else (),
    )


def waiting_for(state: Mapping[str, Any], body: TextRead | ReadingLate) -> Unread | None:
    """The report that still waits for just this; None where the other one of the two, or a correction, came first."""
    unread: Unread | None = state.get(unread_key(body.report_id))
    return unread if unread is not None and unread.asked == body.asked else None
