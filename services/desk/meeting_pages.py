"""Panels' meetings: which there are, one with its agenda and live minuting, and their forms."""

import json
from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import Any
from uuid import uuid4

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from services.desk import meeting_view, repository, write_repository
from services.desk.commands import Casework
from services.desk.conflict_page import words_of
from services.desk.frame import Said, around, missing, pages_of, refusal, seen, shell, tidy
from services.desk.meeting_conflict import conflict
from services.desk.meeting_forms import MINUTING, anchor
from services.desk.people import CheckedForm, Session, SignedIn
from services.desk.presenting import Presenter
from services.kernel.process import Process
from services.partnership.models import Partnership

router = APIRouter(include_in_schema=False)


@router.get("/meetings")
async def meetings(request: Request, session: SignedIn, panel: str = "", notice: str = "") -> Response:
    """The meetings of her panels: what comes next, what is not signed off, what was."""
    return await _meetings(request, session, Said(notice), panel=panel)


async def _meetings(request: Request, session: Session, said: Said, *, panel: str = "") -> Response:
    desk = around(request)
    chosen = meeting_view.panel_of(desk.partnership, panel)
    query = {"panel": chosen.code} if chosen else {}
    found = await desk.casework.read(desk.hub, session, "meetings", **query) or {"items": []}
    rows = [meeting_view.listed(desk.presenter, each, desk.now) for each in found["items"]]
    hers = [each for each in desk.partnership.panels if runs(session, each.code)]
    return pages_of(request).render(
        "meetings.html",
        said.status,
        **shell(request, session, "meetings"),
        chosen=chosen,
        coming=list(reversed([each for each in rows if not each["past"] and not each["signed"]])),
        unsigned=[each for each in rows if each["unsigned"]],
        signed=[each for each in rows if each["signed"]],
        convene=[(each.code, each.short_name) for each in hers],
        defaults=any(each.meetings and not each.meetings.is_policy for each in desk.partnership.panels),
        notice=said.notice,
        error=said.error,
        key=str(uuid4()),
    )


def runs(session: Session, panel: str) -> bool:
    """Whether she is one of the panel's own people, who minute its meetings."""
    return session.caller.sees_all or panel in session.caller.agencies


@router.post("/meetings")
async def convene(request: Request, session: SignedIn, form: CheckedForm) -> Response:
    """A meeting of the panel at a time, or the next of its own rhythm."""
    hub: Process = request.app.state.hub
    casework: Casework = request.app.state.casework
    outcome = await casework.command(hub, session, "meetings", "convene", form)
    if not outcome.done:
        return await _meetings(request, session, refusal(outcome))
    return RedirectResponse(f"/meetings/{outcome.body['meeting_id']}?notice=Scheduled.", 303)


@router.get("/meetings/{identity}")
async def meeting_page(request: Request, session: SignedIn, identity: str, notice: str = "") -> Response:
    """One meeting: who is there, what is due, what was minuted. The reading is recorded."""
    return await _meeting(request, session, identity, Said(notice))


async def read_meeting(request: Request, session: Session, identity: str) -> dict[str, Any]:
    """The meeting as referrals shows it to her; that its words were read is noted. Raises a 404 problem."""
    hub: Process = request.app.state.hub
    casework: Casework = request.app.state.casework
    found = await casework.read(hub, session, f"meetings/{identity}")
    if found is None:
        raise missing()
    subjects = [
        identity,
        *(each["case"]["reference"] for each in found["agenda"] if each["minuted"] or each["actions"]),
    ]
    async with hub.database.writing() as connection:
        me = session.person
        await write_repository.note_readings(connection, subjects, me.id, me.agency, hub.clock())
    return found


