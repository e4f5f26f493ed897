"""Operations: the balance that must close, services, topics and lag, feeds, dead letters."""

import asyncio
import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

import httpx2
from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from services.desk import repository
from services.desk.frame import shell, trace_link
from services.desk.hops import numbers
from services.desk.people import CheckedForm, Session, SignedIn
from services.desk.presenting import Presenter, since_words, span_words
from services.desk.recent_numbers import RecentNumbers
from services.kernel.http import Problem
from services.kernel.process import Process
from services.kernel.settings import LOOPBACK

SERVICES = {"desk": 0, "intake": 1, "triage": 2, "referrals": 3, "notify": 4}
MAIL = 26
ROLES = {"operations", "duty-manager"}
EVERYTHING = {"agencies": "", "sees_all": "on"}
"""Only for references and trace ids: operations staff read no case content."""

router = APIRouter(include_in_schema=False)


class Neighbours:
    """The other services of this hub, by HTTP; one that does not answer is shown as away."""

    def __init__(self, hub_port: int, secret: str) -> None:
        self._port = hub_port
        self._client = httpx2.AsyncClient(timeout=5, headers={"X-Hub-Secret": secret})

    def _url(self, service: str, path: str) -> str:
        return f"http://{LOOPBACK}:{self._port + SERVICES[service]}{path}"

    async def get(self, service: str, path: str) -> dict[str, Any] | None:
        """A service's answer, None when it is away."""
        return await self._asked(self._client.get(self._url(service, path)))

    async def post(self, service: str, path: str, body: Mapping[str, Any]) -> dict[str, Any] | None:
        """A service's answer to a post."""
        return await self._asked(self._client.post(self._url(service, path), json=dict(body)))

    async def mail(self, path: str) -> dict[str, Any] | None:
        """The mail sink's answer."""
        return await self._asked(self._client.get(f"http://{LOOPBACK}:{self._port + MAIL}{path}"))

    @staticmethod
    async def _asked(asking: Any) -> dict[str, Any] | None:
        try:
            answer = await asking
            found: dict[str, Any] = answer.json()
        except (httpx2.HTTPError, ValueError):
            return None
        return found

    async def metrics(self) -> dict[str, str]:
        """Every service's numbers as Prometheus text; a service that is away is left out."""
        found = await asyncio.gather(*(self._text(name) for name in SERVICES))
        return {name: text for name, text in zip(SERVICES, found, strict=True) if text}

    async def _text(self, service: str) -> str | None:
        try:
            return (await self._client.get(self._url(service, "/metrics"))).text
        except httpx2.HTTPError:
            return None

    async def ready(self) -> dict[str, dict[str, Any] | None]:
        """Every other service's health."""
        names = [name for name in SERVICES if name != "desk"]
        found = await asyncio.gather(*(self.get(name, "/readyz") for name in names))
        return dict(zip(names, found, strict=True))

    async def all_ready(self) -> bool:
        """Whether every other service is ready: then the whole run is."""
        return all(found and found.get("ready") for found in (await self.ready()).values())


def _operator(session: Session) -> None:
    if not ROLES & session.caller.roles:
        raise Problem(403, "not-operations", "This page is for operations staff and the duty manager.")


@router.get("/ops")
async def ops(request: Request, session: SignedIn, notice: str = "") -> Response:
    """How the hub is."""
    _operator(session)
    hub: Process = request.app.state.hub
    neighbours: Neighbours = request.app.state.neighbours
    presenter: Presenter = request.app.state.presenter
    recent: RecentNumbers = request.app.state.recent_numbers
    now = hub.clock()
    balance, ready, metrics = await asyncio.gather(
        neighbours.get("intake", "/internal/balance"), neighbours.ready(), neighbours.metrics()
    )
    found = await asyncio.gather(*(neighbours.get(name, "/internal/dead-letters") for name in SERVICES))
    letters = [item | {"service": each["service"]} for each in found if each for item in each.get("items", [])]
    dead = sum(each["dead"] for each in found if each)  # all of them: a list holds its first page alone
    async with hub.database.reading(**EVERYTHING) as connection:
        traced = await repository.traced(connection)
    services = {"desk": {"ready": await hub.database.writable()} | hub.health(), **ready}
    page: Response = request.app.state.pages.render(
        "ops.html",
        **shell(request, session, "ops"),
        balance=balanced(balance, dead) if balance else None,
        services={name: found and found | {"trouble": trouble(found)} for name, found in services.items()},
        letters=[each | {"since": presenter.short(each["at"], now)} for each in letters],
        partners=[feed(each, presenter, now) for each in (balance or {}).get("partners", [])],
        hops=recent.hops(numbers(metrics)),
        furthest=recent.furthest_behind(),
        traced=[
            (row.reference, presenter.short(row.received_at, now), trace_link(request, row.trace_id)) for row in traced
        ],
        viewer=hub.settings.trace_url.partition("traces/")[0],
        counted=f"{presenter.local(now):%H:%M:%S}",
        notice=notice,
        oldest=_oldest(balance, presenter, now) if balance else None,
        oldest_trace=trace_link(request, ((balance or {}).get("oldest_waiting") or {}).get("trace_id")),
    )
    return page


