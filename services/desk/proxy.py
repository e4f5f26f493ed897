"""One address for everything: what intake and referrals answer is passed through, streamed both ways."""

from collections.abc import AsyncIterator

import httpx2
from fastapi import APIRouter, Request, Response
from starlette.background import BackgroundTask
from starlette.responses import StreamingResponse

from services.kernel.http import unavailable

_NOT_PASSED_ON = "connection keep-alive te trailer transfer-encoding upgrade host content-length"
HOP_BY_HOP = frozenset((*_NOT_PASSED_ON.split(" "), "proxy-authenticate", "proxy-authorization"))
METHODS = ["GET", "POST", "PUT", "DELETE", "HEAD"]
TO_INTAKE = (
    "/api/v1/reports",
    "/api/v1/batches",
    "/api/v1/calls",
    "/api/v1/categories",
    "/report",
    "/call",
    "/open311",
)
TO_REFERRALS = ("/api/v1/cases", "/api/v1/referrals", "/api/v1/meetings", "/api/v1/panels")

router = APIRouter(include_in_schema=False)


async def _passed(request: Request, client: httpx2.AsyncClient) -> Response:
    headers = [(name, value) for name, value in request.headers.items() if name.lower() not in HOP_BY_HOP]
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


for _paths, _handler in ((TO_INTAKE, to_intake), (TO_REFERRALS, to_referrals)):
    for _path in _paths:
        router.add_api_route(_path, _handler, methods=METHODS)
        router.add_api_route(_path + "/{rest:path}", _handler, methods=METHODS)
