"""Counts what was sent and not taken, for the sender's day: a refused record is never only the sender's to know."""

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute

from services.intake import repository
from services.kernel.errors import IdempotencyKeyReused
from services.kernel.http import Problem
from services.kernel.process import Process

NO_PARTNER = "no-partner"
"""Who sent with a key that is missing, not known, revoked, or no partner's."""
_TO_BE_SENT_AGAIN = (429, 503)


class CountedRoute(APIRoute):
    """A route whose refusals of a POST are counted. What is only to be sent again later is not refused."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The route's own handler, dependencies included."""
        handle = super().get_route_handler()

        async def counted(request: Request) -> Response:
            try:
                return await handle(request)
            except (Problem, RequestValidationError, IdempotencyKeyReused) as refusal:
                if request.method == "POST" and getattr(refusal, "status", 422) not in _TO_BE_SENT_AGAIN:
                    await _count(request)
                raise

        return counted


async def _count(request: Request) -> None:
    hub: Process = request.app.state.hub
    caller = getattr(request.state, "caller", None)
    partner = (caller and caller.partner) or NO_PARTNER
    async with hub.database.writing() as connection:
        await repository.count(connection, f"refused/{partner}/{hub.clock().date().isoformat()}")
