"""Take OTLP over HTTP, as in production, and hand it to the local run's Zipkin, which does not speak it.

Run as `python -m deploy.local.otlp_bridge PORT ZIPKIN_PORT`. While Zipkin is away the newest spans wait here; services
never wait for the bridge.
"""

import asyncio
import gzip
import sys
import zlib
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx2
import uvicorn
from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from deploy.local.spans import zipkin_spans

WAITING_AT_MOST, SENT_AT_ONCE, AGAIN_SECONDS = 20_000, 1000, 1.0


class Bridge:
    """Holds the spans that Zipkin has not taken yet."""

    def __init__(self, client: httpx2.AsyncClient) -> None:
        self._client = client
        self._waiting: deque[dict[str, Any]] = deque(maxlen=WAITING_AT_MOST)
        self._arrived = asyncio.Event()
        self.forwarded = 0
        self.dropped = 0

    async def take(self, request: Request) -> Response:
        """`POST /v1/traces`."""
        body = await request.body()
        try:
            if request.headers.get("content-encoding") == "gzip":
                body = gzip.decompress(body)
            spans = zipkin_spans(body)
        except (DecodeError, OSError, EOFError, zlib.error):
            return JSONResponse({"message": "not an OTLP trace request in protobuf"}, 400)
        self.dropped += max(0, len(self._waiting) + len(spans) - WAITING_AT_MOST)
        self._waiting.extend(spans)
        self._arrived.set()
        return Response(ExportTraceServiceResponse().SerializeToString(), media_type="application/x-protobuf")

    async def ready(self, _: Request) -> JSONResponse:
        """`GET /readyz`, with what waits: the bridge is ready although Zipkin may not be."""
        return JSONResponse({"waiting": len(self._waiting), "forwarded": self.forwarded, "dropped": self.dropped})

    async def forward(self) -> None:
        """Hand on what waits, oldest first, for ever."""
        while True:
            await self._arrived.wait()
            self._arrived.clear()
            while self._waiting:
                batch = [self._waiting.popleft() for _ in range(min(len(self._waiting), SENT_AT_ONCE))]
                if not await self._sent(batch):
                    self._waiting.extendleft(reversed(batch[: WAITING_AT_MOST - len(self._waiting)]))
                    await asyncio.sleep(AGAIN_SECONDS)

    async def _sent(self, batch: list[dict[str, Any]]) -> bool:
        try:
            answer = await self._client.post("/api/v2/spans", json=batch)
        except httpx2.HTTPError:
            return False
        if answer.is_server_error:
            return False
        self.forwarded += len(batch) if answer.is_success else 0
        self.dropped += 0 if answer.is_success else len(batch)
        return True


def application(zipkin_port: int) -> Starlette:
    """The bridge's two routes and its forwarding."""
    bridge = Bridge(httpx2.AsyncClient(base_url=f"http://127.0.0.1:{zipkin_port}", timeout=5))

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        forwarding = asyncio.create_task(bridge.forward())
        yield
        forwarding.cancel()

    routes = [Route("/v1/traces", bridge.take, methods=["POST"]), Route("/readyz", bridge.ready)]
    return Starlette(routes=routes, lifespan=lifespan)


def main(port: int, zipkin_port: int) -> None:
    """Serve until told to stop."""
    uvicorn.run(application(zipkin_port), host="127.0.0.1", port=port, log_level="warning", access_log=False)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
