"""What operations staff and the other services ask of a process: health, readiness, metrics, dead letters."""

import json
import re
from dataclasses import replace
from functools import reduce
from typing import TYPE_CHECKING, Any, Self

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from pydantic import BaseModel, model_validator
from pydantic_core import PydanticCustomError

from services.kernel import dead_letters
from services.kernel.envelope import Raw, Reader, Received, decode
from services.kernel.http import FieldError, Problem
from services.kernel.sources import ReplayBatch
from services.kernel.telemetry import registry

if TYPE_CHECKING:
    from services.kernel.process import Process

PAGE = 100
MASK_AFTER = 400
"""Characters of a dead letter's body that are shown."""
NOTHING_LEFT = "there is nothing to decide any more: its timer was moved or cancelled since, or its type has no reader"
_KEY = re.compile(r'("(?:[^"\\]|\\.){0,60}"\s*:)')

health = APIRouter()
letters = APIRouter(prefix="/internal/dead-letters")


class Repair(BaseModel):
    """A mended body for a dead letter, or one mended field of it; its id and headers stay as they were.

    `field` is a JSON pointer such as `/report/occurred_until`, and `value` its new value: so that it is mended without
    anybody reading the rest. `original` puts back the body that came, before anybody mended it.
    """

    body: str | None = None
    field: str | None = None
    value: Any = None
    original: bool = False

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if sum((self.body is not None, self.field is not None, self.original)) > 1:
            raise PydanticCustomError("given_twice@body", "Give one of body, field with its value, and original.")
        if (self.field is not None) != ("value" in self.model_fields_set):
            missing = "field" if self.field is None else "value"
            raise PydanticCustomError(f"missing@{missing}", "A field and its new value come together.")
        return self


def _hub(request: Request) -> "Process":
    hub: Process = request.app.state.hub
    return hub


@health.get("/healthz")
async def healthz(request: Request) -> JSONResponse:
    """Alive: nothing is stuck and nothing has ended."""
    found = _hub(request).health()
    return JSONResponse(found, 200 if found["alive"] else 503)


@health.get("/readyz")
async def readyz(request: Request) -> JSONResponse:
    """Ready: PostgreSQL takes changes and every subscription has started once; 503 with the reason otherwise."""
    ready = await _hub(request).ready()
    return JSONResponse({"ready": ready, **_hub(request).health()}, 200 if ready else 503)


@health.get("/metrics")
async def metrics(request: Request) -> Response:
    """Prometheus numbers; asking for health first brings lag up to date."""
    _hub(request).health()
    return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)


@letters.get("")
async def list_dead_letters(request: Request, after: int = 0) -> dict[str, Any]:
    """Dead letters, oldest first, without bodies."""
    hub = _hub(request)
    async with hub.database.writing() as connection:
        items = await dead_letters.listed(connection, after, PAGE)
        counted = await dead_letters.counts(connection)
    following = items[-1]["id"] if len(items) == PAGE else None
    return {"service": hub.name, **counted, "items": items, "next": following}


async def _found(hub: "Process", letter_id: int) -> Any:
    async with hub.database.writing() as connection:
        row = await dead_letters.one(connection, letter_id)
    if row is None:
        raise Problem(404, "not-found", "There is no dead letter with this number. It may have been replayed.")
    return row


@letters.get("/{letter_id}")
async def show_dead_letter(request: Request, letter_id: int) -> dict[str, Any]:
    """One dead letter with its reason, headers and masked body."""
    row = await _found(_hub(request), letter_id)
    raw = dead_letters.raw_of(row)
    shown = ("id", "held_key", "topic", "partition", "type", "message_id", "trace_id", "reason", "at", "replays")
    async with _hub(request).database.writing() as connection:
        behind = await dead_letters.behind(connection, row.held_key, PAGE)
    return {name: getattr(row, name) for name in shown} | {
        "behind": behind,
        "offset": row.record_offset,
        "headers": {name: (value or b"").decode("utf-8", "replace") for name, value in raw.headers},
        "mended": row.original is not None,
        "size": len(raw.value or b""),
        "body": masked(raw),
    }


