"""One address for everything: what intake and referrals answer is passed through, streamed both ways."""

from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import httpx2
from fastapi import APIRouter, Request, Response
from starlette.background import BackgroundTask
from starlette.responses import StreamingResponse

from services.desk.people import SignedIn, token_for
from services.kernel.http import Problem, unavailable

_NOT_PASSED_ON = "connection keep-alive te trailer transfer-encoding upgrade host content-length date"
HOP_BY_HOP = frozenset((*_NOT_PASSED_ON.split(" "), "proxy-authenticate", "proxy-authorization"))
METHODS = ["GET", "POST", "PUT", "DELETE", "HEAD"]
CALL_TAKER = "call-taker"
TO_INTAKE = (
    "/api/v1/reports",
    "/api/v1/batches",
    "/api/v1/calls",
    "/api/v1/categories",
    "/report",
    "/open311",
)
TO_REFERRALS = ("/api/v1/cases", "/api/v1/referrals", "/api/v1/meetings", "/api/v1/panels")

router = APIRouter(include_in_schema=False)


async def _passed(request: Request, client: httpx2.AsyncClient, speaks_for: str | None = None) -> Response:
    """`speaks_for`: a token instead of what the browser sent of itself. Raises a 404 problem for a path with dots."""
    if not {".", ".."}.isdisjoint(request.url.path.split("/")):
        # The client would walk them: to what a service answers its own kind alone.
        raise Problem(404, "not-found", "There is nothing at this address.")
    left_out = HOP_BY_HOP | ({"authorization", "cookie"} if speaks_for else set())
    headers = [(name, value) for name, value in request.headers.items() if name.lower() not in left_out]
    headers += [("authorization", f"Bearer {speaks_for}")] if speaks_for else []
    has_body = request.method in ("POST", "PUT")
    target = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    asked = client.build_request(request.method, target, headers=headers, content=_body(request) if has_body else None)
    try:
        answer = await client.send(asked, stream=True)
    except httpx2.HTTPError as error:
        raise unavailable() from error
    kept = {name: value for name, value in answer.headers.items() if name.lower() not in HOP_BY_HOP}
    return StreamingResponse(answer.aiter_raw(), answer.status_code, kept, background=BackgroundTask(answer.aclose))


async def _body(request: Request) -> AsyncIterator[bytes]:
    async for part in request.stream():
        yield part


async def to_intake(request: Request) -> Response:
    """Reports, batches, calls, categories and the public pages."""
    return await _passed(request, request.app.state.intake)


async def to_referrals(request: Request) -> Response:
    """Cases and referrals."""
    return await _passed(request, request.app.state.referrals)


async def to_call_desk(request: Request, session: SignedIn) -> Response:
    """The call desk acts as who is signed in, and not for another site's form. Raises `SignInNeeded`, a 403 problem."""
    if CALL_TAKER not in session.person.roles:  # intake refuses her too; here she gets a page
        raise Problem(403, "not-a-call-taker", "Only call-takers take calls. Sign in as one, or ask the duty manager.")
    origin = request.headers.get("origin")
    if origin is not None and urlsplit(origin).netloc != request.headers.get("host"):
        raise Problem(403, "another-site", "This was sent from another site. Open the call desk here.")
    return await _passed(request, request.app.state.intake, token_for(session, request.app.state.hub))


for _call in ("/call", "/call/{rest:path}"):
    router.add_api_route(_call, to_call_desk, methods=["GET", "POST"])
for _paths, _handler in ((TO_INTAKE, to_intake), (TO_REFERRALS, to_referrals)):
    for _path in _paths:
        router.add_api_route(_path, _handler, methods=METHODS)
        router.add_api_route(_path + "/{rest:path}", _handler, methods=METHODS)
