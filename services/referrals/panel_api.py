"""A panel by HTTP: its board, and its on-time figures with the referrals behind each number."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request

from services.access.authentication import authenticated
from services.access.callers import Caller
from services.kernel.process import Process
from services.partnership.entries import Panel
from services.partnership.lookups import UnknownCode
from services.partnership.models import Partnership
from services.referrals import panel_repository, panel_views
from services.referrals.domain import clocks
from services.referrals.meeting_sharing import Reader
from services.referrals.panel_repository import LastEntry, OnBoard
from services.referrals.requests import missing, session_of

BEHIND, PAGE = 200, 50
"""So many references of each number, and so many referrals of a board at once."""
OPEN = ("sent", "information-requested", "accepted", "scheduled", "discussed", "in-progress")
View = Literal[
    "open", "overdue", "sent", "information-requested", "accepted", "scheduled", "discussed", "in-progress", "concluded"
]
CONCLUDED_SINCE = timedelta(days=31)
_FIRST = datetime.min.replace(tzinfo=UTC)

router = APIRouter(prefix="/api/v1")
Staff = Annotated[Caller, authenticated("cases")]
Days = Annotated[int, Query(ge=1, le=3660)]


def _panel(request: Request, code: str) -> Panel:
    partnership: Partnership = request.app.state.partnership
    try:
        return partnership.panel(code)
    except UnknownCode as error:
        raise missing("panel") from error


@router.get("/panels/{panel}/board")
async def board(
    request: Request, caller: Staff, panel: str, view: View = "open", after: str | None = None
) -> dict[str, Any]:
    """The panel's referrals that the caller may see, soonest due first, with how many stand at each status.

    `overdue` are open ones whose clock has run out; `concluded` those of the last 31 days.
    """
    hub: Process = request.app.state.hub
    found, now = _panel(request, panel), hub.clock()
    since = now - CONCLUDED_SINCE
    due, reference = _cursor(after)
    where = {"panel": found.code, "now": now, "since": since}
    page = where | {
        "statuses": list(OPEN) if view in ("open", "overdue") else [view],
        "overdue": view == "overdue",
        "after_due": due,
        "after": reference,
        "most": PAGE,
    }
    async with hub.database.reading(**session_of(caller)) as connection:
        rows = await panel_repository.board(connection, page)
        counts = await panel_repository.counts(connection, where | {"open": list(OPEN)})
    reader = Reader(caller, request.app.state.partnership)
    return {
        "panel": found.code,
        "view": view,
        "counts": panel_views.counted(counts),
        "items": [panel_views.row(each, found, reader, now) for each in rows],
        "next": _following(rows),
    }


def _cursor(after: str | None) -> tuple[datetime, str]:
    """Where a page begins; what cannot be read is the beginning."""
    due, _, reference = (after or "").partition("~")
    try:
        moment = datetime.fromisoformat(due.replace(" ", "+"))
    except ValueError:
        return _FIRST, ""
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)), reference


def _following(rows: list[OnBoard]) -> str | None:
    if len(rows) < PAGE:
        return None
    return f"{rows[-1].due.isoformat()}~{rows[-1].referral.state.reference}"


@router.get("/panels/{panel}/on-time")
async def on_time(request: Request, caller: Staff, panel: str, days: Days = 365) -> dict[str, Any]:
    """Of the referrals that the caller may see: clocks that stopped in the last `days`, and those open and overdue.

    `share` is null while there is nothing to count.
    """
    hub: Process = request.app.state.hub
    code = _panel(request, panel).code
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
