"""The caseworkers' pages: worklist, case, report, board, review, search; and their forms."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID, uuid4

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse
from sse_starlette import EventSourceResponse

from services.desk import repository, write_repository
from services.desk.commands import BODIES, Casework, Outcome, caught_up
from services.desk.people import CheckedForm, Session, SignedIn
from services.desk.presenting import CHANNELS, Presenter, lit
from services.kernel.http import Problem
from services.kernel.process import Process
from services.kernel.references import ReferenceMistyped, tidy_reference
from services.pages.rendering import Pages
from services.partnership.models import Partnership

PAGE, TIMELINE, HINT_SECONDS = 50, 300, 2.0
VIEWS = (
    ("mine", "Mine"),
    ("team", "My team"),
    ("unowned", "Unowned"),
    ("late", "Late"),
    ("waiting", "Waiting for others"),
    ("closed", "Closed"),
)
_FIRST = UUID(int=0)

router = APIRouter(include_in_schema=False)


def shell(request: Request, session: Session | None, active: str = "") -> dict[str, Any]:
    """What every page's frame shows."""
    hub: Process = request.app.state.hub
    partnership: Partnership = request.app.state.partnership
    presenter: Presenter = request.app.state.presenter
    return {
        "active": active,
        "session": session,
        "agency": presenter.agency(session.person.agency) if session else "",
        "demonstration": hub.settings.demonstration,
        "now": presenter.day(hub.clock()) + ", " + presenter.clock(hub.clock()),
        "partnership": partnership.identity.name,
        "panels": partnership.panels,
    }


def _pages(request: Request) -> Pages:
    pages: Pages = request.app.state.pages
    return pages


def _asked(request: Request, session: Session) -> dict[str, Any]:
    query = request.query_params
    due, _, after = query.get("after", "").partition("~")
    try:
        cursor = {"due": datetime.fromisoformat(due), "after": UUID(after)}
    except ValueError:
        cursor = {"due": datetime.min.replace(tzinfo=UTC), "after": _FIRST}
    return cursor | {
        "view": query.get("view") if query.get("view") in repository.VIEWS else "team",
        "me": session.person.id,
        "theme": query.get("theme") or None,
        "risk": query.get("risk") or None,
        "lead": query.get("lead") or None,
        "most": PAGE,
    }


@router.get("/")
async def worklist(request: Request, session: SignedIn) -> Response:
    """Open cases, soonest due first; danger above everything."""
    hub: Process = request.app.state.hub
    presenter: Presenter = request.app.state.presenter
    partnership: Partnership = request.app.state.partnership
    asked, now = _asked(request, session), hub.clock()
    async with hub.database.reading(**session.reading()) as connection:
        if asked["view"] == "closed":
            rows = await repository.closed(connection, PAGE)
        else:
            rows = await repository.worklist(connection, asked)
        counts = await repository.counts(connection, session.person.id)
        danger = await repository.danger(connection)
    following = None
    if len(rows) == PAGE and asked["view"] != "closed":
        following = f"{rows[-1].due_at.isoformat()}~{rows[-1].case_id}"
    strategy = partnership.strategy_at(now.date())
    return _pages(request).render(
        "worklist.html",
        **shell(request, session, "worklist"),
        rows=[presenter.row(row.state, now, session.person.id) for row in rows],
        views=[(code, name, getattr(counts, code, None), code == asked["view"]) for code, name in VIEWS],
        danger=[_danger(presenter, state, now) for state in danger],
        themes=[(theme.code, theme.short_name) for theme in strategy.themes] if strategy else [],
        agencies=[(agency.code, agency.short_name) for agency in partnership.agencies],
        asked=asked,
        following=following,
        since=now.isoformat(),
        shown=len(rows),
    )


