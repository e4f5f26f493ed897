"""What is passed through stays where it was sent: no path walks out of what clients may ask."""

import asyncio

import httpx2
import pytest
from fastapi import FastAPI
from starlette.types import Message, Receive, Scope, Send

from services.desk import proxy
from services.kernel.http import add_problem_handlers


async def _echo(scope: Scope, receive: Receive, send: Send) -> None:
    """An intake that tells which path it was asked for."""
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": scope["raw_path"]})


async def asked(raw_path: bytes) -> tuple[int, str]:
    """What a client gets that sends this path as it is."""
    app = FastAPI()
    add_problem_handlers(app)
    app.include_router(proxy.router)
    app.state.intake = httpx2.AsyncClient(transport=httpx2.ASGITransport(_echo), base_url="http://intake")
    path = raw_path.decode().replace("%2e", ".")
    scope = {"type": "http", "method": "GET", "path": path, "raw_path": raw_path, "query_string": b"", "headers": []}
    said: list[Message] = []

    async def receive() -> Message:
        await asyncio.sleep(0)
        return {"type": "http.disconnect"} if said else {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        said.append(message)

    await app(scope | {"server": ("hub", 80), "scheme": "http", "root_path": "", "http_version": "1.1"}, receive, send)
    return said[0]["status"], b"".join(message.get("body", b"") for message in said).decode()


@pytest.mark.parametrize("path", [b"/report/../internal/balance", b"/report/%2e%2e/internal/balance", b"/report/./x"])
async def test_a_path_with_dots_is_nowhere(path: bytes) -> None:
    status, body = await asked(path)
    assert status == 404
    assert "internal" not in body


async def test_a_path_of_the_public_form_is_passed_on_as_it_is() -> None:
    assert await asked(b"/report/status") == (200, "/report/status")
