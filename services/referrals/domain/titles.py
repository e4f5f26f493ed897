"""A case's title and next action, made by rule: never a name, never a sensitive theme."""

from schemas.codes import CaseStatus
from schemas.events import CaseState
from services.partnership.models import Partnership

NOWHERE = "place not known"


def title(kind: str, street: str | None, reports: int) -> str:
    """Kind · street · count."""
    return f"{kind} · {street or NOWHERE} · {reports} {'report' if reports == 1 else 'reports'}"


def next_action(
    state: CaseState, suggested: tuple[str, ...], partnership: Partnership, pending: str | None, *, referred: bool
) -> tuple[str, str | None]:
    """What is to be done next, and by whom (a staff id or an agency); `referred`: whether a referral is open."""
    by = state.owner or state.acting_lead or state.lead_agency
    if state.status is CaseStatus.CLOSED:
        return f"Merged into {state.merged_into_reference}" if state.merged_into else "Closed", None
    if state.danger_unacknowledged:
        return "Acknowledge the danger", by
    if state.owner is None:
        return "Take or assign", by
    return pending or _of_referrals(state, suggested, partnership, referred=referred), by


def _of_referrals(state: CaseState, suggested: tuple[str, ...], partnership: Partnership, *, referred: bool) -> str:
    waiting = [code for code in suggested if code not in state.referred_to]
    if waiting:
        return f"Decide on a referral to {partnership.panel(waiting[0]).short_name}"
    return "Follow the referral" if referred else "Record the next step"
