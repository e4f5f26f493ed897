"""A case's ladder of help and steps with its forms, and its evidence pack: what is refused forgets nothing."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any
from uuid import uuid4

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from services.desk import referral_view, repository
from services.desk.commands import Outcome, caught_up
from services.desk.conflict_page import conflict
from services.desk.form_errors import NOTHING, Kept, kept, own_name
from services.desk.frame import around, missing, pages_of, sentence, shell, tidy
from services.desk.people import CheckedForm, Session, SignedIn
from services.desk.referral_forms import LADDER
from services.partnership.models import Partnership
from services.partnership.processes import FormField

PLACES = {
    "instrument": ("instrument", "Step"),
    "date_of_birth": ("dob", "Date of birth"),
    "officer": ("officer", "Officer"),
    "authorised_by": ("authorised_by", "Authorised by"),
    "reason": ("step-reason", "Why"),
    "conviction": ("conviction", "Conviction"),
    "override_reason": ("override_reason", "Why the local order is passed over"),
    "supervisor": ("supervisor", "Supervisor who agreed"),
    "offered": ("offered", "What was offered"),
    "answer": ("answer", "What was answered"),
    "note": ("support-note", "In your words"),
    "step": ("which", "Of which step"),
    "what": ("breach-what", "What happened"),
}
"""Where each field of the three forms stands, and what the page calls it."""

router = APIRouter(include_in_schema=False)


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
    again: Mapping[str, Kept] | None = None,
) -> Response:
    desk = around(request)
    query = {"subject": subject} if subject else {}
    found = await desk.casework.read(desk.hub, session, f"cases/{reference}/ladder", **query)
    case = await desk.casework.read(desk.hub, session, f"cases/{reference}")
    parts = await desk.casework.read(desk.hub, session, f"cases/{reference}/parts")
    if found is None or case is None:
        raise missing()
    async with desk.hub.database.reading(**session.reading()) as connection:
        state = await repository.case(connection, reference)
    people = {str(each["person"]): each for each in (parts or {}).get("people", ())}
    steps = referral_view.ladder(desk.presenter, found, desk.now)
    return pages_of(request).render(
        "ladder.html",
        refused.status if refused else 200,
        **shell(request, session, "worklist"),
        case=case,
        sequence=state["sequence"] if state else "",
        found=found,
        person=referral_view.person(people.get(str(found["subject"])), desk.now),
        subjects=[(code, people.get(code, {}).get("name") or "Name not known") for code in found["subjects"]],
        helped=referral_view.helped(desk.presenter, found, desk.now),
        steps=steps,
        **_choices(desk.partnership, steps),
        **_refusal(refused, again or {}, steps),
        notice=notice,
        key=str(uuid4()),
    )


def _choices(partnership: Partnership, steps: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Whom and what the forms let her choose."""
    staff = [person for person in partnership.staff if person.sees != "no-cases"]
    shut = " (the law does not allow it now)"
    return {
        "choices": [(each["instrument"], each["name"] + (shut if each["state"] == "shut" else "")) for each in steps],
        "broken": [(each["taken"]["step_id"], each["name"]) for each in steps if each["taken"]],
        "support": [("other", "Other help"), *((each.code, each.name) for each in partnership.destinations)],
        "staff": [(person.id, f"{person.name}, {person.job}") for person in staff],
        "supervisors": [(person.id, person.name) for person in partnership.staff if "supervisor" in person.roles],
    }


def _refusal(refused: Outcome | None, again: Mapping[str, Kept], steps: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """What was refused and why, what can be done instead, and each form as it was sent."""
    answer = refused.body if refused else {}
    return {
        "error": sentence(refused) if refused else "",
        "unmet": answer.get("unmet"),
        "instead": answer.get("instead"),
        "kept": {name: again.get(name, NOTHING) for name in LADDER},
        "at": [] if answer.get("unmet") else [each for form in again.values() for each in _places(form, steps)],
    }


def _places(form: Kept, steps: Iterable[Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    """Each error with the address of its field, in the order of the form."""
    places = dict(PLACES)
    for step in steps:
        if step["instrument"] == form.of("instrument"):
            own = [FormField.model_validate(each) for each in step["fields"]]
            places |= {own_name(each): (f"t-{step['instrument']}-{each.code}", each.name) for each in own}
    return form.placed(places)


@router.post("/cases/{reference}/ladder/{name}")
async def ladder_step(request: Request, session: SignedIn, form: CheckedForm, reference: str, name: str) -> Response:
    """Record an offer, a step or a breach; it leads back to the ladder."""
    if name not in LADDER:
        raise missing()
    desk = around(request)
    found, subject = tidy(reference), form.get("subject", "")
    outcome = await desk.casework.command(desk.hub, session, f"cases/{found}/{name}", name, form)
    if outcome.conflict:
        return await conflict(request, session, found, f"cases/{found}/{name}", name, form, outcome)
    if not outcome.done:
        again = {name: kept(outcome, form, _own(request, form))}
        return await _ladder(request, session, found, subject=subject, refused=outcome, again=again)
    await caught_up(desk.hub, session, found, int(form.get("sequence") or 0))
    chosen = f"&subject={subject}" if subject else ""
    return RedirectResponse(f"/cases/{found}/ladder?notice=Recorded.{chosen}", 303)


def _own(request: Request, form: Mapping[str, str]) -> tuple[FormField, ...]:
    """The terms of the instrument that was chosen."""
    desk = around(request)
    day = desk.partnership.day(desk.now)
    named = (
        each for each in desk.partnership.instruments if each.code == form.get("instrument") and each.in_force(day)
    )
    return next((each.fields for each in named), ())


@router.get("/cases/{reference}/evidence")
async def evidence_page(request: Request, session: SignedIn, reference: str, subject: str = "") -> Response:
    """The evidence pack, as it can be printed."""
    desk = around(request)
    query = {"subject": subject} if subject else {}
    found = await desk.casework.read(desk.hub, session, f"cases/{tidy(reference)}/evidence", **query)
    if found is None:
        raise missing()
    items = [
        each
        | {
            "when": desk.presenter.short(each["at"], desk.now),
            "by": desk.presenter.agency(each["agency"]) if each["agency"] else "",
        }
        for each in found["items"]
    ]
    return pages_of(request).render(
        "evidence.html",
        **shell(request, session, "worklist"),
        reference=found["case"],
        items=items,
        made=desk.presenter.short(found["made_at"], desk.now),
    )