def trouble(health: Mapping[str, Any]) -> str | None:
    """What is in a service's way, as its readiness tells it: the gravest first, None where nothing is."""
    stored = health["database"] if health["database"] != "connected" else None
    reader = health.get("second_reader") or {}
    ended = f"{', '.join(health['ended'])} has ended" if health["ended"] else None
    parts = (stored, ended, health["relay"]["trouble"], health["timers"], health["jobs"], reader.get("trouble"))
    return next(filter(None, parts), None)


def _oldest(balance: Mapping[str, Any], presenter: Presenter, now: datetime) -> str | None:
    waiting = balance["oldest_waiting"]
    if waiting is None:
        return None
    since = presenter.local(waiting["received_at"])
    return f"{waiting['reference']}, for {since_words(now - since)}"


def balanced(balance: Mapping[str, Any], letters: int) -> dict[str, Any]:
    """The balance in the page's words: a report whose own message died is quarantined, and no longer on its way.

    Intake counts what it accepted. `outside` of the `letters` hold up no such report: a record that is no report of
    intake's, or what another service than triage could not read.
    """
    return dict(balance) | {
        "dead_lettered": balance["quarantined"],
        "outside": max(0, letters - int(balance["quarantined"])),
    }


def feed(partner: Mapping[str, Any], presenter: Presenter, now: datetime) -> dict[str, Any]:
    """A partner's line: silence is told as time, and is trouble beyond what the partnership expects."""
    heard, expected = partner["last_heard"], partner["silent_after_hours"]
    hours = f"within {expected} h" if expected else "any time"
    if heard is None:
        return dict(partner) | {"state": "", "words": "Not heard yet", "ago": "never", "expected": hours}
    quiet = now - presenter.local(heard)
    ago = f"{since_words(quiet)} ago"
    if expected and quiet > timedelta(hours=expected):
        return dict(partner) | {
            "state": "silent",
            "words": f"Silent {span_words(quiet)}",
            "ago": ago,
            "expected": hours,
        }
    refused = partner["refused_today"]
    words = f"{refused} refused" if refused else "Well"
    return dict(partner) | {"state": "err" if refused else "ok", "words": words, "ago": ago, "expected": hours}


@router.get("/ops/dead-letters/{service}/{letter}")
async def dead_letter(request: Request, session: SignedIn, service: str, letter: int) -> Response:
    """One dead letter: why, where, its masked body."""
    _operator(session)
    if service not in SERVICES:
        raise Problem(404, "not-found", "There is no such service.")
    found = await request.app.state.neighbours.get(service, f"/internal/dead-letters/{letter}")
    if found is None or "held_key" not in found:
        raise Problem(404, "not-found", "There is no dead letter with this number. It may have been replayed.")
    presenter: Presenter = request.app.state.presenter
    now = request.app.state.hub.clock()
    page: Response = request.app.state.pages.render(
        "dead_letter.html",
        **shell(request, session, "ops"),
        letter=found,
        service=service,
        since=presenter.short(found["at"], now),
        behind=[each | {"since": presenter.short(each["at"], now)} for each in found["behind"]],
        trace=trace_link(request, found["trace_id"]),
    )
    return page


@router.post("/ops/dead-letters/{service}/{letter}/replay")
async def replay(request: Request, session: SignedIn, form: CheckedForm, service: str, letter: int) -> Response:
    """Replay it under the same id, as it is or with a mended body."""
    _operator(session)
    if service not in SERVICES:
        raise Problem(404, "not-found", "There is no such service.")
    body = _repair(form)
    done = await request.app.state.neighbours.post(service, f"/internal/dead-letters/{letter}/replay", body)
    if done and done.get("replayed"):
        notice = f"Replayed {done['replayed']} under the same id."
    else:
        notice = f"It could not be decided again: {_why(done)}."
    return RedirectResponse(f"/ops?notice={quote(notice)}", 303)


def _repair(form: Mapping[str, str]) -> dict[str, Any]:
    """What is mended: one field, the whole body, or nothing. A value that is not JSON is taken as text."""
    if form.get("field"):
        if not form.get("value"):
            return {"field": form["field"]}  # which the service refuses: null is written out
        try:
            value = json.loads(form["value"])
        except ValueError:
            value = form["value"]
        return {"field": form["field"], "value": value}
    return {"body": form["body"]} if form.get("body") else {}


def _why(done: Mapping[str, Any] | None) -> str:
    return str((done or {}).get("reason") or (done or {}).get("detail") or "the service did not answer").rstrip(".")
