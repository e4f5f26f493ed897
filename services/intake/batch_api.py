"""Batches by HTTP: streamed in, checked on the way, 202 when the spool is durable; then an outcome for each row."""

import hashlib
import json
from collections.abc import AsyncIterator
from typing import Annotated, Any, Literal
from uuid import UUID, uuid4

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, StreamingResponse
from starlette.requests import ClientDisconnect

from services.access.authentication import authenticated
from services.access.callers import Caller
from services.intake import batch_repository, spool
from services.intake.batches import BatchStatus
from services.intake.counted import CountedRoute
from services.intake.staging import FORMATS, POLICE
from services.kernel.http import FieldError, Problem
from services.kernel.process import Process
from services.kernel.references import ReferenceMistyped, reference, tidy_reference

PATH, ROWS = "/api/v1/batches", 1000
BROKEN_OFF = Problem(400, "broken-off", "The upload broke off. Nothing was taken; send it again.")

RowOutcome = Literal["accepted", "duplicate", "rejected"]

router = APIRouter(prefix="/api/v1", route_class=CountedRoute)
MaySend = Annotated[Caller, authenticated("batches")]


@router.post("/batches", status_code=202)
async def post_batch(
    request: Request,
    caller: MaySend,
    format: str = "hub",  # noqa: A002
    partner: str | None = None,
) -> JSONResponse:
    """Take a file of reports: NDJSON of hub reports, or a street or outcomes file of the police; gzip or plain.

    Who names a `partner` is refused, before a row is read, with a key of another one.
    """
    hub: Process = request.app.state.hub
    _check_partner(caller, partner)
    _check_format(request, caller, format)
    identity = uuid4()
    made = reference("B", identity)
    async with hub.database.writing() as connection:
        await batch_repository.create(connection, identity, made, str(caller.partner), format)
    try:
        await _spooled(hub, request.stream(), identity, format)
    except (Problem, ClientDisconnect) as error:
        problem = error if isinstance(error, Problem) else BROKEN_OFF
        async with hub.database.writing() as connection:
            await batch_repository.fail(connection, identity, problem.code)
        raise problem from error
    url = f"{PATH}/{made}"
    return JSONResponse({"batch": made, "url": url, "rows_url": f"{url}/rows"}, 202, {"Location": url})


async def _spooled(hub: Process, stream: AsyncIterator[bytes], identity: UUID, form: str) -> None:
    """Keep the file, chunk by chunk, each in a transaction of its own."""
    digest, number, rows, header = hashlib.sha256(), 0, 0, form in POLICE
    async for text in spool.chunks(stream, digest):
        if number == 0 and header:
            spool.check_header(text.split("\n", 1)[0].rstrip("\r"), POLICE[form].required)
        rows += len(spool.lines_of(text))
        async with hub.database.writing() as connection:
            await batch_repository.add_chunk(connection, identity, number, spool.packed(text))
        number += 1
    if rows == 0:
        raise Problem(422, "empty-file", "The file is empty.")
    async with hub.database.writing() as connection:
        await batch_repository.spooled(connection, identity, digest.digest(), rows - header)


def _check_partner(caller: Caller, partner: str | None) -> None:
    if partner is not None and partner != caller.partner:
        wrong = FieldError("/partner", "key-of-another", "The key is another partner's: nothing was taken.")
        raise Problem(403, "key-of-another", wrong.message, errors=[wrong])


def _check_format(request: Request, caller: Caller, form: str) -> None:
    if form not in FORMATS:
        wrong = FieldError("/format", "unknown-format", f"The format is one of {', '.join(FORMATS)}.")
        raise Problem(422, "unknown-format", wrong.message, errors=[wrong])
    partner = request.app.state.partnership.partner(str(caller.partner))
    if form not in partner.formats:
        wrong = FieldError("/format", "format-not-agreed", "This partner's agreement does not name this format.")
        raise Problem(403, "format-not-agreed", wrong.message, errors=[wrong])


@router.get("/batches/{batch}")
async def get_batch(request: Request, caller: MaySend, batch: str) -> BatchStatus:
    """How far a batch is."""
    async with request.app.state.hub.database.reading(partner=str(caller.partner)) as connection:
        row = await _found(connection, batch)
        decided = await batch_repository.decided(connection, row.reference)
    answered = row.rejected + row.duplicate + decided
    return BatchStatus(
        batch=row.reference,
        status=row.status,
        reason=row.reason,
        rows=row.rows,
        accepted=row.accepted,
        duplicate=row.duplicate,
        rejected=row.rejected,
        decided=decided,
        progress=1.0 if not row.rows else round(min(1.0, answered / row.rows), 4),
        url=f"{PATH}/{row.reference}",
        rows_url=f"{PATH}/{row.reference}/rows",
    )


async def _found(connection: Any, batch: str) -> Any:
    missing = Problem(404, "not-found", "There is no batch with this reference among yours.")
    try:
        row = await batch_repository.by_reference(connection, tidy_reference(batch))
    except ReferenceMistyped as error:
        raise missing from error
    if row is None:
        raise missing
    return row


@router.get("/batches/{batch}/rows")
async def get_rows(
    request: Request, caller: MaySend, batch: str, outcome: RowOutcome | None = None
) -> StreamingResponse:
    """NDJSON: a line for every row that has its outcome."""
    hub: Process = request.app.state.hub
    async with hub.database.reading(partner=str(caller.partner)) as connection:
        found = await _found(connection, batch)

    async def lines() -> AsyncIterator[str]:
        async with hub.database.reading(partner=str(caller.partner)) as reading:
            async for row in batch_repository.outcomes(reading, found.id, outcome, ROWS):
                yield json.dumps(dict(row._mapping)) + "\n"  # noqa: SLF001 SQLAlchemy's public name for it

    return StreamingResponse(lines(), media_type="application/x-ndjson")
