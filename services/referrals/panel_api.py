"""A panel's on-time figures by HTTP: on time ÷ (closed + open overdue), with the referrals behind each number."""

from datetime import datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request

from services.access.authentication import authenticated
from services.access.callers import Caller
from services.kernel.process import Process
from services.partnership.models import Partnership, UnknownCode
from services.referrals import panel_repository
from services.referrals.domain import clocks
from services.referrals.panel_repository import LastEntry
from services.referrals.requests import missing, session_of

BEHIND = 200
"""So many references of each number."""

router = APIRouter(prefix="/api/v1")
Staff = Annotated[Caller, authenticated("cases")]
Days = Annotated[int, Query(ge=1, le=3660)]


@router.get("/panels/{panel}/on-time")
async def on_time(request: Request, caller: Staff, panel: str, days: Days = 365) -> dict[str, Any]:
    """Of the referrals that the caller may see: clocks that stopped in the last `days`, and those open and overdue.

    `share` is null while there is nothing to count.
    """
    hub: Process = request.app.state.hub
    partnership: Partnership = request.app.state.partnership
    try:
        code = partnership.panel(panel).code
    except UnknownCode as error:
        raise missing("panel") from error
    async with hub.database.reading(**session_of(caller)) as connection:
        found = await panel_repository.last_entries(connection, code)
    now = hub.clock()
    return {"panel": code} | figures(found, now - timedelta(days=days), now)


def figures(found: list[LastEntry], since: datetime, now: datetime) -> dict[str, Any]:
    """Share, its parts and the references behind them; clocks that stopped before `since` count no more."""
    kept = [each for each in found if each.entry.event != "stop" or each.entry.at >= since]
    stand = [(each.reference, clocks.standing(each.entry, now)) for each in kept]
    on_time = [reference for reference, each in stand if each.on_time]
    late = [reference for reference, each in stand if each.on_time is False]
    overdue = [reference for reference, each in stand if each.overdue]
    return {
        "since": since.isoformat(),
        "share": clocks.on_time_share(each for _, each in stand),
        "closed": len(on_time) + len(late),
        "closed_on_time": len(on_time),
        "open_overdue": len(overdue),
        "behind": {"on_time": on_time[:BEHIND], "late": late[:BEHIND], "overdue": overdue[:BEHIND]},
    }
