"""A partner's system that takes the hub's webhooks, and keeps which it was sent and how often."""

import asyncio
import json
from base64 import b64encode
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import httpx2
import uvicorn
from fastapi import FastAPI, Request, Response
from standardwebhooks.webhooks import Webhook
from starlette.requests import ClientDisconnect

from tests.engines.running import free_ports

if TYPE_CHECKING:
    from tests.faults.whole_hub import WholeHub

SECRET = b64encode(b"a secret of the fault tests, 32 by").decode()
PARTNERS = ("police", "housing", "mall")


@dataclass
class Listener:
    """What came: each webhook's id with its count, and its body."""

    port: int
    seen: Counter[str] = field(default_factory=Counter)
    bodies: dict[str, Any] = field(default_factory=dict)

    async def take(self, request: Request) -> Response:
        """Check the signature and keep it; a broken one is refused."""
        try:
            body = (await request.body()).decode()
        except ClientDisconnect:
            return Response(status_code=400)  # the sender was killed while it sent
        Webhook(SECRET).verify(body, dict(request.headers))
        identity = request.headers["webhook-id"]
        self.seen[identity] += 1
        self.bodies[identity] = json.loads(body)
        return Response(status_code=204)

    async def announce(self, hub: "WholeHub") -> None:
        """Tell the hub where the partners listen."""
        told = {"url": f"http://127.0.0.1:{self.port}/hook", "secret": SECRET}
        async with httpx2.AsyncClient(base_url=hub.address("notify"), headers=hub.secret(), timeout=60) as client:
            for partner in PARTNERS:
                (await client.put(f"/internal/webhooks/{partner}", json=told)).raise_for_status()


@asynccontextmanager
async def listening() -> AsyncIterator[Listener]:
    """A listener that serves inside the test."""
    made = Listener(free_ports())
    app = FastAPI()
    app.add_api_route("/hook", made.take, methods=["POST"])
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=made.port, log_level="error"))
    serving = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.05)
    yield made
    server.should_exit = True
    await serving
