"""`/rules`: the versions of triage's rules, their tables and words to read and edit, shadow runs, and each step."""

import asyncio
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from services.desk import rules_repository
from services.desk.commands import Outcome
from services.desk.frame import missing, pages_of, shell
from services.desk.people import CheckedForm, Session, SignedIn
from services.desk.presenting import Presenter
from services.desk.rules_gateway import TriageRules
from services.desk.rules_view import TITLES, differences, grid, table_of, words_of
from services.desk.shadow_view import shown
from services.kernel.http import Problem
from services.kernel.process import Process

ROLES = {"analyst", "duty-manager"}
PUBLICATIONS = 20
STEPS: Mapping[str, tuple[tuple[str, str], ...]] = {
    "draft": (("propose", "Propose"), ("discard", "Discard")),
    "proposed": (("approve", "Approve"), ("send-back", "Send back")),
    "approved": (("publish", "Publish"), ("send-back", "Send back")),
    "published": (),
    "retired": (("roll-back", "Take back into force"),),
}

router = APIRouter(prefix="/rules", include_in_schema=False)


def _gateway(request: Request) -> tuple[Process, TriageRules]:
    return request.app.state.hub, request.app.state.triage_rules


def analyst_only(session: Session) -> None:
    """Raises a 403 problem for anybody else."""
    if not ROLES & session.caller.roles:
        raise Problem(403, "not-an-analyst", "Only analysts and the duty manager may see and change the rules.")


def saved_by(head: Mapping[str, Any], session: Session) -> str:
    """Who saved the version last: it may be herself, in another window."""
    known = head["saved_by"] or {"id": "", "name": "somebody"}
    return "you" if known["id"] == session.person.id else str(known["name"])


def known_table(table: str) -> None:
    """Raises a 404 problem for a table that there is not."""
    if table not in TITLES:
        raise missing()


def new_draft(mark: str, number: int, made: int) -> str:
    """What an address says, behind `mark`, where a change to one version began another; the page tells it."""
    return "" if made == number else f"{mark}begun=true"


def _head_view(request: Request, head: Mapping[str, Any]) -> dict[str, Any]:
    presenter: Presenter = request.app.state.presenter
    now = request.app.state.hub.clock()
    times = ("created_at", "published_at", "effective_from")
    return dict(head) | {name: presenter.short(head[name], now) if head[name] else None for name in times}


@router.get("")
async def versions(request: Request, session: SignedIn) -> Response:
    """Every version, the one in force first to be seen, and when which came into force."""
    analyst_only(session)
    hub, rules = _gateway(request)
    presenter: Presenter = request.app.state.presenter
    found = await rules.read(hub, session)
    async with hub.database.reading(**session.reading()) as connection:
        published = await rules_repository.publications(connection, PUBLICATIONS)
    now = hub.clock()
    return pages_of(request).render(
        "rules/versions.html",
        **shell(request, session, "rules"),
        versions=[_head_view(request, head) for head in found["items"]],
        in_force=found["in_force"],
        trouble=found["trouble"],
        publications=[each | {"at": presenter.short(each["published_at"], now)} for each in published],
    )


@router.get("/{number}")
async def version(request: Request, session: SignedIn, number: int, notice: str = "") -> Response:
    """One version: where it stands, what it changes, golden cases, shadow runs, and its next steps."""
    analyst_only(session)
    return await _version_page(request, session, number, notice=notice)


async def _version_page(
    request: Request, session: Session, number: int, *, notice: str = "", refusal: Outcome | None = None
) -> Response:
    hub, rules = _gateway(request)
    found, listed, runs = await asyncio.gather(
        rules.read(hub, session, f"/{number}"),
        rules.read(hub, session),
        rules.read(hub, session, f"/{number}/shadow"),
    )
    head = found["head"]
    other = _compared_with(head, listed["items"])
    before = (await rules.read(hub, session, f"/{other}"))["documents"] if other else found["documents"]
    presenter: Presenter = request.app.state.presenter
    now = hub.clock()
    return pages_of(request).render(
        "rules/version.html",
        refusal.status if refusal else 200,
        **shell(request, session, "rules"),
        head=_head_view(request, head),
        steps=STEPS[head["status"]] if head["status"] != "retired" or head["published_at"] else (),
        own=session.person.id in {head["author"]["id"], *head["editors"]},
        tables=[(name, *TITLES[name], len(table_of(found["documents"], name).rows)) for name in TITLES],
        lists=len(words_of(found["documents"])),
        changes=differences(before, found["documents"]),
        other=other,
        failing=found["failing"],
        golden=found["golden"],
        runs=[shown(run, presenter.short(run["asked_at"], now)) for run in runs["items"]],
        running=any(run["status"] == "running" for run in runs["items"]),
        notice=notice,
        problems=sentences(refusal) if refusal else [],
    )


def _compared_with(head: Mapping[str, Any], items: list[dict[str, Any]]) -> int | None:
    """The version in force; for that one itself the one that it was made from."""
    active = next((each["number"] for each in items if each["status"] == "published"), None)
    return head["based_on"] if head["number"] == active else active


def sentences(outcome: Outcome) -> list[str]:
    """What triage says of a change that it refused."""
    return [outcome.body.get("detail", ""), *(each["message"] for each in outcome.body.get("errors") or ())]


@router.post("/{number}/steps/{action}")
async def step(request: Request, session: SignedIn, form: CheckedForm, number: int, action: str) -> Response:
    """Propose, approve, publish, …: what triage refuses is shown with its reasons."""
    analyst_only(session)
    if action not in {name for steps in STEPS.values() for name, _ in steps}:
        raise missing()
    hub, rules = _gateway(request)
    body: dict[str, Any] = {"version": int(form["version"]), "reason": form.get("reason", "")}
    if form.get("effective_from"):
        zone = request.app.state.partnership.zone
        try:
            body["effective_from"] = datetime.fromisoformat(form["effective_from"]).replace(tzinfo=zone).isoformat()
        except ValueError as error:
            raise Problem(422, "invalid-field", "The day from which it decides is not a date and time.") from error
    outcome = await rules.send(hub, session, f"/{number}/{action}", body)
    if not outcome.done:
        return await _version_page(request, session, number, refusal=outcome)
    return RedirectResponse(f"/rules/{number}", 303)


@router.post("/{number}/shadow")
async def shadow(request: Request, session: SignedIn, form: CheckedForm, number: int) -> Response:
    """Replay history through this version, from a day on."""
    analyst_only(session)
    hub, rules = _gateway(request)
    try:
        since = datetime.fromisoformat(form.get("since", "")).replace(tzinfo=request.app.state.partnership.zone)
    except ValueError as error:
        raise Problem(422, "invalid-field", "Name the first day to replay.") from error
    outcome = await rules.send(hub, session, f"/{number}/shadow", {"since": since.isoformat()})
    if not outcome.done:
        return await _version_page(request, session, number, refusal=outcome)
    return RedirectResponse(f"/rules/{number}#shadow", 303)


@router.get("/{number}/tables/{table}")
async def table_page(request: Request, session: SignedIn, number: int, table: str, *, begun: bool = False) -> Response:
    """One table as a grid in plain words."""
    analyst_only(session)
    known_table(table)
    hub, rules = _gateway(request)
    found = await rules.read(hub, session, f"/{number}")
    return pages_of(request).render(
        "rules/table.html",
        **shell(request, session, "rules"),
        head=found["head"],
        table=grid(found["documents"], table),
        tables=[(name, TITLES[name][0]) for name in TITLES],
        begun=begun,
    )


def _known(table: str) -> None:
    if table not in TITLES:
        raise missing()
