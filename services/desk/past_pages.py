"""A case as it was known at a moment: what its history says, and only to who could see it then."""

from datetime import datetime
from typing import Any

from fastapi import APIRouter, Request, Response

from services.desk import casefile_view, repository
from services.desk.commands import Casework
from services.desk.frame import missing, pages_of, shell, tidy
from services.desk.people import SignedIn
from services.desk.presenting import Presenter
from services.kernel.process import Process

router = APIRouter(include_in_schema=False)


@router.get("/cases/{reference}/past")
async def past_page(request: Request, session: SignedIn, reference: str, at: str = "") -> Response:
    """The case at a moment of her choice, in the partnership's time."""
    hub: Process = request.app.state.hub
    presenter: Presenter = request.app.state.presenter
    found = tidy(reference)
    async with hub.database.reading(**session.reading()) as connection:
        state = await repository.case(connection, found)
    if state is None:
        raise missing()
    moment, wrong = _moment(at, presenter)
    casework: Casework = request.app.state.casework
    known = await casework.read(hub, session, f"cases/{found}", as_known_at=moment.isoformat()) if moment else None
    shown = _shown(presenter, known, moment) if known and moment else {}
    return pages_of(request).render(
        "past.html",
        **shell(request, session, "worklist"),
        case=state,
        opened=presenter.short(state["opened_at"], hub.clock()),
        at=at,
        earliest=f"{presenter.local(state['opened_at']):%Y-%m-%dT%H:%M}",
        latest=f"{presenter.local(hub.clock()):%Y-%m-%dT%H:%M}",
        wrong=wrong,
        asked=moment is not None,
        known=known,
        **shown,
    )


def _moment(typed: str, presenter: Presenter) -> tuple[datetime | None, str]:
    if not typed:
        return None, ""
    try:
        found = datetime.fromisoformat(typed)
    except ValueError:
        return None, "Give a day and a time, such as 14 October 2025, 14:07."
    return (found if found.tzinfo else found.replace(tzinfo=presenter.zone)), ""


def _shown(presenter: Presenter, known: dict[str, Any], at: datetime) -> dict[str, Any]:
    return {
        "moment": f"{presenter.day(at)}, {presenter.clock(at)}",
        "themes": presenter.themes(known["themes"]),
        "lead": presenter.agency(known["lead_agency"]),
        "acting": presenter.agency(known["acting_lead"]),
        "owner": presenter.who(known["owner"]) or "Nobody yet",
        "time": presenter.time_left(known["due_at"], at),
        "tasks": casefile_view.tasks(presenter, known["tasks"], at),
        "people": casefile_view.people(known["people"], at),
        "nameless": casefile_view.nameless(known["withheld"]),
        "entries": casefile_view.entries(presenter, known["timeline"]),
    }
