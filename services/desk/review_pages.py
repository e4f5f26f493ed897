"""The review: what waits for a person, one report whole with the proposal beside it, and her answer."""

from collections.abc import Mapping
from typing import Any

import httpx2
from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from services.desk import repository, review_repository, undo_pages, write_repository
from services.desk.commands import Casework, Outcome
from services.desk.frame import PARTS, around, missing, pages_of, seen, sentence, shell, tidy
from services.desk.people import CheckedForm, Session, SignedIn
from services.desk.presenting import Presenter, named, since_words
from services.desk.review_view import ANSWERS, opened, sampled, waiting
from services.kernel.http import Problem
from services.kernel.process import Process
from services.kernel.references import ReferenceMistyped, tidy_reference
from services.partnership.models import Partnership

NOT_HERS = "There is no case with this reference that you may see. Check it, or choose another answer."

router = APIRouter(include_in_schema=False)


@router.get("/review")
async def review(
    request: Request, session: SignedIn, after: str | None = None, notice: str = "", answered: str = ""
) -> Response:
    """What waits, oldest first, and the first of it opened; above it the answer that she just gave."""
    return await _page(request, session, None, after=after, notice=notice, answered=answered)


@router.get("/review/{reference}")
async def one(
    request: Request, session: SignedIn, reference: str, after: str | None = None, answered: str = ""
) -> Response:
    """The report with that reference opened; the queue where what was to open after an answer has gone meanwhile."""
    try:
        return await _page(request, session, tidy(reference), after=after, answered=answered)
    except Problem as problem:
        if problem.status != httpx2.codes.NOT_FOUND or not answered:
            raise
        return RedirectResponse(f"/review?answered={tidy(answered)}", 303)


async def _page(
    request: Request,
    session: Session,
    reference: str | None,
    *,
    after: str | None = None,
    notice: str = "",
    answered: str = "",
    error: str = "",
    sent: Mapping[str, str] | None = None,
    status: int = 200,
) -> Response:
    hub, presenter = request.app.state.hub, request.app.state.presenter
    partnership: Partnership = request.app.state.partnership
    casework: Casework = request.app.state.casework
    now = hub.clock()
    found = await casework.reviews(hub, session, after)
    queue = [waiting(presenter, each, now) for each in found["items"]]
    chosen = reference or (queue[0]["reference"] if queue else None)
    item = await casework.one_review(hub, session, chosen) if chosen else None
    if reference and item is None:
        raise missing()
    if item is not None:
        await _noted(hub, session, item["report"]["reference"])
    return pages_of(request).render(
        "review.html",
        status,
        **shell(request, session, "review"),
        queue=queue,
        samples=[sampled(presenter, each) for each in await casework.samples(hub, session)],
        total=found["waiting"],
        following=found["next"],
        after=after,
        chosen=chosen,
        report=opened(presenter, partnership, item, now) if item else None,
        withheld=named([PARTS[part] for part in item["withheld"]]) if item else "",
        **_neighbours(queue, chosen),
        **await _first(request, session),
        themes=_themes(presenter, partnership, partnership.day(now)),
        minutes=int(partnership.threshold("review-answer").value),
        notice=notice,
        given=await undo_pages.given(request, session, answered, item),
        error=error,
        sent=sent or {},
    )


async def _noted(hub: Process, session: Session, reference: str) -> None:
    """Her reading is recorded: whatever opened the report, its words are on her page."""
    me = session.person
    async with hub.database.writing() as connection:
        await write_repository.note_reading(connection, reference, me.id, me.agency, hub.clock())


def _themes(presenter: Presenter, partnership: Partnership, day: Any) -> list[tuple[str, str, str]]:
    """Code, number with name, and who would lead."""
    strategy = partnership.strategy_at(day)
    themes = strategy.themes if strategy else ()
    leads = {theme.code: [presenter.agency(code) for code in partnership.leads_of(theme.code, day)] for theme in themes}
    return [(theme.code, f"{theme.number} {theme.name}", ", ".join(leads[theme.code])) for theme in themes]


def _neighbours(queue: list[dict[str, Any]], chosen: str | None) -> dict[str, Any]:
    """Where J and K go, and what opens after an answer."""
    names = [each["reference"] for each in queue]
    place = names.index(chosen) if chosen in names else -1
    return {
        "next": names[place + 1] if place + 1 < len(names) else None,
        "previous": names[place - 1] if place > 0 else None,
    }


