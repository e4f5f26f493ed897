"""Hints over server-sent events: how much has changed since a page was made, and who else has the case open."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request
from sse_starlette import EventSourceResponse

from services.desk import marks_repository, meetings_repository, repository
from services.desk.frame import missing, tidy
from services.desk.people import Session, SignedIn
from services.desk.presenting import Presenter, named
from services.kernel.process import Process

HINT_SECONDS = 2.0

router = APIRouter(include_in_schema=False)


@router.get("/events")
async def events(request: Request, session: SignedIn, since: datetime | None = None) -> EventSourceResponse:
    """Hints, not news: how many cases that she may see have changed since the page was made, and the dangers."""
    hub: Process = request.app.state.hub
    start = since or hub.clock()

    async def hints() -> AsyncIterator[dict[str, str]]:
        told: dict[str, int] = {}
        while not await request.is_disconnected():
            async with hub.database.reading(**session.reading()) as connection:
                found = await repository.hint(connection, start)
            news = {"changed": found.changed, "danger": found.danger}
            if news != told:
                told = news
                yield {"event": "changed", "data": json.dumps(news)}
            await asyncio.sleep(HINT_SECONDS)

    return EventSourceResponse(hints())


@router.get("/events/{reference}")
async def case_events(request: Request, session: SignedIn, reference: str, sequence: int = 0) -> EventSourceResponse:
    """For one case's page: how many events are newer than the page, its version, and who else has it open."""
    hub: Process = request.app.state.hub
    found = await _case(hub, session, tidy(reference))
    if found is None:
        raise missing()
    case_id = UUID(str(found.state["case_id"]))

    async def hints() -> AsyncIterator[dict[str, str]]:
        told: dict[str, Any] = {}
        try:
            while not await request.is_disconnected():
                news = await _case_news(request, session, tidy(reference), case_id, sequence)
                if news != told:
                    told = news
                    yield {"event": "case", "data": json.dumps(news)}
                await asyncio.sleep(HINT_SECONDS)
        finally:
            async with hub.database.writing() as connection:
                await marks_repository.leave(connection, session.person.id, case_id)

    return EventSourceResponse(hints())


@router.get("/events/meetings/{identity}")
async def meeting_events(
    request: Request, session: SignedIn, identity: str, version: int = 0, items: str = ""
) -> EventSourceResponse:
    """For a meeting's page: whether something was minuted since it was made, and what became due that it lacks."""
    hub: Process = request.app.state.hub
    shown = [each for each in items.split(",") if each]

    async def hints() -> AsyncIterator[dict[str, str]]:
        told: dict[str, Any] = {}
        while not await request.is_disconnected():
            async with hub.database.reading(**session.reading()) as connection:
                found = await meetings_repository.hint(connection, identity, shown)
            newer = found is not None and found.version > version
            news = {
                "newer": newer,
                "version": found.version if found else version,
                "due": found.due if found else 0,
                "signed": newer and found is not None and found.status == "signed-off",
            }
            if news != told:
                told = news
                yield {"event": "meeting", "data": json.dumps(news)}
            await asyncio.sleep(HINT_SECONDS)

    return EventSourceResponse(hints())


async def _case(hub: Process, session: Session, reference: str) -> Any | None:
    async with hub.database.reading(**session.reading()) as connection:
        return await repository.case_hint(connection, reference)


async def _case_news(
    request: Request, session: Session, reference: str, case_id: UUID, sequence: int
) -> dict[str, Any]:
    hub: Process = request.app.state.hub
    presenter: Presenter = request.app.state.presenter
    found = await _case(hub, session, reference)
    async with hub.database.writing() as connection:
        await marks_repository.beat(connection, session.person.id, case_id)
        others = await marks_repository.others(connection, session.person.id, case_id)
    names = named([presenter.who(each) for each in others])
    return {
        "newer": max(0, found.sequence - sequence) if found else 0,
        "version": found.version if found else None,
        "others": f"{names} {'has' if len(others) == 1 else 'have'} this open" if others else "",
    }
