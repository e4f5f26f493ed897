"""Pages by which things are found: a report, search."""

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, Request, Response

from services.access.sharing import Sight, sight_of
from services.desk import answers_repository, repository, write_repository
from services.desk.frame import missing, pages_of, report_view, shell, tidy
from services.desk.people import Session, SignedIn
from services.desk.presenting import Presenter
from services.desk.review_view import given
from services.kernel.process import Process
from services.kernel.references import ReferenceMistyped, tidy_reference

router = APIRouter(include_in_schema=False)


@router.get("/reports/{reference}")
async def report_page(request: Request, session: SignedIn, reference: str) -> Response:
    """One report with its decision and why. The reading is recorded."""
    hub: Process = request.app.state.hub
    now = hub.clock()
    async with hub.database.reading(**session.reading()) as connection:
        row = await repository.report(connection, tidy(reference))
        answers = await answers_repository.of_report(connection, tidy(reference))
    if row is None:
        raise missing()
    async with hub.database.writing() as connection:
        await write_repository.note_reading(connection, tidy(reference), session.person.id, session.person.agency, now)
    presenter: Presenter = request.app.state.presenter
    decision = row.decision or {}
    sight = _of_report(request, session, row)
    return pages_of(request).render(
        "report.html",
        **shell(request, session, "worklist"),
        report=report_view(request, row, sight, now),
        case_reference=row.case_reference,
        in_review=row.in_review,
        withdrawn=row.withdrawn,
        answers=[given(presenter, each, (sight, _sight(request, session, each)), now) for each in answers],
        themes=presenter.themes(decision.get("themes") or []),
        lead=presenter.agency(decision.get("lead_agency")),
        decided=presenter.short(row.decided_at, now) if row.decided_at else None,
        tracing=bool(hub.settings.trace_url),
    )


def _sight(request: Request, session: Session, decided: Mapping[str, Any]) -> Sight:
    """What she sees of a report whose themes are these."""
    return sight_of(session.caller, decided.get("themes") or (), request.app.state.partnership)


def _of_report(request: Request, session: Session, row: Any) -> Sight:
    """What she sees of a report: by its own themes, and by those of the case that it is in."""
    sight = _sight(request, session, row.decision or {})
    return sight if row.case_themes is None else sight.within(_sight(request, session, {"themes": row.case_themes}))


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
        cases=[presenter.row(state, now, session.person.id) for state in _found(request, session, cases)],
        reports=[
            (row.reference, _street(request, session, row), presenter.short(row.received_at, now)) for row in reports
        ],
    )


def _found(request: Request, session: Session, rows: list[Any]) -> list[dict[str, Any]]:
    """The cases as she may see them; one that only its street found says where it is, so it is for who sees places."""
    partnership = request.app.state.partnership
    sights = [(row, sight_of(session.caller, row.state["themes"], partnership)) for row in rows]
    return [sight.case(row.state) for row, sight in sights if row.named or sight.sees("exact-place")]


def _street(request: Request, session: Session, row: Any) -> str | None:
    sight = _of_report(request, session, row)
    street: str | None = row.street
    return street if sight.sees("exact-place") else None
