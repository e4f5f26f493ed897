"""A command's patience with a hub that is away for a while: it waits as it is told, says for what, and has a limit."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import httpx2

from hub.requests import sentence

AWAY = (429, 502, 503, 504)
"""Answers that say "later": the hub is full or starting, or what stands before it does not reach it."""
WAIT_SECONDS = 2.0
"""Between two tries where nobody says when to come back."""
SAY_AGAIN_SECONDS = 30.0


class GaveUp(Exception):
    """The hub was away for longer than the limit; the message says why it was waited for."""


def retry_after(answer: httpx2.Response) -> float:
    """The seconds that an answer asks to wait: a number or a date (RFC 9110 §10.2.3), `WAIT_SECONDS` without either."""
    asked = answer.headers.get("Retry-After", "")
    if asked.isascii() and asked.isdigit():
        return float(asked)
    try:
        at = parsedate_to_datetime(asked)
    except ValueError:
        return WAIT_SECONDS
    return max(0.0, (at.replace(tzinfo=at.tzinfo or UTC) - datetime.now(UTC)).total_seconds())


class Patience:
    """Asks until the hub answers; `limit` is how many seconds it may be away at one time, `say` tells a person."""

    def __init__(self, limit: float, say: Callable[[str], None]) -> None:
        self._limit, self._say = limit, say
        self._since: float | None = None
        self._said: tuple[str, float] = ("", 0.0)

    def answer(self, ask: Callable[[], httpx2.Response]) -> httpx2.Response:
        """The first answer that is not "later". Raises `GaveUp` past the limit."""
        while True:
            try:
                found = ask()
            except httpx2.TransportError as error:
                self._wait(f"The hub does not answer ({type(error).__name__})", WAIT_SECONDS)
                continue
            if found.status_code not in AWAY:
                self._heard()
                return found
            why = sentence(found).rstrip(".")
            self._wait(f"The hub asks to wait ({found.status_code}): {why}", retry_after(found))

    def _heard(self) -> None:
        if self._since is not None:
            self._say("The hub answers again; going on.")
        self._since, self._said = None, ("", 0.0)

    def _wait(self, why: str, seconds: float) -> None:
        now = time.monotonic()
        self._since = now if self._since is None else self._since
        left = self._since + self._limit - now
        if left <= 0:
            raise GaveUp(why)
        if why != self._said[0] or now - self._said[1] >= SAY_AGAIN_SECONDS:
            self._said = (why, now)
            self._say(f"{why}. Trying again every {max(1, round(seconds))} s, for {max(1, round(left))} s at most.")
        time.sleep(min(seconds, left))
