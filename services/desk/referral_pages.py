"""A referral's own page with its clock, a case's ladder of help and steps, and its evidence pack; and their forms."""

from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from services.desk import referral_view, repository, write_repository
from services.desk.commands import BODIES, Casework, Outcome, caught_up
from services.desk.conflict_page import conflict, words_of
from services.desk.frame import missing, pages_of, sentence, shell, tidy
from services.desk.people import CheckedForm, Session, SignedIn
from services.desk.presenting import Presenter
from services.desk.referral_forms import LADDER
from services.kernel.process import Process
from services.partnership.models import Partnership

DRAFT = "draft"

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


@router.get("/cases/{reference}/ladder")
async def ladder_page(
    request: Request, session: SignedIn, reference: str, subject: str = "", notice: str = ""
) -> Response:
    """Help that was offered and the steps beside it."""
    return await _ladder(request, session, tidy(reference), subject=subject, notice=notice)


async def _ladder(
    request: Request,
    session: Session,
    reference: str,
    *,
    subject: str = "",
    notice: str = "",
    refused: Outcome | None = None,
    kept: str = "",
) -> Response:
    hub: Process = request.app.state.hub
    casework: Casework = request.app.state.casework
    presenter: Presenter = request.app.state.presenter
    partnership: Partnership = request.app.state.partnership
    now = hub.clock()
    query = {"subject": subject} if subject else {}
    found = await casework.read(hub, session, f"cases/{reference}/ladder", **query)
    case = await casework.read(hub, session, f"cases/{reference}")
    parts = await casework.read(hub, session, f"cases/{reference}/parts")
    if found is None or case is None:
        raise missing()
    async with hub.database.reading(**session.reading()) as connection:
        state = await repository.case(connection, reference)
    people = {str(each["person"]): each for each in (parts or {}).get("people", ())}
    answer = refused.body if refused else {}
    return pages_of(request).render(
        "ladder.html",
        refused.status if refused else 200,
        **shell(request, session, "worklist"),
        case=case,
        sequence=state["sequence"] if state else "",
        found=found,
        person=referral_view.person(people.get(str(found["subject"])), now),
        subjects=[(code, people.get(code, {}).get("name") or "Name not known") for code in found["subjects"]],
        helped=referral_view.helped(presenter, found, now),
        steps=referral_view.ladder(presenter, found, now),
        **_named(partnership),
        notice=notice,
        error=sentence(refused) if refused else "",
        unmet=answer.get("unmet"),
        instead=answer.get("instead"),
        kept=kept,
        key=str(uuid4()),
    )


def _named(partnership: Partnership) -> dict[str, Any]:
    """Whom and what the ladder's forms let her choose."""
    staff = [person for person in partnership.staff if person.sees != "no-cases"]
    return {
        "support": [("other", "Other help"), *((each.code, each.name) for each in partnership.destinations)],
        "staff": [(person.id, f"{person.name}, {person.job}") for person in staff],
        "supervisors": [(person.id, person.name) for person in partnership.staff if "supervisor" in person.roles],
    }


@router.post("/cases/{reference}/ladder/{name}")
async def ladder_step(request: Request, session: SignedIn, form: CheckedForm, reference: str, name: str) -> Response:
    """Record an offer, a step or a breach; it leads back to the ladder."""
    if name not in LADDER:
        raise missing()
    hub: Process = request.app.state.hub
    casework: Casework = request.app.state.casework
    found, subject = tidy(reference), form.get("subject", "")
    outcome = await casework.command(hub, session, f"cases/{found}/{name}", name, form)
    if outcome.conflict:
        return await conflict(request, session, found, f"cases/{found}/{name}", name, form, outcome)
    if not outcome.done:
        return await _ladder(request, session, found, subject=subject, refused=outcome, kept=words_of(form))
    await caught_up(hub, session, found, int(form.get("sequence") or 0))
    chosen = f"&subject={subject}" if subject else ""
    return RedirectResponse(f"/cases/{found}/ladder?notice=Recorded.{chosen}", 303)


@router.get("/cases/{reference}/evidence")
async def evidence_page(request: Request, session: SignedIn, reference: str, subject: str = "") -> Response:
    """The evidence pack, as it can be printed."""
    hub: Process = request.app.state.hub
    casework: Casework = request.app.state.casework
    presenter: Presenter = request.app.state.presenter
    query = {"subject": subject} if subject else {}
    found = await casework.read(hub, session, f"cases/{tidy(reference)}/evidence", **query)
    if found is None:
        raise missing()
    now = hub.clock()
    items = [
        each
        | {"when": presenter.short(each["at"], now), "by": presenter.agency(each["agency"]) if each["agency"] else ""}
        for each in found["items"]
    ]
    return pages_of(request).render(
        "evidence.html",
        **shell(request, session, "worklist"),
        reference=found["case"],
        items=items,
        made=presenter.short(found["made_at"], now),
    )
