"""A report whose message triage could not decide: its receipt is to say so, and to say when it is mended."""

from schemas import topics
from schemas.receipt_events import ReportFreed, ReportHeld
from services.kernel.decision import NOTHING, Context, Decision, NewEvent
from services.kernel.holding import Holding, KeyHeld

_REPORTS = frozenset(topics.REPORT_TOPICS.values())


def told(body: Holding, context: Context) -> Decision:
    """Tell intake. The key is all that is read, for the record may hold anything; a broken key names no report."""
    if body.topic not in _REPORTS or body.key_id is None:
        return NOTHING
    event = ReportHeld if isinstance(body, KeyHeld) else ReportFreed
    return Decision(events=(NewEvent(topics.DECISIONS, body.key, event(report_id=body.key_id, at=context.now)),))