async def _meeting(request: Request, session: Session, identity: str, said: Said) -> Response:
    desk = around(request)
    found = await read_meeting(request, session, identity)
    panel = desk.partnership.panel(found["panel"])
    async with desk.hub.database.reading(**session.reading()) as connection:
        rows = await repository.board(connection, panel.code, meeting_view.ON_AGENDA)
    references = [each["referral"]["reference"] for each in found["agenda"]]
    return pages_of(request).render(
        "meeting.html",
        said.status,
        **shell(request, session, "meetings"),
        **_shown(request, session, found, desk.now),
        panel=panel,
        addable=meeting_view.can_be_added(desk.partnership, panel, rows, references, partial(seen, request, session)),
        references=",".join(references),
        notice=said.notice,
        error=said.error,
        kept=said.kept,
        key=str(uuid4()),
    )


def _shown(request: Request, session: Session, found: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    presenter: Presenter = request.app.state.presenter
    partnership: Partnership = request.app.state.partnership
    head = meeting_view.heading(presenter, found)
    local = presenter.local(found["at"])
    return {
        "found": found,
        "head": head,
        "past": local <= now,
        "starts": presenter.time_left(found["at"], now),
        "items": meeting_view.agenda(presenter, partnership, found, now),
        "attendance": meeting_view.attendance(presenter, partnership, found),
        "earlier": [meeting_view.action(presenter, each, now) for each in found["open_actions"]],
        "minutes_it": runs(session, found["panel"]) and not head["signed"],
        "chairs": session.person.id == found["chair"],
        "staff": [(person.id, person.name) for person in partnership.staff if person.sees != "no-cases"],
        "at_local": f"{local:%Y-%m-%dT%H:%M}",
        "was": json.dumps({name: found[name] for name in ("version", "decisions", "actions", "present")}),
    }


@router.post("/meetings/{identity}/agenda")
async def put_on_agenda(request: Request, session: SignedIn, form: CheckedForm, identity: str) -> Response:
    """Put a referral on the agenda by hand: the referral's own step, at the version that was on the page."""
    hub: Process = request.app.state.hub
    casework: Casework = request.app.state.casework
    reference, _, version = form.get("pick", "").partition("~")
    fields = form | {"version": version, "meeting": identity}
    outcome = await casework.command(hub, session, f"referrals/{reference}/schedule", "schedule", fields)
    if not outcome.done:
        return await _meeting(request, session, identity, refusal(outcome))
    return RedirectResponse(f"/meetings/{identity}?notice=On+the+agenda.#{reference}", 303)


@router.post("/meetings/{identity}/keep")
async def keep_words(request: Request, session: SignedIn, form: CheckedForm, identity: str) -> Response:
    """What she wrote in a conflict becomes a note of the case: her opinion, for the case's readers."""
    hub: Process = request.app.state.hub
    casework: Casework = request.app.state.casework
    fields = form | {"fact": "opinion", "marking": "OFFICIAL-SENSITIVE"}
    outcome = await casework.command(hub, session, f"cases/{tidy(form['case'])}/note", "note", fields)
    if not outcome.done:
        return await _meeting(request, session, identity, refusal(outcome, words_of(form)))
    return RedirectResponse(f"/meetings/{identity}?notice=Kept+as+a+note+of+the+case.#{anchor('keep', form)}", 303)


@router.post("/meetings/{identity}/{name}")
async def meeting_command(request: Request, session: SignedIn, form: CheckedForm, identity: str, name: str) -> Response:
    """Note attendance, minute a decision, give an action, sign off; it leads back to where the form stood."""
    if name not in MINUTING:
        raise missing()
    hub: Process = request.app.state.hub
    casework: Casework = request.app.state.casework
    outcome = await casework.command(hub, session, f"meetings/{identity}/{name}", name, form)
    if outcome.conflict:
        found = await read_meeting(request, session, identity)
        return conflict(request, session, found, name, form, outcome)
    if not outcome.done:
        return await _meeting(request, session, identity, refusal(outcome, words_of(form)))
    if name == "sign-off":
        return RedirectResponse(f"/meetings/{identity}/minutes?notice=Signed+off.", 303)
    words = outcome.body.get("warning") or "Saved."
    address = request.url_for("meeting_page", identity=identity).include_query_params(notice=words)
    return RedirectResponse(f"{address.path}?{address.query}#{anchor(name, form)}", 303)