async def _first(request: Request, session: Session) -> dict[str, Any]:
    """What never waits behind the queue: danger that nobody acknowledged; and what was declined and has no taker."""
    desk = around(request)
    presenter, now = desk.presenter, desk.now
    async with desk.hub.database.reading(**session.reading()) as connection:
        danger, more_danger = await repository.danger(connection)
        refused = await review_repository.declined(connection)
    return {
        "danger": [
            (
                each["reference"],
                seen(request, session, each)["title"],
                since_words(now - presenter.local(each["danger_since"])),
            )
            for each in danger
            if each["danger_since"]
        ],
        "more_danger": more_danger,
        "refused": [
            {
                "case": row.case_state["reference"],
                "title": seen(request, session, row.case_state)["title"],
                "by": presenter.agency(row.referral["panel"] or row.referral.get("destination")),
                "next": presenter.agency(row.referral.get("proposed_next_lead"))
                if row.referral.get("proposed_next_lead")
                else None,
            }
            for row in refused
        ],
    }


@router.post("/review/{reference}")
async def answer(request: Request, session: SignedIn, form: CheckedForm, reference: str) -> Response:
    """Her answer; then the next one opens. A stale one shows both, and her words are kept."""
    hub: Process = request.app.state.hub
    casework: Casework = request.app.state.casework
    found = tidy(reference)
    if form.get("action") == "merge" and not await _sees(hub, session, form.get("case", "")):
        return await _page(request, session, found, error=NOT_HERS, sent=form, status=422)
    outcome = await casework.answer_review(hub, session, found, form)
    if outcome.conflict:
        return _conflict(request, session, found, form, outcome)
    if not outcome.done:
        return await _page(request, session, found, error=sentence(outcome), sent=form, status=outcome.status)
    following = f"/{form['following']}" if form.get("following") else ""
    return RedirectResponse(f"/review{following}?answered={found}", 303)


@router.post("/review/{reference}/check")
async def check(request: Request, session: SignedIn, form: CheckedForm, reference: str) -> Response:
    """What she says of a decision that was made without a person: it is counted, and nothing else changes."""
    hub: Process = request.app.state.hub
    casework: Casework = request.app.state.casework
    found = tidy(reference)
    outcome = await casework.check_sample(hub, session, found, form)
    if not outcome.done:
        return await _page(request, session, found, error=sentence(outcome), sent=form, status=outcome.status)
    left = await casework.samples(hub, session)
    following = f"/{left[0]['report']['reference']}" if left else "?notice=The+samples+are+checked."
    return RedirectResponse(f"/review{following}", 303)


@router.post("/review/{reference}/undo")
async def undo(request: Request, session: SignedIn, form: CheckedForm, reference: str) -> Response:
    """She takes her answer back: the report opens again as it waited. Or a sentence says why the answer stands."""
    found = tidy(reference)
    error = await undo_pages.undone(request, session, found, int(form["version"]))
    if error:
        return await _page(request, session, found, error=error, status=422)
    return RedirectResponse(f"/review/{found}", 303)


async def _sees(hub: Process, session: Session, typed: str) -> bool:
    """Whether the case that she names is one that she may see."""
    try:
        reference = tidy_reference(typed)
    except ReferenceMistyped:
        return False
    async with hub.database.reading(**session.reading()) as connection:
        return await repository.case(connection, reference) is not None


def _conflict(
    request: Request, session: Session, reference: str, form: Mapping[str, str], outcome: Outcome
) -> Response:
    """What somebody decided meanwhile, and what she wanted, side by side."""
    presenter: Presenter = request.app.state.presenter
    hub: Process = request.app.state.hub
    current = outcome.body.get("current") or {}
    return pages_of(request).render(
        "review_conflict.html",
        412,
        **shell(request, session, "review"),
        reference=reference,
        theirs={
            "who": current.get("decided_by"),
            "when": presenter.short(current["decided_at"], hub.clock()) if current.get("decided_at") else "",
            "did": ANSWERS.get(current.get("answer") or "", "decided by rule"),
            "themes": presenter.themes(current.get("themes") or []),
            "lead": presenter.agency(current.get("lead_agency")),
        },
        yours={
            "did": form.get("action", "").replace("-", " "),
            "themes": presenter.themes(outcome.sent.get("themes") or []),
            "reason": form.get("reason") or "",
            "destination": outcome.sent.get("destination") or outcome.sent.get("case") or "",
        },
        waits=current.get("in_review", False),
    )