def _danger(presenter: Presenter, state: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    before = [presenter.agency(code) for code in (*state["act_first"], state["lead_agency"]) if code]
    return {
        "reference": state["reference"],
        "title": state["title"],
        "since": presenter.short(state["danger_since"], now),
        "before": ", ".join(dict.fromkeys(before)),
        "key": str(uuid4()),
        "sequence": state["sequence"],
    }


@router.get("/events")
async def events(request: Request, session: SignedIn, since: datetime | None = None) -> EventSourceResponse:
    """Hints, not news: how many cases that she may see have changed since the page was made."""
    hub: Process = request.app.state.hub
    start = since or hub.clock()

    async def hints() -> AsyncIterator[dict[str, str]]:
        told = 0
        while not await request.is_disconnected():
            async with hub.database.reading(**session.reading()) as connection:
                changed = await repository.newer(connection, start)
            if changed != told:
                told = changed
                yield {"event": "changed", "data": json.dumps({"changed": changed})}
            await asyncio.sleep(HINT_SECONDS)

    return EventSourceResponse(hints())


def _tidy(reference: str) -> str:
    try:
        return tidy_reference(reference)
    except ReferenceMistyped as error:
        raise _missing() from error


def _missing() -> Problem:
    return Problem(404, "not-found", "There is nothing with this reference for you. Check it, or ask the duty manager.")


@router.get("/cases/{reference}")
async def case_page(request: Request, session: SignedIn, reference: str, notice: str = "") -> Response:
    """One case. The reading is recorded."""
    return await _case_page(request, session, _tidy(reference), notice=notice)


async def _case_page(
    request: Request, session: Session, reference: str, *, notice: str = "", error: str = "", status: int = 200
) -> Response:
    hub: Process = request.app.state.hub
    now = hub.clock()
    async with hub.database.reading(**session.reading()) as connection:
        state = await repository.case(connection, reference)
        if state is None:
            raise _missing()
        case_id = state["case_id"]
        entries = await repository.timeline(connection, case_id, TIMELINE)
        reports = await repository.reports_of(connection, case_id)
        referrals = await repository.referrals_of(connection, case_id)
        told = await repository.told(connection, case_id)
    async with hub.database.writing() as connection:
        await write_repository.note_reading(connection, reference, session.person.id, session.person.agency, now)
        draft = await write_repository.draft(connection, session.person.id, case_id)
    values = _case_values(request, session, state, now)
    presenter: Presenter = request.app.state.presenter
    return _pages(request).render(
        "case.html",
        status,
        **shell(request, session, "worklist"),
        **values,
        entries=[presenter.entry(row, now) for row in entries],
        reports=[_report(request, row, now) for row in reports],
        referrals=[_referral(presenter, each, now) for each in referrals],
        told=[(presenter.who(row.state["recipient"]), row.status, presenter.short(row.at, now)) for row in told],
        draft=draft,
        notice=notice,
        error=error,
        key=str(uuid4()),
    )


def _case_values(request: Request, session: Session, state: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    presenter: Presenter = request.app.state.presenter
    partnership: Partnership = request.app.state.partnership
    strategy = partnership.strategy_at(now.date())
    return {
        "case": state,
        "themes": presenter.themes(state["themes"]),
        "lead": presenter.agency(state["lead_agency"]),
        "joint": [presenter.agency(code) for code in state["joint_leads"]],
        "act_first": [presenter.agency(code) for code in state["act_first"]],
        "time": presenter.time_left(state["due_at"], now),
        "opened": presenter.short(state["opened_at"], now),
        "flags": [flag.replace("-", " ") for flag in state["flags"]],
        "mine": state["owner"] == session.person.id,
        "staff": [(person.id, person.name) for person in partnership.staff if person.sees != "no-cases"],
        "all_themes": [(theme.code, theme.short_name) for theme in strategy.themes] if strategy else [],
        "agencies": [(agency.code, agency.short_name) for agency in partnership.agencies],
        "outcomes": [(outcome.code, outcome.name) for outcome in partnership.outcomes],
        "destinations": [(each.code, each.short_name) for each in partnership.destinations],
        "withdrawals": [(each.code, each.name) for each in partnership.withdrawal_codes],
    }


def _report(request: Request, row: Any, now: datetime) -> dict[str, Any]:
    presenter: Presenter = request.app.state.presenter
    segments, fired = lit(str(row.personal.get("description") or ""), row.because or [])
    return {
        "reference": row.facts["reference"],
        "channel": CHANNELS.get(row.facts["channel"], row.facts["channel"]),
        "received": presenter.short(row.facts["received_at"], now),
        "segments": segments,
        "fired": fired,
        "people": row.personal.get("people") or [],
        "decision": row.decision,
        "trace": _trace(request, row.trace_id),
    }


def _trace(request: Request, trace_id: str | None) -> str | None:
    template: str = request.app.state.hub.settings.trace_url
    return template.replace("{trace_id}", trace_id) if template and trace_id else None


def _referral(presenter: Presenter, state: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    return dict(state) | {
        "to": presenter.agency(state["panel"] or state["destination"]),
        "time": presenter.time_left(state["due_at"], now),
        "sent": presenter.short(state["sent_at"], now),
        "escalated": presenter.who(state["escalated_to"]) if state["escalated_to"] else None,
        "key": str(uuid4()),
    }


@router.post("/cases/{reference}/{name}")
async def case_command(request: Request, session: SignedIn, form: CheckedForm, reference: str, name: str) -> Response:
    """A form of the case page."""
    if name not in BODIES:
        raise _missing()
    tidy = _tidy(reference)
    path = f"cases/{tidy}/referrals" if name == "refer" else f"cases/{tidy}/{name}"
    return await _commanded(request, session, path, name, tidy, form)


@router.post("/referrals/{reference}/{name}")
async def referral_command(
    request: Request, session: SignedIn, form: CheckedForm, reference: str, name: str
) -> Response:
    """A form of a referral; it names its case."""
    if name not in BODIES:
        raise _missing()
    return await _commanded(request, session, f"referrals/{_tidy(reference)}/{name}", name, _tidy(form["case"]), form)


async def _commanded(
    request: Request, session: Session, path: str, name: str, reference: str, form: dict[str, str]
) -> Response:
    hub: Process = request.app.state.hub
    casework: Casework = request.app.state.casework
    outcome = await casework.command(hub, session, path, name, form)
    if outcome.conflict:
        return _conflict(request, session, reference, name, outcome)
    if not outcome.done:
        return await _case_page(request, session, reference, error=_sentence(outcome), status=outcome.status)
    if name == "note":
        await _drop_draft(hub, session, form)
    fresh = await caught_up(hub, session, reference, int(form.get("sequence") or 0))
    notice = "" if fresh else "?notice=Saved.+The+page+is+catching+up."
    return RedirectResponse(f"/cases/{reference}{notice}", 303)


def _sentence(outcome: Outcome) -> str:
    errors = outcome.body.get("errors") or []
    named = "; ".join(f"{each['field'].lstrip('/')}: {each['message']}" for each in errors)
    return f"{outcome.body.get('detail', 'It was refused.')} {named}".strip()


def _conflict(request: Request, session: Session, reference: str, name: str, outcome: Outcome) -> Response:
    """Theirs and hers side by side; nothing is lost, and she decides."""
    presenter: Presenter = request.app.state.presenter
    current = outcome.body.get("current") or {}
    theirs = {key: value for key, value in current.items() if isinstance(value, str | int) and key != "title"}
    return _pages(request).render(
        "conflict.html",
        412,
        **shell(request, session, "worklist"),
        reference=reference,
        name=name,
        theirs=theirs,
        yours=outcome.body.get("yours") or outcome.sent,
        version=outcome.body.get("version"),
        lead=presenter.agency(current.get("lead_agency")),
        key=str(uuid4()),
    )


async def _drop_draft(hub: Process, session: Session, form: Mapping[str, str]) -> None:
    async with hub.database.writing() as connection:
        await write_repository.keep_draft(connection, session.person.id, UUID(form["case_id"]), "")


@router.put("/drafts/{case_id}", status_code=204)
async def keep_draft(request: Request, session: SignedIn, case_id: UUID) -> Response:
    """A note that is being written; kept for its writer alone."""
    if request.headers.get("x-csrf-token") != session.csrf:
        raise Problem(403, "form-too-old", "The page is too old. Open it again.")
    words = (await request.body()).decode("utf-8", "replace")[:4000]
    async with request.app.state.hub.database.writing() as connection:
        await write_repository.keep_draft(connection, session.person.id, case_id, words)
    return Response(status_code=204)


@router.get("/reports/{reference}")
async def report_page(request: Request, session: SignedIn, reference: str) -> Response:
    """One report with its decision and why. The reading is recorded."""
    hub: Process = request.app.state.hub
    now = hub.clock()
    async with hub.database.reading(**session.reading()) as connection:
        row = await repository.report(connection, _tidy(reference))
    if row is None:
        raise _missing()
    async with hub.database.writing() as connection:
        await write_repository.note_reading(connection, reference, session.person.id, session.person.agency, now)
    presenter: Presenter = request.app.state.presenter
    decision = row.decision or {}
    return _pages(request).render(
        "report.html",
        **shell(request, session, "worklist"),
        report=_report(request, row, now),
        case_reference=row.case_reference,
        in_review=row.in_review,
        themes=presenter.themes(decision.get("themes") or []),
        lead=presenter.agency(decision.get("lead_agency")),
        decided=presenter.short(row.decided_at, now) if row.decided_at else None,
        tracing=bool(hub.settings.trace_url),
    )


@router.get("/referrals/{panel}")
async def board(request: Request, session: SignedIn, panel: str) -> Response:
    """A panel's referrals, soonest due first."""
    hub: Process = request.app.state.hub
    presenter: Presenter = request.app.state.presenter
    partnership: Partnership = request.app.state.partnership
    if panel not in {each.code for each in partnership.panels}:
        raise _missing()
    async with hub.database.reading(**session.reading()) as connection:
        rows = await repository.board(connection, panel)
    now = hub.clock()
    return _pages(request).render(
        "board.html",
        **shell(request, session, "referrals"),
        panel=partnership.panel(panel),
        rows=[(_referral(presenter, row.referral, now), presenter.row(row.case_state, now, "")) for row in rows],
    )


@router.get("/search")
async def search(request: Request, session: SignedIn, q: str = "") -> Response:
    """Any reference however it is typed, a sender's own id, a place."""
    words = q.strip()[:200]
    try:
        reference = tidy_reference(words)
    except ReferenceMistyped:
        reference = None
    hub: Process = request.app.state.hub
    presenter: Presenter = request.app.state.presenter
    now = hub.clock()
    cases: list[Any] = []
    reports: list[Any] = []
    if words:
        async with hub.database.reading(**session.reading()) as connection:
            cases, reports = await repository.search(connection, words, reference)
    return _pages(request).render(
        "search.html",
        **shell(request, session),
        words=words,
        cases=[presenter.row(state, now, session.person.id) for state in cases],
        reports=[(row.reference, row.street, presenter.short(row.received_at, now)) for row in reports],
    )


@router.get("/review")
async def review(request: Request, session: SignedIn, error: str = "") -> Response:
    """Reports that wait for a person: the whole text with the lit evidence, and three answers."""
    hub: Process = request.app.state.hub
    casework: Casework = request.app.state.casework
    presenter: Presenter = request.app.state.presenter
    partnership: Partnership = request.app.state.partnership
    now = hub.clock()
    strategy = partnership.strategy_at(now.date())
    waiting = await casework.reviews(hub, session)
    return _pages(request).render(
        "review.html",
        **shell(request, session, "review"),
        waiting=[_waiting(presenter, each, now) for each in waiting],
        all_themes=[(theme.code, theme.short_name) for theme in strategy.themes] if strategy else [],
        error=error,
    )


def _waiting(presenter: Presenter, item: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    decision = item["decision"]
    segments, fired = lit(str(item["personal"].get("description") or ""), decision["because"])
    return {
        "reference": item["report"]["reference"],
        "received": presenter.short(item["report"]["received_at"], now),
        "channel": CHANNELS.get(item["report"]["channel"], item["report"]["channel"]),
        "segments": segments,
        "fired": fired,
        "themes": presenter.themes(decision["themes"]),
        "lead": presenter.agency(decision["lead_agency"]),
        "risk": decision["risk"],
        "reason": item["review_reason"],
        "version": item["version"],
    }


@router.post("/review/{reference}")
async def answer_review(request: Request, session: SignedIn, form: CheckedForm, reference: str) -> Response:
    """Confirm, change the theme, or name whose it is."""
    casework: Casework = request.app.state.casework
    outcome = await casework.answer_review(request.app.state.hub, session, _tidy(reference), form)
    if outcome.done:
        return RedirectResponse("/review", 303)
    return await review(request, session, error=_sentence(outcome))


ChosenPerson = Annotated[str, Form()]
