"""The demonstration beside what somebody else does with the hub: its own work waits when the hub is busy."""

import asyncio
import time
from collections.abc import Awaitable, Callable

import httpx2

SLOW_SECONDS = 0.25
"""An answer that takes longer says that the hub has other work: a quiet one takes about half of it."""


class Considerate(httpx2.AsyncBaseTransport):
    """Sends as `sends` does; after a slow answer it leaves the hub to others for as long as that answer took.

    So the fourteen days of history take longer beside a visitor's import, and her calls do not.
    """

    def __init__(
        self,
        sends: httpx2.AsyncBaseTransport,
        *,
        clock: Callable[[], float] = time.monotonic,
        wait: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._sends, self._clock, self._wait = sends, clock, wait

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """The answer, later where it was slow."""
        began = self._clock()
        answer = await self._sends.handle_async_request(request)
        took = self._clock() - began
        if took > SLOW_SECONDS:
            await self._wait(took)
        return answer

    async def aclose(self) -> None:
        """Close what sends."""
        await self._sends.aclose()
