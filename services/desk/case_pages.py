"""The case page: what is known of a case, what was done with it, and its forms."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse
from sqlalchemy.ext.asyncio import AsyncConnection

from services.access.sharing import sight_of
from services.desk import case_view, marks_repository, repository, write_repository
from services.desk.case_parts import parts_of
from services.desk.commands import BODIES, Casework, Outcome, behind, caught_up
from services.desk.conflict_page import conflict, words_of
from services.desk.form_errors import NOTHING, Kept, kept
from services.desk.frame import (
    missing,
    pages_of,
    referral_view,
    report_view,
    seen,
    sentence,
    shell,
    tidy,
    withheld_words,
)
from services.desk.people import CheckedForm, Session, SignedIn
from services.desk.presenting import Presenter, named
from services.kernel.http import Problem
from services.kernel.process import Process
from services.partnership.models import Partnership

TIMELINE = 50
"""Entries of a page: a case with a long history opens as fast as a short one."""

KEEPING: Mapping[str, Mapping[str, tuple[str, str]]] = {
    "people": {
        "name": ("p-name", "Name"),
        "date_of_birth": ("p-born", "Date of birth"),
        "role": ("p-role", "Role"),
        "contact_phone": ("p-phone", "Phone"),
        "contact_safe": ("p-safe", "Contact is"),
        "contact_note": ("p-note", "How and when it is safe"),
    },
    "person": {
        "person": ("w-person", "Who"),
        "role": ("w-role", "Role"),
        "date_of_birth": ("w-born", "Date of birth"),
        "contact_safe": ("w-safe", "Contact is"),
        "contact_note": ("w-note", "How and when it is safe"),
        "reason": ("w-reason", "Why"),
    },
}
"""Forms that say again all that was typed: where each of their fields stands, and what the page calls it."""

router = APIRouter(include_in_schema=False)


@router.get("/cases/{reference}")
async def case_page(
    request: Request,
    session: SignedIn,
    reference: str,
    notice: str = "",
    show: str = "all",
    before: int | None = None,
    since: int | None = None,
) -> Response:
    """One case. The reading is recorded. `since` is where the read model stood before her command, not shown yet."""
    return await _case_page(request, session, tidy(reference), notice=notice, show=show, before=before, since=since)


async def _case_page(
    request: Request,
    session: Session,
    reference: str,
    *,
    notice: str = "",
    error: str = "",
    status: int = 200,
    show: str = "all",
    words: str = "",
    again: Mapping[str, Kept] | None = None,
    before: int | None = None,
    since: int | None = None,
) -> Response:
    hub: Process = request.app.state.hub
    now = hub.clock()
    async with hub.database.reading(**session.reading()) as connection:
        state = await repository.case(connection, reference)
        if state is None:
            raise missing()
        state = seen(request, session, state)
        if await _survivor(connection, state):
            return RedirectResponse(
                f"/cases/{state['merged_into_reference']}?notice={reference}+was+merged+into+this.", 303
            )
        rows = await _rows(connection, state, before)
    values = _case_values(request, session, state, now) | await _of_people(request, session, state, now)
    return pages_of(request).render(
        "case.html",
        status,
        **shell(request, session, "worklist"),
        **values,
        **await _history(request, session, state, rows, now, show),
        show=show,
        before=before,
        notice=notice,
        behind=since is not None and state["sequence"] <= since,
        error=error,
        words=words,
        again={name: (again or {}).get(name, NOTHING) for name in KEEPING},
        at=[each for name, form in (again or {}).items() for each in form.placed(KEEPING[name])],
        key=str(uuid4()),
    )


@dataclass(frozen=True, slots=True)
class _Rows:
    """What the read model has of a case: a page of its events, and what stands beside them."""

    events: Sequence[Any]
    reports: Sequence[Any]
    referrals: Sequence[Any]
    told: Sequence[Any]
    until: datetime | None

    @property
    def earlier(self) -> bool:
        """Whether older pages follow."""
        return len(self.events) == TIMELINE


async def _rows(connection: AsyncConnection, state: Mapping[str, Any], before: int | None) -> _Rows:
    case_id = state["case_id"]
    return _Rows(
        events=await repository.timeline(connection, case_id, TIMELINE, before),
        reports=await repository.reports_of(connection, case_id),
        referrals=await repository.referrals_of(connection, case_id),
        told=await repository.told(connection, case_id),
        until=await repository.time_of(connection, case_id, before) if before is not None else None,
    )


async def _history(
    request: Request, session: Session, state: Mapping[str, Any], rows: _Rows, now: datetime, show: str
) -> dict[str, Any]:
    """Timeline, reports, referrals, who was told, and what hangs on the case."""
    presenter: Presenter = request.app.state.presenter
    sight = sight_of(session.caller, state["themes"], request.app.state.partnership)
    views = [report_view(request, row, sight, now) for row in rows.reports]
    entries = case_view.timeline(
        presenter, rows.events, rows.reports, rows.told, sight, show, until=rows.until, earlier=rows.earlier
    )
    told = [(presenter.recipient(r.state["recipient"]), r.status, presenter.short(r.at, now)) for r in rows.told]
    return await parts_of(request, session, state["reference"], views, now) | {
        "entries": entries,
        "withheld": withheld_words(sight),
        "shown": [(code, words, code == show) for code, words in case_view.SHOWN],
        "changed": f"{presenter.local(rows.events[0].at):%H:%M:%S}" if rows.events else "",
        "older": rows.events[-1].sequence if rows.earlier else None,
        "reports": views,
        "referrals": [referral_view(presenter, each, now) for each in rows.referrals],
        "told": told,
    }


async def _survivor(connection: AsyncConnection, state: Mapping[str, Any]) -> bool:
    """Whether the case went into another one that she may see; of the other, she sees the history alone."""
    into = state.get("merged_into_reference")
    return bool(into) and await repository.case(connection, str(into)) is not None


async def _of_people(request: Request, session: Session, state: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """What desk keeps of people: this reading, her draft, who else has the case open, and who read it before."""
    hub: Process = request.app.state.hub
    presenter: Presenter = request.app.state.presenter
    me, case_id, reference = session.person, UUID(str(state["case_id"])), state["reference"]
    async with hub.database.writing() as connection:
        await write_repository.note_reading(connection, reference, me.id, me.agency, now)
        await marks_repository.mark_read(connection, me.id, case_id, state["sequence"])
        draft = await write_repository.draft(connection, me.id, case_id)
        others = await marks_repository.others(connection, me.id, case_id)
        rows, count = await marks_repository.readings(connection, reference)
    names = named([presenter.who(each) for each in others])
    return {
        "draft": draft,
        "others": f"{names} {'has' if len(others) == 1 else 'have'} this open" if others else "",
        "readings": case_view.readings(presenter, rows, now),
        "reading_count": count,
    }


def _case_values(request: Request, session: Session, state: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    presenter: Presenter = request.app.state.presenter
    partnership: Partnership = request.app.state.partnership
    strategy = partnership.strategy_at(partnership.day(now))
    return {
        "case": state,
        "themes": presenter.themes(state["themes"]),
        "lead": presenter.agency(state["lead_agency"]),
        "joint": [presenter.agency(code) for code in state["joint_leads"]],
        "act_first": [presenter.agency(code) for code in state["act_first"]],
        "time": presenter.time_left(state["due_at"], now),
        "opened": presenter.short(state["opened_at"], now),
        "flags": case_view.signs(state),
        "mine": state["owner"] == session.person.id,
        "staff": [(person.id, person.name) for person in partnership.staff if person.sees != "no-cases"],
        "all_themes": [(theme.code, theme.short_name) for theme in strategy.themes] if strategy else [],
        "agencies": [(agency.code, agency.short_name) for agency in partnership.agencies],
        "outcomes": [(outcome.code, outcome.name) for outcome in partnership.outcomes],
        "destinations": [(each.code, each.short_name) for each in partnership.destinations],
        "was": json.dumps(case_view.remembered(state)),
        "seen": case_view.seen_by(presenter, partnership, state),
        "closed_at": presenter.short(state["closed_at"], now) if state["closed_at"] else None,
        "outcome": partnership.outcome(state["outcome"]).name if state["outcome"] else None,
        "withdrawals": [(each.code, each.name) for each in partnership.withdrawal_codes],
    }


@router.post("/cases/{reference}/{name}")
async def case_command(request: Request, session: SignedIn, form: CheckedForm, reference: str, name: str) -> Response:
    """A form of the case page."""
    if name not in BODIES:
        raise missing()
    found = tidy(reference)
    return await _commanded(request, session, f"cases/{found}/{name}", name, found, form)


@router.post("/referrals/{reference}/{name}")
async def referral_command(
    request: Request, session: SignedIn, form: CheckedForm, reference: str, name: str
) -> Response:
    """A form of a referral; it names its case."""
    if name not in BODIES:
        raise missing()
    return await _commanded(request, session, f"referrals/{tidy(reference)}/{name}", name, tidy(form["case"]), form)


async def _commanded(
    request: Request, session: Session, path: str, name: str, reference: str, form: dict[str, str]
) -> Response:
    hub: Process = request.app.state.hub
    casework: Casework = request.app.state.casework
    outcome = await casework.command(hub, session, path, name, form)
    if outcome.conflict:
        return await conflict(request, session, reference, path, name, form, outcome)
    if not outcome.done:
        return await _refused(request, session, reference, name, form, outcome)
    if name == "note":
        await _drop_draft(hub, session, form)
    return RedirectResponse(await _after(hub, session, reference, int(form.get("sequence") or 0)), 303)


async def _after(hub: Process, session: Session, reference: str, sequence: int) -> str:
    """Where a saved command leads: to the case as it stands, or to the worklist when it went to somebody else."""
    if not await caught_up(hub, session, reference, sequence):
        return behind(reference, sequence)
    async with hub.database.reading(**session.reading()) as connection:
        state = await repository.case(connection, reference)
    if state is None:
        return f"/?notice=Saved.+{reference}+is+with+another+agency+now,+and+yours+no+longer+sees+it."
    return f"/cases/{reference}"


async def _refused(
    request: Request, session: Session, reference: str, name: str, form: Mapping[str, str], outcome: Outcome
) -> Response:
    """The case again, with the sentence that says why not, and what she wrote: in its form, or in a note's."""
    told: dict[str, Any] = {"error": sentence(outcome), "status": outcome.status}
    if name in KEEPING:
        return await _case_page(request, session, reference, **told, again={name: kept(outcome, form)})
    return await _case_page(request, session, reference, **told, words=words_of(form))


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
