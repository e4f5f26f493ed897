"""The form by which a case is referred: the route's own fields from the files, an error at each, and all of it kept."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from services.desk import case_view, repository, write_repository
from services.desk.commands import Outcome, behind, caught_up
from services.desk.conflict_page import conflict
from services.desk.form_errors import NOTHING, Kept, kept, own_name
from services.desk.frame import around, missing, pages_of, seen, sentence, shell, tidy
from services.desk.people import CheckedForm, Session, SignedIn
from services.desk.presenting import Presenter
from services.partnership.entries import Destination, Panel, Route
from services.partnership.lookups import UnknownCode
from services.partnership.models import Partnership
from services.partnership.values import ELAPSED, Clock

CONSENT = {
    "required": "This route needs consent, or an override with its lawful basis and who decided it.",
    "adults-only": "An adult needs to consent, or an override with its lawful basis; a child does not.",
    "not-required": "This route does not wait for consent; say what was asked all the same.",
}
BESIDE = {
    "opened": "A referral to {panel} is opened beside it",
    "asked-for": "A referral to {panel} is drafted beside it for you to send",
}

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True, slots=True)
class _Asked:
    """What the form is made of: the case as the read model has it, the route, and the draft that is changed."""

    case: Mapping[str, Any]
    route: Route
    draft: Mapping[str, Any] | None = None


@router.get("/cases/{reference}/refer")
async def refer_page(
    request: Request, session: SignedIn, reference: str, to: str = "mash", draft: str = ""
) -> Response:
    """The form of a panel or destination, empty or as the draft has it. The reading is recorded."""
    asked = await _asked(request, session, tidy(reference), to, tidy(draft) if draft else "")
    desk, me = around(request), session.person
    async with desk.hub.database.writing() as connection:
        await write_repository.note_reading(connection, asked.case["reference"], me.id, me.agency, desk.now)
    return _page(request, session, asked, Kept(_written(asked)) if asked.draft else NOTHING)


@router.post("/cases/{reference}/refer")
async def send_referral(request: Request, session: SignedIn, form: CheckedForm, reference: str) -> Response:
    """Send it; what is refused comes back with the form."""
    return await _given(request, session, form, tidy(reference), "refer", f"cases/{tidy(reference)}/referrals")


@router.post("/cases/{reference}/draft")
async def keep_draft(request: Request, session: SignedIn, form: CheckedForm, reference: str) -> Response:
    """Keep it as a draft of the author's agency."""
    return await _given(request, session, form, tidy(reference), "draft", f"cases/{tidy(reference)}/draft")


@router.post("/cases/{reference}/refer/{draft}")
async def change_draft(request: Request, session: SignedIn, form: CheckedForm, reference: str, draft: str) -> Response:
    """The draft as it is now."""
    path = f"referrals/{tidy(draft)}/edit"
    return await _given(request, session, form, tidy(reference), "edit", path, tidy(draft))


async def _given(
    request: Request, session: Session, form: dict[str, str], case: str, name: str, path: str, draft: str = ""
) -> Response:
    desk = around(request)
    to = form.get("panel") or form.get("destination") or ""
    asked = await _asked(request, session, case, to, draft)
    outcome = await desk.casework.command(desk.hub, session, path, name, form)
    if outcome.conflict:
        return await conflict(request, session, case, path, name, form, outcome)
    if not outcome.done:
        return _page(request, session, asked, kept(outcome, form, asked.route.form), outcome)
    if draft:
        return RedirectResponse(f"/referrals/{to}/{draft}?notice=Saved.", 303)
    sequence = int(form.get("sequence") or 0)
    caught = await caught_up(desk.hub, session, case, sequence)
    return RedirectResponse(f"/cases/{case}" if caught else behind(case, sequence), 303)


async def _asked(request: Request, session: Session, reference: str, to: str, draft: str) -> _Asked:
    """Raises a 404 problem for a case, route or draft that is not there for her."""
    desk = around(request)
    async with desk.hub.database.reading(**session.reading()) as connection:
        case = await repository.case(connection, reference)
    found = await desk.casework.read(desk.hub, session, f"referrals/{draft}") if draft else None
    if case is None or (draft and (found is None or found["case"] != reference)):
        raise missing()
    try:
        route = desk.partnership.route(str(found["panel"] or found["destination"]) if found else to)
    except UnknownCode as error:
        raise missing() from error
    return _Asked(seen(request, session, case), route, found)


def _written(asked: _Asked) -> dict[str, str]:
    """A draft's fields as the form spells them."""
    draft = asked.draft or {}
    values = {**draft["facts"], **draft["personal"]}
    consent = {name: draft["consent"][name] or "" for name in ("basis", "by")}
    spelt = {own_name(each): _spelt(values[each.code]) for each in asked.route.form if each.code in values}
    under_18 = {"under_18": _spelt(draft["under_18"])} if draft["under_18"] is not None else {}
    return {"reason": draft["reason"] or "", "consent": draft["consent"]["status"]} | consent | under_18 | spelt


def _spelt(value: Any) -> str:
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)


def _page(request: Request, session: Session, asked: _Asked, values: Kept, refused: Outcome | None = None) -> Response:
    case, route, draft = asked.case, asked.route, asked.draft
    to = f"/refer/{draft['reference']}" if draft else "/refer"
    return pages_of(request).render(
        "refer.html",
        refused.status if refused else 200,
        **shell(request, session, "worklist"),
        **_about(request.app.state.presenter, request.app.state.partnership, route),
        case=case,
        draft=draft,
        action=f"/cases/{case['reference']}{to}",
        version=draft["version"] if draft else case["version"],
        was="" if draft else json.dumps(case_view.remembered(case)),
        kept=values,
        at=list(_places(route, values)),
        error=sentence(refused) if refused else "",
        may=not route.referrers or session.person.agency in route.referrers,
        key=str(uuid4()),
    )


def _places(route: Route, values: Kept) -> Iterator[tuple[str, str]]:
    """Each error with the address of its field and the field's name, in the order of the form."""
    names = {"reason": ("reason", "Why")} | {own_name(each): (f"own-{each.code}", each.name) for each in route.form}
    names |= {"under_18": ("under_18", "Is the person under 18"), "consent": ("consent", "Consent")}
    names |= {"basis": ("basis", "Lawful basis of an override"), "by": ("by", "Who decided the override")}
    return values.placed(names)


def _about(presenter: Presenter, partnership: Partnership, route: Route) -> dict[str, Any]:
    """What she is to know of the route before she sends."""
    gateway = route.gateway if isinstance(route, Destination) else None
    beside = route.beside
    return {
        "route": route,
        "is_panel": isinstance(route, Panel),
        "desk": presenter.agency(route.receives),
        "gateway": presenter.agency(gateway) if gateway else "",
        "answer": _clock_words(partnership, route.first_answer),
        "beside": BESIDE[beside.how].format(panel=presenter.agency(beside.panel)) if beside else "",
        "consent_hint": CONSENT[route.consent],
        "routes": [(each.code, each.name) for each in (*partnership.panels, *partnership.destinations)],
    }


def _clock_words(partnership: Partnership, clock: Clock) -> str:
    hours = f"{clock.minutes / 60:g} hours"
    if clock.calendar == ELAPSED:
        return f"Within {hours}"
    return f"Within {hours}, counted in {partnership.calendar(clock.calendar).name}"
