"""A panel's board: its referrals by where they stand, whom each waits for, help beside enforcement, on-time figures."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import uuid4

from fastapi import APIRouter, Request, Response

from services.desk import board_view, meeting_view, repository, write_repository
from services.desk.commands import Casework
from services.desk.frame import missing, pages_of, shell
from services.desk.meeting_pages import runs
from services.desk.people import Session, SignedIn
from services.desk.presenting import Presenter
from services.kernel.process import Process
from services.partnership.entries import Panel
from services.partnership.models import Partnership

router = APIRouter(include_in_schema=False)


@router.get("/referrals/{panel}")
async def board(
    request: Request, session: SignedIn, panel: str, view: str = "open", after: str = "", notice: str = ""
) -> Response:
    """The panel's referrals that she may see, soonest due first. Reading the names on it is recorded."""
    hub: Process = request.app.state.hub
    presenter: Presenter = request.app.state.presenter
    partnership: Partnership = request.app.state.partnership
    entry, now = meeting_view.panel_of(partnership, panel), hub.clock()
    asked = view if view in dict(board_view.VIEWS) or view == "overdue" else "open"
    if entry is None:
        raise missing()
    found, share = await _found(request, session, panel, asked, after)
    meeting = await _next_meeting(request, session, entry, now)
    rows = board_view.rows(presenter, entry, found, meeting["at"] if meeting else None, now)
    await _note(hub, session, rows, now)
    async with hub.database.reading(**session.reading()) as connection:
        counts = await repository.open_by_panel(connection)
    return pages_of(request).render(
        "board.html",
        **shell(request, session, "referrals"),
        panel=entry,
        rows=rows,
        views=board_view.views(found["counts"], asked),
        view=asked,
        figures=board_view.figures(share),
        following=found["next"],
        counts=counts,
        meeting=meeting,
        moves=runs(session, panel),
        agencies=[(agency.code, agency.short_name) for agency in partnership.agencies],
        since=now.isoformat(),
        since_clock=presenter.clock(now),
        notice=notice,
        key=str(uuid4()),
    )


async def _found(
    request: Request, session: Session, panel: str, view: str, after: str
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The board and its figures, as referrals answers her. Raises a 404 problem."""
    hub: Process = request.app.state.hub
    casework: Casework = request.app.state.casework
    query = {"view": view} | ({"after": after} if after else {})
    found = await casework.read(hub, session, f"panels/{panel}/board", **query)
    share = await casework.read(hub, session, f"panels/{panel}/on-time")
    if found is None or share is None:
        raise missing()
    return found, share


async def _note(hub: Process, session: Session, rows: list[dict[str, Any]], now: datetime) -> None:
    """Who is named on the page was read of."""
    named = [each["case"] for each in rows if each["at_length"] and each["person"]]
    if named:
        async with hub.database.writing() as connection:
            me = session.person
            await write_repository.note_readings(connection, named, me.id, me.agency, now)


async def _next_meeting(request: Request, session: Session, panel: Panel, now: datetime) -> Mapping[str, Any] | None:
    """The panel's next meeting with how much of its agenda she sees; None where none is planned or it is not hers."""
    hub: Process = request.app.state.hub
    casework: Casework = request.app.state.casework
    presenter: Presenter = request.app.state.presenter
    listed = await casework.read(hub, session, "meetings", panel=panel.code) or {"items": []}
    coming = [each for each in listed["items"] if presenter.local(each["at"]) > now and each["status"] == "scheduled"]
    if not coming:
        return None
    found = await casework.read(hub, session, f"meetings/{coming[-1]['meeting_id']}")
    if found is None:
        return None
    local = presenter.local(found["at"])
    return meeting_view.listed(presenter, found, now) | {
        "at": found["at"],
        "items": len(found["agenda"]),
        "at_local": f"{local:%Y-%m-%dT%H:%M}",
    }
