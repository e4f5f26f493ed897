"""Operations: the balance that must close, services, topics and lag, feeds, dead letters; and the demonstration."""

import asyncio
from collections.abc import Mapping
from typing import Any

import httpx2
from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse, RedirectResponse

from services.desk import repository
from services.desk.frame import shell
from services.desk.people import CheckedForm, Session, SignedIn, session_of
from services.desk.presenting import CHANNELS, Presenter
from services.kernel.http import Problem
from services.kernel.process import Process
from services.kernel.settings import LOOPBACK

SERVICES = {"desk": 0, "intake": 1, "triage": 2, "referrals": 3, "notify": 4}
MAIL = 26
ROLES = {"operations", "duty-manager"}
ALL_SEEN = {"agencies": "", "sees_all": "on"}

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
    balance, ready = await asyncio.gather(neighbours.get("intake", "/internal/balance"), neighbours.ready())
    letters = await asyncio.gather(*(neighbours.get(name, "/internal/dead-letters") for name in SERVICES))
    services: dict[str, dict[str, Any] | None] = {"desk": hub.health() | {"ready": True}, **ready}
    page: Response = request.app.state.pages.render(
        "ops.html",
        **shell(request, session, "ops"),
        balance=balance,
        services=services,
        letters=[item | {"service": each["service"]} for each in letters if each for item in each.get("items", [])],
        partners=_partners(balance, presenter, hub),
        trace_url=hub.settings.trace_url,
        notice=notice,
    )
    return page


def _partners(balance: Mapping[str, Any] | None, presenter: Presenter, hub: Process) -> list[dict[str, Any]]:
    if not balance:
        return []
    now = hub.clock()
    return [
        each | {"heard": presenter.short(each["last_heard"], now) if each["last_heard"] else "not yet"}
        for each in balance["partners"]
    ]


@router.get("/ops/dead-letters/{service}/{letter}")
async def dead_letter(request: Request, session: SignedIn, service: str, letter: int) -> Response:
    """One dead letter: why, where, its masked body."""
    _operator(session)
    if service not in SERVICES:
        raise Problem(404, "not-found", "There is no such service.")
    found = await request.app.state.neighbours.get(service, f"/internal/dead-letters/{letter}")
    if found is None or "held_key" not in found:
        raise Problem(404, "not-found", "There is no dead letter with this number. It may have been replayed.")
    page: Response = request.app.state.pages.render(
        "dead_letter.html", **shell(request, session, "ops"), letter=found, service=service
    )
    return page


@router.post("/ops/dead-letters/{service}/{letter}/replay")
async def replay(request: Request, session: SignedIn, form: CheckedForm, service: str, letter: int) -> Response:
    """Replay it under the same id, as it is or with a mended body."""
    _operator(session)
    if service not in SERVICES:
        raise Problem(404, "not-found", "There is no such service.")
    body = {"body": form["body"]} if form.get("body") else {}
    done = await request.app.state.neighbours.post(service, f"/internal/dead-letters/{letter}/replay", body)
    if done and done.get("replayed"):
        notice = f"Replayed {done['replayed']} under the same id."
    else:
        notice = f"It could not be decided again: {(done or {}).get('reason') or 'the service did not answer'}."
    return RedirectResponse(f"/ops?notice={notice.replace(' ', '+')}", 303)


def _demonstration(request: Request) -> None:
    if not request.app.state.hub.settings.demonstration:
        raise Problem(404, "not-found", "There is no demonstration here.")


@router.get("/demo")
async def demo(request: Request) -> Response:
    """Where a stranger begins: how reports flow, with live counts, and six steps."""
    _demonstration(request)
    hub: Process = request.app.state.hub
    presenter: Presenter = request.app.state.presenter
    async with hub.database.reading(**ALL_SEEN) as connection:
        flow, totals = await repository.flow(connection), await repository.totals(connection)
    page: Response = request.app.state.pages.render(
        "demo.html",
        **shell(request, await session_of(request)),
        totals=totals,
        flow=_flow(flow, presenter),
        people=request.app.state.partnership.staff,
    )
    return page


def _flow(rows: Any, presenter: Presenter) -> dict[str, list[tuple[str, int]]]:
    """Counts by channel, theme and lead, largest first."""
    counted: dict[str, dict[str, int]] = {"channels": {}, "themes": {}, "leads": {}}
    for row in rows:
        names = {
            "channels": CHANNELS.get(row.channel, row.channel),
            "themes": presenter.theme(row.theme) if row.theme else "No theme yet",
            "leads": presenter.agency(row.lead) if row.lead else "Named elsewhere",
        }
        for kind, name in names.items():
            counted[kind][name] = counted[kind].get(name, 0) + row.n
    return {kind: sorted(found.items(), key=lambda item: -item[1]) for kind, found in counted.items()}


@router.get("/demo/mail.json")
async def mail_json(request: Request) -> JSONResponse:
    """The mail that was sent, as data."""
    _demonstration(request)
    found = await request.app.state.neighbours.mail("/mails")
    return JSONResponse((found or {}).get("items", []))


@router.get("/demo/mail")
async def mail(request: Request) -> Response:
    """The mail that was sent, newest first."""
    _demonstration(request)
    found = await request.app.state.neighbours.mail("/mails")
    page: Response = request.app.state.pages.render(
        "mail.html",
        **shell(request, await session_of(request)),
        mails=(found or {}).get("items", []),
        away=found is None,
    )
    return page


@router.get("/demo/mail/{mail_id}")
async def one_mail(request: Request, mail_id: str) -> Response:
    """One mail, whole."""
    _demonstration(request)
    found = await request.app.state.neighbours.mail(f"/mails/{mail_id}")
    if not found or "subject" not in found:
        raise Problem(404, "not-found", "There is no such mail. It may have been tidied away.")
    page: Response = request.app.state.pages.render(
        "one_mail.html",
        **shell(request, await session_of(request)),
        mail=found,
        trace_url=request.app.state.hub.settings.trace_url,
    )
    return page
