"""From an HTTP body to a submission: size, type, encoding, JSON, fields; every refusal names the field and the rule."""

import json
from collections.abc import Awaitable, Callable
from datetime import datetime
from time import monotonic
from typing import Any, TypeVar

from fastapi import Request
from pydantic import ValidationError

from schemas.submission import Submission
from services.access.callers import Caller
from services.kernel.http import FieldError, Problem, field_errors

BODY_LIMIT = 12 * 1024 * 1024
"""Bytes of one report's body: well above what its fields allow, so that a long field is named before it is cut."""
RATE_PER_SECOND, BURST = 50.0, 500.0
"""Requests of one key, in each process."""
RECEIVED_AT, CHANNEL = "x-demonstration-received-at", "x-demonstration-channel"

S = TypeVar("S", bound=Submission)


async def body_of(request: Request, limit: int = BODY_LIMIT) -> bytes:
    """The whole body. Raises 413 and 415 problems."""
    if request.headers.get("content-type", "application/json").split(";")[0].strip() != "application/json":
        raise Problem(415, "not-json-type", "Send the report as application/json.")
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > limit:
            raise Problem(413, "body-too-large", f"The body holds {limit // 2**20} MiB at most.")
        parts.append(part)
    return b"".join(parts)


def submission_of(body: bytes, model: type[S]) -> S:
    """The submission in a body. Raises 400 and 422 problems."""
    try:
        text = body.decode()
    except UnicodeDecodeError as error:
        raise Problem(400, "not-utf-8", "The body is not UTF-8.") from error
    try:
        return model.model_validate_json(text)
    except ValidationError as error:
        found = error.errors(include_input=False, include_url=False, include_context=False)
        if found[0]["type"] == "json_invalid":
            raise Problem(400, "not-json", "The body is not JSON.") from error
        detail = "Mend the named fields and send it again. Nothing was stored."
        raise Problem(422, "invalid-field", detail, errors=field_errors(found)) from error


def as_json(submission: Submission) -> str:
    """A submission as one line of NDJSON."""
    return submission.model_dump_json(exclude_defaults=True)


def received_at(request: Request, now: datetime, *, demonstration: bool) -> datetime:
    """When a report counts as received: now; a demonstration may lay its first days in the past."""
    claimed = request.headers.get(RECEIVED_AT) if demonstration else None
    if claimed is None:
        return now
    try:
        return datetime.fromisoformat(claimed)
    except ValueError as error:
        wrong = FieldError("", "not-a-time", "The header is not RFC 3339.")
        raise Problem(400, "invalid-header", "The demonstration's header is not a time.", errors=[wrong]) from error


class RateLimit:
    """A token bucket for each key: a partner that sends too fast is told when to go on."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._buckets: dict[str, tuple[float, float]] = {}

    def take(self, caller: Caller) -> None:
        """Count one request. Raises a 429 problem."""
        now = self._clock()
        tokens, then = self._buckets.get(caller.id, (BURST, now))
        tokens = min(BURST, tokens + (now - then) * RATE_PER_SECOND)
        if tokens < 1:
            detail = f"This key may send {RATE_PER_SECOND:.0f} requests a second. For many records send a batch."
            raise Problem(429, "too-many-requests", detail, retry_after=1)
        self._buckets[caller.id] = (tokens - 1, now)


Explain = Callable[[str], Awaitable[dict[str, Any]]]


def explained(line: str) -> dict[str, Any]:
    """The answer of triage to one explained line."""
    found: dict[str, Any] = json.loads(line)
    return found
