"""A panel's board: its referrals by where they stand, whom each waits for, help beside enforcement, on-time figures."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4

from fastapi import APIRouter, Request, Response

from services.desk import board_view, meeting_view, repository, step_forms, write_repository
from services.desk.commands import Casework
from services.desk.form_errors import NOTHING, Kept
from services.desk.frame import Around, Said, around, missing, pages_of, shell
from services.desk.people import Session, SignedIn
from services.desk.presenting import Presenter
from services.kernel.process import Process
from services.partnership.entries import Panel

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True, slots=True)
class Tried:
    """A form of the board that was refused: of which referral, which step, and what it kept."""

    reference: str
    name: str
    kept: Kept


@router.get("/referrals/{panel}")
async def board(
    request: Request, session: SignedIn, panel: str, view: str = "open", after: str = "", notice: str = ""
) -> Response:
    """The panel's referrals that she may see, soonest due first. Reading the names on it is recorded."""
    return await board_page(request, session, panel, view, after, said=Said(notice))


async def board_page(
    request: Request,
    session: Session,
    panel: str,
    view: str,
    after: str = "",
    *,
    said: Said,
    tried: Tried | None = None,
) -> Response:
    """The board, with a refused form open where it stood. Raises a 404 problem."""
    desk = around(request)
    entry = meeting_view.panel_of(desk.partnership, panel)
    asked = view if view in dict(board_view.VIEWS) or view == "overdue" else "open"
    if entry is None:
        raise missing()
    found, share = await _found(request, session, panel, asked, after)
    meeting = await _next_meeting(request, session, entry, desk.now)
    rows = board_view.rows(desk.presenter, entry, found, meeting["at"] if meeting else None, desk.now)
    await _note(desk.hub, session, rows, desk.now)
    async with desk.hub.database.reading(**session.reading()) as connection:
        counts = await repository.open_by_panel(connection)
    return pages_of(request).render(
        "board.html",
        said.status,
        **shell(request, session, "referrals"),
        panel=entry,
        rows=[_with_moves(desk, each, tried) for each in rows],
        views=board_view.views(found["counts"], asked),
        view=asked,
        figures=board_view.figures(share),
        following=found["next"],
        counts=counts,
        meeting=meeting,
        since=desk.now.isoformat(),
        since_clock=desk.presenter.clock(desk.now),
        notice=said.notice,
        error=said.error,
        nothing=NOTHING,
        key=str(uuid4()),
    )


def _with_moves(desk: Around, row: dict[str, Any], tried: Tried | None) -> dict[str, Any]:
    """What the forms of the row offer, and the one that was refused as it was sent."""
    hers = tried is not None and tried.reference == row["reference"]
    return row | {
        "choices": step_forms.choices(desk.partnership, row["panel"], under_18=row["under_18"]),
        "again": tried.kept if tried and hers else None,
        "tried": tried.name if tried and hers else "",
    }


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
