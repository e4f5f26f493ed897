"""The minutes of a meeting as a page: to be read before they are signed off, and the record afterwards."""

import asyncio
import json
from datetime import datetime
from typing import Any
from uuid import uuid4

from fastapi import APIRouter, Request, Response

from services.desk import minutes
from services.desk.frame import pages_of, shell
from services.desk.meeting_pages import read_meeting
from services.desk.people import Session, SignedIn
from services.desk.presenting import Presenter
from services.kernel.process import Process
from services.pages.rendering import SECURITY_HEADERS
from services.partnership.models import Partnership

router = APIRouter(include_in_schema=False)


@router.get("/meetings/{identity}/minutes")
async def minutes_page(request: Request, session: SignedIn, identity: str, notice: str = "") -> Response:
    """The minutes as she may see them; the chair signs them off here. The reading is recorded."""
    hub: Process = request.app.state.hub
    found, made = await _record(request, session, identity, hub.clock())
    partnership: Partnership = request.app.state.partnership
    return pages_of(request).render(
        "minutes.html",
        **shell(request, session, "meetings"),
        found=found,
        record=made,
        panel=partnership.panel(found["panel"]),
        marking=minutes.MARKING,
        draft=minutes.DRAFT,
        not_read=minutes.NOT_READ,
        no_quorum=minutes.NO_QUORUM,
        signs=session.person.id == found["chair"] and made.draft,
        was=json.dumps({name: found[name] for name in ("present", "decisions", "actions")}),
        notice=notice,
        key=str(uuid4()),
    )


@router.get("/meetings/{identity}/minutes.pdf")
async def minutes_file(request: Request, session: SignedIn, identity: str) -> Response:
    """The same record as a PDF, for her alone. The reading is recorded."""
    now = request.app.state.hub.clock()
    _, made = await _record(request, session, identity, now)
    content = await asyncio.to_thread(_pdf, made, now)
    named = {"Content-Disposition": f'inline; filename="minutes-{identity}.pdf"'}
    return Response(content, 200, SECURITY_HEADERS | named, "application/pdf")


def _pdf(record: minutes.Record, made_at: datetime) -> bytes:
    # What draws it takes as long to load as all the rest of the desk, and few processes are ever asked for one.
    from services.desk import minutes_pdf  # noqa: PLC0415

    return minutes_pdf.rendered(record, made_at)


async def _record(
    request: Request, session: Session, identity: str, now: datetime
) -> tuple[dict[str, Any], minutes.Record]:
    presenter: Presenter = request.app.state.presenter
    found = await read_meeting(request, session, identity)
    reader = f"{session.person.name}, {presenter.agency(session.person.agency)}"
    return found, minutes.record(presenter, request.app.state.partnership, found, reader, now)
