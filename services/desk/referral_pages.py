"""A referral's own page: its clock, who was asked, and the forms of what can be done with it now."""

from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from services.desk import referral_view, repository, write_repository
from services.desk.commands import BODIES, Casework
from services.desk.conflict_page import conflict, words_of
from services.desk.frame import missing, pages_of, sentence, shell, tidy
from services.desk.people import CheckedForm, Session, SignedIn
from services.desk.presenting import Presenter
from services.kernel.process import Process
from services.partnership.models import Partnership

router = APIRouter(include_in_schema=False)


@router.get("/referrals/{route}/{reference}")
async def referral_page(request: Request, session: SignedIn, route: str, reference: str, notice: str = "") -> Response:
    """One referral: where it stands, what its clock counted, who was asked, and what can be done now."""
    return await _referral(request, session, tidy(reference), notice=notice)


async def _referral(
    request: Request,
    session: Session,
    reference: str,
    *,
    notice: str = "",
    error: str = "",
    kept: str = "",
    status: int = 200,
) -> Response:
    hub: Process = request.app.state.hub
    casework: Casework = request.app.state.casework
    presenter: Presenter = request.app.state.presenter
    now = hub.clock()
    found = await casework.read(hub, session, f"referrals/{reference}")
    if found is None:
        raise missing()
    async with hub.database.reading(**session.reading()) as connection:
        case = await repository.case(connection, found["case"])
    if case is None:
        raise missing()
    async with hub.database.writing() as connection:
        await write_repository.note_reading(connection, reference, session.person.id, session.person.agency, now)
    return pages_of(request).render(
        "referral.html",
        status,
        **shell(request, session, "referrals"),
        **_choices(request.app.state.partnership, found),
        case=case,
        found=found,
        facts=referral_view.facts(presenter, found, now),
        ledger=referral_view.ledger(presenter, found, now),
        days=referral_view.picture(presenter, found),
        returns=referral_view.returns(presenter, found, now),
        fields=referral_view.plain_facts(request.app.state.partnership, found),
        plan=_plan(presenter, found, now),
        sent=presenter.short(found["sent_at"], now),
        escalated=presenter.who(found["escalated_to"]),
        proposed=presenter.agency(found["proposed_next_lead"]) if found["proposed_next_lead"] else "",
        notice=notice,
        error=error,
        kept=kept,
        key=str(uuid4()),
    )


def _plan(presenter: Presenter, found: Mapping[str, Any], now: Any) -> dict[str, Any] | None:
    plan: dict[str, Any] | None = found["plan"]
    if plan is None:
        return None
    return plan | {"review": presenter.time_left(plan["review_due_at"], now)}


def _choices(partnership: Partnership, found: Mapping[str, Any]) -> dict[str, Any]:
    """What the forms offer: the route's own lists, and the partnership's."""
    route = partnership.route(found["panel"] or found["destination"])
    process = partnership.process(route.process)
    age = "children" if found["under_18"] else "adults"
    fits = (lambda each: True) if found["under_18"] is None else (lambda each: getattr(each, age))
    return {
        "route": route,
        "process": process,
        "ratings": [(each.code, each.name) for each in process.ratings],
        "defaults": sorted({each.status for each in process.ratings} - {"published", "law"}),
        "decisions": [(each.code, each.name) for each in process.decisions if fits(each)],
        "outcomes": [(each.code, each.name) for each in process.outcomes if fits(each)],
        "withdrawals": [(each.code, each.name) for each in partnership.withdrawal_codes],
        "staff": [(person.id, person.name) for person in partnership.staff if person.sees != "no-cases"],
        "agencies": [(agency.code, agency.short_name) for agency in partnership.agencies],
        "others": [(each.code, each.name) for each in partnership.panels if each.code != route.code],
    }


@router.post("/referrals/{route}/{reference}/{name}")
async def referral_step(
    request: Request, session: SignedIn, form: CheckedForm, route: str, reference: str, name: str
) -> Response:
    """A form of the referral's page; it leads back there."""
    if name not in BODIES:
        raise missing()
    hub: Process = request.app.state.hub
    casework: Casework = request.app.state.casework
    found = tidy(reference)
    outcome = await casework.command(hub, session, f"referrals/{found}/{name}", name, form)
    if outcome.conflict:
        return await conflict(request, session, tidy(form["case"]), f"referrals/{found}/{name}", name, form, outcome)
    if not outcome.done:
        return await _referral(
            request, session, found, error=sentence(outcome), kept=words_of(form), status=outcome.status
        )
    if form.get("back") == "board":
        return RedirectResponse(f"/referrals/{route}?notice={found}:+saved.#{found}", 303)
    return RedirectResponse(f"/referrals/{route}/{found}?notice=Saved.", 303)
