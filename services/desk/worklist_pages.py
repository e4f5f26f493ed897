"""The worklist: open cases, soonest due first, with danger above everything; and giving many cases to one person."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from services.access.sharing import NO_PLACE, WITHHELD, sight_of
from services.desk import marks_repository, repository
from services.desk.commands import Casework
from services.desk.frame import pages_of, seen, sentence, shell, tidy
from services.desk.people import CheckedForm, Session, SignedIn
from services.desk.presenting import Presenter, since_words
from services.kernel.http import Problem
from services.kernel.process import Process
from services.partnership.models import Partnership

PAGE, PICKED_MOST = 50, 100
ACKNOWLEDGED_FOR = timedelta(hours=1)
"""So long an acknowledged danger stays in sight, below those that nobody has seen."""
REVIEWS_IN_SIGHT = 2
"""So many reports of danger that a person must decide on stand above the list one by one; the rest as their number."""
VIEWS = (
    ("mine", "Mine"),
    ("team", "My team"),
    ("unowned", "Unowned"),
    ("late", "Late"),
    ("unanswered", "Unanswered"),
    ("waiting", "Waiting for others"),
    ("closed", "Closed"),
)
EMPTY = {
    "mine": "No open case is yours. What your team has is one press away.",
    "team": "Your team has no open case.",
    "unowned": "Every open case has an owner.",
    "late": "Nothing is late.",
    "unanswered": "No referral waits beyond its answer time.",
    "waiting": "No case waits for a panel or another agency.",
    "closed": "No case has been closed yet.",
}
NO_CASES = "Your role sees no cases."
_FIRST = UUID(int=0)

router = APIRouter(include_in_schema=False)


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
async def worklist(request: Request, session: SignedIn, notice: str = "") -> Response:
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
        danger, more_danger = await repository.danger(connection)
        reviews = await repository.danger_in_review(connection, REVIEWS_IN_SIGHT)
        acknowledged = await repository.acknowledged(connection, now - ACKNOWLEDGED_FOR)
    async with hub.database.writing() as connection:
        read = await marks_repository.marks(connection, session.person.id, [row.state["case_id"] for row in rows])
    strategy = partnership.strategy_at(partnership.day(now))
    return pages_of(request).render(
        "worklist.html",
        **shell(request, session, "worklist"),
        rows=[_row(presenter, seen(request, session, row.state), now, session, read) for row in rows],
        views=_views(session, counts, asked["view"]),
        danger=[_danger(presenter, seen(request, session, state), now) for state in danger],
        more_danger=more_danger,
        reviews=[_in_review(presenter, row, _street(partnership, session, row), now) for row in reviews],
        more_reviews=reviews[0].waiting - len(reviews) if reviews else 0,
        acknowledged=[_acknowledged(presenter, row, seen(request, session, row.state)) for row in acknowledged],
        themes=[(theme.code, theme.short_name) for theme in strategy.themes] if strategy else [],
        agencies=[(agency.code, agency.short_name) for agency in partnership.agencies],
        staff=[(person.id, person.name) for person in partnership.staff if person.sees != "no-cases"],
        asked=asked,
        following=_following(rows, asked["view"]),
        since=now.isoformat(),
        since_clock=presenter.clock(now),
        total=counts.team,
        last_change=f"{presenter.local(counts.changed_at):%H:%M:%S}" if counts.changed_at else None,
        empty=NO_CASES if session.person.sees == "no-cases" else EMPTY[asked["view"]],
        notice=notice,
        key=str(uuid4()),
    )


def _following(rows: Any, view: str) -> str | None:
    """Where the next page begins."""
    if len(rows) < PAGE or view == "closed":
        return None
    return f"{rows[-1].due_at.isoformat()}~{rows[-1].case_id}"


def _views(session: Session, counts: Any, current: str) -> list[tuple[str, str, int | None, bool]]:
    names = dict(VIEWS) | ({"team": "All"} if session.caller.sees_all else {})
    return [(code, names[code], getattr(counts, code, None), code == current) for code, _ in VIEWS]


def _row(
    presenter: Presenter, state: Mapping[str, Any], now: datetime, session: Session, read: Mapping[str, int]
) -> dict[str, Any]:
    row = presenter.row(state, now, session.person.id)
    return row | {"unread": read.get(row["case_id"], 0) < row["sequence"]}


def _danger(presenter: Presenter, state: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    since = presenter.local(state["danger_since"] or state["opened_at"])
    return {
        "reference": state["reference"],
        "title": state["title"],
        "ago": since_words(now - since),
        "since": f"{since:%H:%M}",
        "before": presenter.in_front_of(state),
        "key": str(uuid4()),
        "sequence": state["sequence"],
        "danger_since": state["danger_since"],
    }


def _street(partnership: Partnership, session: Session, row: Any) -> str:
    """Where it is, as far as her agreement lets her know."""
    sight = sight_of(session.caller, row.decision["themes"], partnership)
    return (row.street or NO_PLACE) if sight.sees("exact-place") else WITHHELD


def _in_review(presenter: Presenter, row: Any, street: str, now: datetime) -> dict[str, Any]:
    return {
        "reference": row.reference,
        "street": street,
        "ago": since_words(now - row.received_at),
        "since": presenter.clock(row.received_at),
        "before": presenter.in_front_of(row.decision),
    }


def _acknowledged(presenter: Presenter, row: Any, state: Mapping[str, Any]) -> dict[str, Any]:
    since = presenter.local(state["danger_since"] or state["opened_at"])
    return {
        "reference": state["reference"],
        "title": state["title"],
        "by": row.document["by"]["name"],
        "clock": presenter.clock(row.at),
        "after": since_words(row.at - since),
    }


@router.post("/worklist/assign")
async def assign_many(request: Request, session: SignedIn, form: CheckedForm) -> Response:
    """Give the picked cases to one person, each at the version that was on the page; what moved meanwhile is named."""
    picked = [str(each) for each in (await request.form()).getlist("pick")][:PICKED_MOST]
    wrong = [await _given(request, session, form, each) for each in picked]
    refused = [each for each in wrong if each]
    name = request.app.state.presenter.who(form.get("owner"))
    words = f"{len(picked) - len(refused)} of {len(picked)} given to {name}. {' '.join(refused)}".strip()
    address = request.url_for("worklist").include_query_params(view=form.get("view") or "team", notice=words)
    return RedirectResponse(f"{address.path}?{address.query}", 303)


async def _given(request: Request, session: Session, form: Mapping[str, str], pick: str) -> str:
    """Give one of the picked cases; why it was not given, or nothing. What fails of one does not keep the next."""
    hub: Process = request.app.state.hub
    casework: Casework = request.app.state.casework
    reference, _, version = pick.partition("~")
    fields = {"owner": form.get("owner", ""), "version": version}
    fields["idempotency_key"] = f"{form['idempotency_key']}-{reference}"
    try:
        outcome = await casework.command(hub, session, f"cases/{tidy(reference)}/assign", "assign", fields)
    except Problem as problem:
        return f"{reference}: {problem.detail}"
    return "" if outcome.done else f"{reference}: {sentence(outcome)}"
