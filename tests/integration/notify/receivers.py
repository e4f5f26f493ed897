"""A mail server and a partner's system as they are met outside: each keeps what it got and answers as it is told."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import Message as Mail
from typing import Any

import uvicorn
from aiosmtpd.controller import Controller
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tests.engines.running import free_ports

HOST = "127.0.0.1"


@dataclass(slots=True)
class MailServer:
    """Answers every mail with the first of `replies` at its first attempt, and so on; then with 250."""

    port: int = 0
    replies: tuple[str, ...] = ()
    seen: list[Mail] = field(default_factory=list)
    kept: list[Mail] = field(default_factory=list)

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802
        """What aiosmtpd calls for each mail."""
        mail = message_from_bytes(bytes(envelope.content))
        attempt = sum(earlier["Message-ID"] == mail["Message-ID"] for earlier in self.seen)
        self.seen.append(mail)
        reply = self.replies[attempt] if attempt < len(self.replies) else "250 kept"
        if reply.startswith("250"):
            self.kept.append(mail)
        return reply


@dataclass(slots=True)
class PartnersSystem:
    """Answers each webhook with the next of `statuses`, then with 204."""

    url: str = ""
    statuses: list[int] = field(default_factory=list)
    calls: list[tuple[dict[str, str], bytes]] = field(default_factory=list)

    async def take(self, request: Request) -> Response:
        """Keep what came."""
        self.calls.append((dict(request.headers), await request.body()))
        status = self.statuses.pop(0) if self.statuses else 204
        return Response(status_code=status, headers={"location": "/elsewhere"} if status == 302 else {})


@asynccontextmanager
async def mail_server() -> AsyncIterator[MailServer]:
    """A listening mail server."""
    made = MailServer(free_ports())
    controller = Controller(made, hostname=HOST, port=made.port)
    await asyncio.to_thread(controller.start)
    try:
        yield made
    finally:
        await asyncio.to_thread(controller.stop)


@asynccontextmanager
async def partners_system() -> AsyncIterator[PartnersSystem]:
    """A listening system of a partner."""
    made, port = PartnersSystem(), free_ports()
    made.url = f"http://{HOST}:{port}/hub"
    app = Starlette(routes=[Route("/{path:path}", made.take, methods=["GET", "POST"])])
    server = uvicorn.Server(uvicorn.Config(app, host=HOST, port=port, log_level="error", lifespan="off"))
    serving = asyncio.create_task(server.serve())
    try:
        yield made
    finally:
        server.should_exit = True
        await serving
