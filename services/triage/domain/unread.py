"""A report that waits for its second reading: nobody has heard of it yet, and nobody waits longer than its timer."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from schemas.events import ReportFacts
from services.kernel.decision import Context, Decision, NewJob, NewTimer
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


def wait_for_reading(
    report: ReportFacts, personal: dict[str, Any], keys: frozenset[str], until: datetime, context: Context
) -> Decision:
    """Ask for a reading, and for the timer that ends the waiting; `keys` are locked again when it is decided.

    A correction of one that waits waits no longer than that would have: who goes on typing must not hide a report.

    The timer is the question's own and never cancelled: a result that took it away would wait for it while it, fired,
    waits for the report.
    """
    identity = str(report.report_id)
    asked = {"report_id": report.report_id, "asked": context.cause, "keys": tuple(sorted(keys))}
    return Decision(
        state={unread_key(identity): Unread(report=report, personal=personal, asked=context.cause, until=until)},
        jobs=(NewJob(READ_JOB, identity, ReadText(**asked, text=words_of(personal), until=until)),),
        timers=(NewTimer(LATE_TIMER, identity, until, ReadingLate(**asked), name=str(context.cause)),),
    )


def waiting_for(state: Mapping[str, Any], body: TextRead | ReadingLate) -> Unread | None:
    """The report that still waits for just this; None where the other one of the two, or a correction, came first."""
    unread: Unread | None = state.get(unread_key(body.report_id))
    return unread if unread is not None and unread.asked == body.asked else None
