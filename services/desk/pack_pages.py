"""The case pack of an agenda's item, as the attendee's sharing agreement lets her see it; the reading is recorded."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from fastapi import APIRouter, Request, Response

from services.desk import case_view, casefile_view, marks_repository, meeting_view, referral_view, write_repository
from services.desk.commands import Casework
from services.desk.frame import PARTS, missing, pages_of, shell, tidy
from services.desk.people import Session, SignedIn
from services.desk.presenting import Presenter
from services.kernel.process import Process
from services.partnership.models import Partnership

router = APIRouter(include_in_schema=False)


@router.get("/meetings/{identity}/packs/{reference}")
async def pack_page(request: Request, session: SignedIn, identity: str, reference: str) -> Response:
    """The case, its referral, people, tasks and newest history; of what is held back, only that it is."""
    hub: Process = request.app.state.hub
    casework: Casework = request.app.state.casework
    presenter: Presenter = request.app.state.presenter
    partnership: Partnership = request.app.state.partnership
    now, asked = hub.clock(), tidy(reference)
    meeting = await casework.read(hub, session, f"meetings/{identity}")
    found = await casework.read(hub, session, f"meetings/{identity}/packs/{asked}")
    if meeting is None or found is None:
        raise missing()
    rows, count = await _read(hub, session, found, f"{identity}/{asked}", now)
    return pages_of(request).render(
        "pack.html",
        **shell(request, session, "meetings"),
        **_shown(presenter, partnership, found, now),
        meeting=meeting,
        head=meeting_view.heading(presenter, meeting),
        panel=partnership.panel(meeting["panel"]),
        agreement=next((each for each in partnership.sharing if each.agency == session.person.agency), None),
        readings=case_view.readings(presenter, rows, now),
        reading_count=count,
    )


async def _read(hub: Process, session: Session, found: Mapping[str, Any], pack: str, now: datetime) -> tuple[Any, int]:
    """Note the reading, of the pack and of its case; then who has read the pack."""
    me = session.person
    async with hub.database.writing() as connection:
        await write_repository.note_readings(connection, (pack, found["reference"]), me.id, me.agency, now)
        return await marks_repository.readings(connection, pack)


def _shown(presenter: Presenter, partnership: Partnership, found: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    referral = found["referral"]
    return {
        "found": found,
        "referral": referral,
        "facts": referral_view.facts(presenter, referral, now),
        "fields": referral_view.plain_facts(partnership, referral),
        "sent": presenter.short(referral["sent_at"], now),
        "themes": presenter.themes(found["themes"]),
        "lead": presenter.agency(found["lead_agency"]),
        "owner": presenter.who(found["owner"]) or "Nobody yet",
        "people": casefile_view.people(found["people"], now),
        "tasks": casefile_view.tasks(presenter, found["tasks"], now),
        "entries": casefile_view.entries(presenter, found["timeline"]),
        "withheld": [PARTS[each] for each in found["withheld"]],
        "names_shown": "names" not in found["withheld"],
        "words_shown": "text" not in found["withheld"],
    }
