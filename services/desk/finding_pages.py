"""Pages by which things are found and decided: a report, a panel's board, search, and the reports in review."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from services.desk import repository, write_repository
from services.desk.commands import Casework
from services.desk.evidence import lit
from services.desk.frame import missing, pages_of, referral_view, report_view, sentence, shell, tidy
from services.desk.people import CheckedForm, SignedIn
from services.desk.presenting import CHANNELS, Presenter
from services.kernel.process import Process
from services.kernel.references import ReferenceMistyped, tidy_reference
from services.partnership.models import Partnership

router = APIRouter(include_in_schema=False)


@router.get("/reports/{reference}")
async def report_page(request: Request, session: SignedIn, reference: str) -> Response:
    """One report with its decision and why. The reading is recorded."""
    hub: Process = request.app.state.hub
    now = hub.clock()
    async with hub.database.reading(**session.reading()) as connection:
        row = await repository.report(connection, tidy(reference))
    if row is None:
        raise missing()
    async with hub.database.writing() as connection:
        await write_repository.note_reading(connection, tidy(reference), session.person.id, session.person.agency, now)
    presenter: Presenter = request.app.state.presenter
    decision = row.decision or {}
    return pages_of(request).render(
        "report.html",
        **shell(request, session, "worklist"),
        report=report_view(request, row, now),
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
        raise missing()
    async with hub.database.reading(**session.reading()) as connection:
        rows = await repository.board(connection, panel)
    now = hub.clock()
    return pages_of(request).render(
        "board.html",
        **shell(request, session, "referrals"),
        panel=partnership.panel(panel),
        rows=[(referral_view(presenter, row.referral, now), presenter.row(row.case_state, now, "")) for row in rows],
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
    return pages_of(request).render(
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
    return pages_of(request).render(
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
    outcome = await casework.answer_review(request.app.state.hub, session, tidy(reference), form)
    if outcome.done:
        return RedirectResponse("/review", 303)
    return await review(request, session, error=sentence(outcome))
