"""A mail server that delivers nowhere: what the hub sends in a demonstration can be read, and reaches nobody.

Run as `python -m deploy.local.mail_sink SMTP_PORT HTTP_PORT FOLDER`. `GET /mails` on the second port gives the newest
first: `items` and `next` (give it as `?before=`); `GET /mails/{id}` gives one.
"""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import uvicorn
from aiosmtpd.smtp import SMTP, Envelope, Session
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from deploy.local.mailbox import PAGE, Mailbox

LARGEST_BYTES = 10_000_000


class Receiver:
    """What aiosmtpd calls for each mail."""

    def __init__(self, mailbox: Mailbox) -> None:
        self._mailbox = mailbox

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        """250 only when the mail is on the disk; 452 asks the sender to try again later."""
        content = envelope.content or b""
        try:
            identity = await self._mailbox.keep(
                content if isinstance(content, bytes) else content.encode(), list(envelope.rcpt_tos)
            )
        except OSError:
            return "452 The disk did not take the mail; send it again"
        return f"250 kept as {identity}"


def application(mailbox: Mailbox, smtp_port: int) -> Starlette:
    """The HTTP side, which also runs the SMTP side."""

    async def listed(request: Request) -> JSONResponse:
        asked = request.query_params.get("limit", "")
        limit = min(max(int(asked), 1), PAGE) if asked.isdecimal() else PAGE
        mails, following = mailbox.page(request.query_params.get("before", ""), limit)
        return JSONResponse({"items": mails, "next": following, "total": len(mailbox)})

    async def shown(request: Request) -> JSONResponse:
        found = mailbox.read(request.path_params["id"])
        return JSONResponse(found or {"detail": "There is no mail with this id."}, 200 if found else 404)

    async def ready(_: Request) -> JSONResponse:
        return JSONResponse({"mails": len(mailbox)})

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        server = await asyncio.get_running_loop().create_server(
            lambda: SMTP(Receiver(mailbox), hostname="localhost", data_size_limit=LARGEST_BYTES, enable_SMTPUTF8=True),
            "127.0.0.1",
            smtp_port,
        )
        yield
        server.close()

    routes = [Route("/mails", listed), Route("/mails/{id}", shown), Route("/readyz", ready)]
    return Starlette(routes=routes, lifespan=lifespan)


def main(smtp_port: int, http_port: int, folder: Path) -> None:
    """Serve until told to stop."""
    app = application(Mailbox(folder), smtp_port)
    uvicorn.run(app, host="127.0.0.1", port=http_port, log_level="warning", access_log=False)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]))
