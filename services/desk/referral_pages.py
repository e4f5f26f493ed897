"""A referral's own page: its clock, who was asked, and the forms of what can be done with it now."""

from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from services.desk import referral_view, repository, step_forms, write_repository
from services.desk.board_pages import Tried, board_page
from services.desk.commands import BODIES, Outcome
from services.desk.conflict_page import Back, conflict, words_of
from services.desk.form_errors import NOTHING, Kept, kept
from services.desk.frame import Around, Said, around, missing, pages_of, refusal, seen, shell, tidy
from services.desk.people import CheckedForm, Session, SignedIn
from services.desk.presenting import Presenter
from services.partnership.processes import FormField

UNCONFIRMED = "Tick that it ends the referral."

router = APIRouter(include_in_schema=False)


@router.get("/referrals/{route}/{reference}")
async def referral_page(request: Request, session: SignedIn, route: str, reference: str, notice: str = "") -> Response:
    """One referral: where it stands, what its clock counted, who was asked, and what can be done now."""
    return await _referral(request, session, tidy(reference), Said(notice))


async def _referral(
    request: Request, session: Session, reference: str, said: Said, again: Mapping[str, Kept] | None = None
) -> Response:
    desk = around(request)
    found = await desk.casework.read(desk.hub, session, f"referrals/{reference}")
    if found is None:
        raise missing()
    async with desk.hub.database.reading(**session.reading()) as connection:
        case = await repository.case(connection, found["case"])
    if case is None:
        raise missing()
    async with desk.hub.database.writing() as connection:
        me = session.person
        await write_repository.note_reading(connection, reference, me.id, me.agency, desk.now)
    return pages_of(request).render(
        "referral.html",
        said.status,
        **shell(request, session, "referrals"),
        **_forms(desk, found, again or {}),
        case=seen(request, session, case),
        found=found,
        facts=referral_view.facts(desk.presenter, found, desk.now),
        ledger=referral_view.ledger(desk.presenter, found, desk.now),
        days=referral_view.picture(desk.presenter, found),
        fields=referral_view.plain_facts(desk.partnership, found),
        sent=desk.presenter.short(found["sent_at"], desk.now),
        escalated=desk.presenter.who(found["escalated_to"]),
        proposed=desk.presenter.agency(found["proposed_next_lead"]) if found["proposed_next_lead"] else "",
        notice=said.notice,
        error=said.error,
        key=str(uuid4()),
    )


def _forms(desk: Around, found: Mapping[str, Any], again: Mapping[str, Kept]) -> dict[str, Any]:
    """The steps that are hers with what their forms offer, and a refused one as it was sent."""
    offered = step_forms.choices(desk.partnership, found["panel"] or found["destination"], under_18=found["under_18"])
    returns = referral_view.returns(desk.presenter, found, desk.now)
    shut = {"review-plan": found["plan"] is None, "return-information": all(each["returned"] for each in returns)}
    return {
        **offered,
        "choices": offered,
        "mine": [each for each in step_forms.mine(found["steps"]) if not shut.get(each["command"])],
        "returns": returns,
        "plan": _plan(desk.presenter, found, desk.now),
        "kept": again,
        "nothing": NOTHING,
        "was": step_forms.remembered(found, desk.now),
    }


def _plan(presenter: Presenter, found: Mapping[str, Any], now: Any) -> dict[str, Any] | None:
    plan: dict[str, Any] | None = found["plan"]
    if plan is None:
        return None
    return plan | {"review": presenter.time_left(plan["review_due_at"], now)}


@router.post("/referrals/{route}/{reference}/{name}")
async def referral_step(
    request: Request, session: SignedIn, form: CheckedForm, route: str, reference: str, name: str
) -> Response:
    """A form of the referral's page, or of its panel's board; it leads back to where it stood."""
    if name not in BODIES:
        raise missing()
    desk, found, board = around(request), tidy(reference), form.get("back") == "board"
    if board and name in step_forms.ENDS and not form.get("sure"):
        return await _unconfirmed(request, session, route, found, name, form)
    path = f"referrals/{found}/{name}"
    outcome = await desk.casework.command(desk.hub, session, path, name, form)
    if outcome.conflict:
        keep = f"/referrals/{route}#{found}" if board else f"/referrals/{route}/{found}"
        back = Back(f"/referrals/{route}/{found}/{name}", keep)
        return await conflict(request, session, tidy(form["case"]), path, name, form, outcome, back)
    if not outcome.done:
        return await _refused(request, session, route, found, name, form, outcome)
    if board:
        return RedirectResponse(f"/referrals/{route}?notice={found}:+saved.#{found}", 303)
    return RedirectResponse(f"/referrals/{route}/{found}?notice=Saved.", 303)


async def _unconfirmed(
    request: Request, session: Session, route: str, reference: str, name: str, form: dict[str, str]
) -> Response:
    """An end on the board that nobody ticked."""
    tried = Tried(reference, name, Kept(form, {"sure": UNCONFIRMED}))
    said = Said(error=UNCONFIRMED, status=422)
    return await board_page(request, session, route, form.get("view", ""), said=said, tried=tried)


async def _refused(
    request: Request, session: Session, route: str, reference: str, name: str, form: dict[str, str], outcome: Outcome
) -> Response:
    """The board or the page again, with the form as it was sent and each error at its field."""
    again = kept(outcome, form, _own(request, route, name, form))
    if form.get("back") == "board":
        tried = Tried(reference, name, again)
        return await board_page(request, session, route, form.get("view", ""), said=refusal(outcome), tried=tried)
    mark = name + (form.get("step") or "")
    return await _referral(request, session, reference, refusal(outcome, words_of(form)), {mark: again})


def _own(request: Request, route: str, name: str, form: Mapping[str, str]) -> tuple[FormField, ...]:
    """The fields that the panel's file declares for the step."""
    partnership = around(request).partnership
    named = [each for each in (*partnership.panels, *partnership.destinations) if each.code == route]
    steps = [step for each in named for step in partnership.process(each.process).transitions]
    found = (step.fields for step in steps if step.command == name and step.step == form.get("step"))
    return next(found, ())
