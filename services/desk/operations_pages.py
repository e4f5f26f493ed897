"""Operations: the balance that must close, services, topics and lag, feeds, dead letters."""

import asyncio
from collections.abc import Mapping
from typing import Any

import httpx2
from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from services.desk.frame import shell
from services.desk.people import CheckedForm, Session, SignedIn
from services.desk.presenting import Presenter
from services.kernel.http import Problem
from services.kernel.process import Process
from services.kernel.settings import LOOPBACK

SERVICES = {"desk": 0, "intake": 1, "triage": 2, "referrals": 3, "notify": 4}
MAIL = 26
ROLES = {"operations", "duty-manager"}

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