@letters.post("/{letter_id}/replay")
async def replay_dead_letter(request: Request, letter_id: int, repair: Repair) -> dict[str, Any]:
    """Mend the body if one is given, then run everything under its key in order, under the same ids.

    What died again stands under new `numbers`, each with the bytes that came before it was mended first. Raises a 422
    problem, and mends nothing, for a body that could not be decided whatever it says.
    """
    hub = _hub(request)
    row = await _found(hub, letter_id)
    raw = dead_letters.raw_of(row)
    mended = row.original if repair.original else mend(raw.value or b"", repair)
    if repair.body is not None and (reason := _reader(hub)(replace(raw, value=mended)).reason):
        raise _refused(FieldError("/body", "unreadable", f"The letter would die again of this body: {reason}."))
    if mended is not None:
        async with hub.database.writing() as connection:
            await dead_letters.repair(connection, letter_id, mended)
    outcomes = await hub.loop.run(ReplayBatch(row.held_key, _reader(hub), letter_id))
    dead = [outcome.reason for outcome in outcomes if outcome.reason]
    async with hub.database.writing() as connection:
        numbers = await dead_letters.numbers(connection, row.held_key)
    told = {"reason": dead[0] if dead else None if outcomes else NOTHING_LEFT, "numbers": numbers}
    return {"replayed": len(outcomes) - len(dead), "dead_again": len(dead)} | told


def _reader(hub: "Process") -> Reader:
    """Reads a record as its subscription does: a topic that is not ours has a reader of its own."""
    own = {each.subscription.topic: each.subscription.reader for each in hub.consumers}

    def read(raw: Raw) -> Received:
        reader = own.get(raw.topic)
        return reader(raw) if reader else decode(raw, hub.stage.readers, "replay")

    return read


def mend(value: bytes, repair: Repair) -> bytes | None:
    """The body as the repair wants it, None where it changes nothing. Raises a 422 problem for a field not there."""
    if repair.field is None:
        return None if repair.body is None else _object(repair.body)
    try:
        document = json.loads(value)
        *path, last = repair.field.strip("/").split("/")
        holder = reduce(_step, path, document)
        _step(holder, last)
        holder[_position(last) if isinstance(holder, list) else last] = repair.value
    except (ValueError, KeyError, IndexError, TypeError) as error:
        raise _refused(
            FieldError("/field", "not-there", "Name a field of the body, such as /report/occurred_until.")
        ) from error
    return json.dumps(document, ensure_ascii=False).encode()


def _object(body: str) -> bytes:
    """A whole new body; anything else than a JSON object is somebody's wrong file."""
    try:
        found = json.loads(body)
    except ValueError as error:
        raise _refused(FieldError("/body", "no-object", "A body is a JSON object; this is not JSON.")) from error
    if not isinstance(found, dict):
        raise _refused(
            FieldError("/body", "no-object", "A body is a JSON object, such as the event that its sender sent.")
        )
    return body.encode()


def _refused(wrong: FieldError) -> Problem:
    return Problem(422, "invalid-field", wrong.message, errors=[wrong])


def _step(document: Any, name: str) -> Any:
    return document[_position(name) if isinstance(document, list) else name]


def _position(name: str) -> int:
    # A pointer counts from the front: -1 would be the last element, unasked.
    if not name.isdecimal():
        raise ValueError("no position in a list")
    return int(name)


def masked(raw: Raw) -> str:
    """A body's shape for operations staff, who have no leave to read it: field names stay, all else is masked."""
    pieces = _KEY.split((raw.value or b"").decode("utf-8", "replace")[:MASK_AFTER])
    return "".join(piece if place % 2 else re.sub(r"\w", "•", piece) for place, piece in enumerate(pieces))
