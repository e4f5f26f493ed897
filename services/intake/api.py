"""Reports by HTTP: post, call, receipt, list, categories (`product.md`, "What a client sends and gets")."""

import hashlib
import json
from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Header, Request, Response
from fastapi.responses import JSONResponse

from schemas.codes import ReportStatus
from schemas.submission import Call, Submission
from services.access.authentication import authenticated
from services.access.callers import Caller
from services.intake import repository, views
from services.intake.counted import CountedRoute
from services.intake.domain import receiving
from services.intake.messages import ReceiveReport
from services.intake.receiving_http import CHANNEL, RECEIVED_AT, as_json, body_of, received_at, submission_of
from services.kernel.http import FieldError, Problem
from services.kernel.process import Idempotency, Process, Replayed
from services.kernel.references import ReferenceMistyped, tidy_reference
from services.partnership.models import Partnership

PAGE = 100
ONLINE_PARTNER = "online-form"
_LAST = UUID(int=2**128 - 1)

router = APIRouter(prefix="/api/v1", route_class=CountedRoute)
MaySend = Annotated[Caller, authenticated("reports")]
MayCall = Annotated[Caller, authenticated("calls")]
MayRead = Annotated[Caller, authenticated("reports", "batches", "calls")]


@router.post("/reports", status_code=202)
async def post_report(
    request: Request, caller: MaySend, dry_run: bool = False, idempotency_key: Annotated[str | None, Header()] = None
) -> Response:
    """Take one report. 202 means that it is safe."""
    return await _post(request, caller, Submission, dry_run=dry_run, idempotency_key=idempotency_key)


@router.post("/calls", status_code=202)
async def post_call(
    request: Request, caller: MayCall, dry_run: bool = False, idempotency_key: Annotated[str | None, Header()] = None
) -> Response:
    """Take one call-taker's record."""
    return await _post(request, caller, Call, dry_run=dry_run, idempotency_key=idempotency_key)


async def _post(
    request: Request, caller: Caller, model: type[Submission], *, dry_run: bool, idempotency_key: str | None
) -> Response:
    request.app.state.rate_limit.take(caller)
    body = await body_of(request)
    made = submission_of(body, model)
    if dry_run:
        _known_category(request, made)
        return JSONResponse(await request.app.state.explain(as_json(made)))
    known = None
    if idempotency_key is not None:
        digest = hashlib.sha256(body).digest()
        known = Idempotency(str(caller.partner), request.url.path, _checked(idempotency_key), digest, views.rendered)
    return await _taken(request, caller, made, known)


def _known_category(request: Request, made: Submission) -> None:
    """What storing would refuse, a dry run refuses too. Raises a 422 problem."""
    known = {each.code for each in request.app.state.partnership.categories}
    if made.category is not None and made.category not in known:
        raise views.refused(receiving.UNKNOWN_CATEGORY)


def _checked(key: str) -> str:
    if not 1 <= len(key) <= 200:
        wrong = FieldError("", "idempotency-key-length", "Idempotency-Key has 1 to 200 characters.")
        raise Problem(400, "invalid-header", wrong.message, errors=[wrong])
    return key


async def _taken(request: Request, caller: Caller, made: Submission, known: Idempotency | None) -> Response:
    hub: Process = request.app.state.hub
    command = _command(request, caller, made)
    answer = await hub.handle(
        command,
        subject=str(command.report_id),
        idempotency=known,
        message_id=receiving.message_id(command.report_id, made.revision),
    )
    if isinstance(answer, Replayed):
        return _again(answer)
    if isinstance(answer, receiving.Refused):
        raise views.refused(answer)
    content = views.posted(answer)
    return JSONResponse(content, 202, {"Location": content["url"]})


def _again(answer: Replayed) -> Response:
    """The first answer once more, with its headers."""
    taken = answer.status == 202
    headers = {"Location": json.loads(answer.body)["url"]} if taken else {}
    return Response(answer.body, answer.status, headers | {"Idempotent-Replayed": "true"}, _media_type(answer.status))


def _media_type(status: int) -> str:
    return "application/json" if status < 400 else "application/problem+json"


def _command(request: Request, caller: Caller, made: Submission) -> ReceiveReport:
    hub: Process = request.app.state.hub
    partnership: Partnership = request.app.state.partnership
    demonstration = hub.settings.demonstration
    partner = str(caller.partner)
    channel = "101" if isinstance(made, Call) else partnership.partner(partner).channel
    if demonstration and request.headers.get(CHANNEL) == "online":
        partner, channel = ONLINE_PARTNER, "online"
    return ReceiveReport(
        report_id=receiving.report_id(partner, made.source_id),
        partner=partner,
        channel=channel,
        submission=Submission.model_validate(made.model_dump(exclude={"line", "grade", "call_taker"})),
        received_at=received_at(request, hub.clock(), demonstration=demonstration),
        line=made.line if isinstance(made, Call) else None,
        grade=made.grade if isinstance(made, Call) else None,
        call_taker=made.call_taker if isinstance(made, Call) else None,
    )


@router.get("/reports/{reference}")
async def get_report(request: Request, caller: MayRead, reference: str) -> dict[str, Any]:
    """The receipt of one of the caller's own reports."""
    try:
        tidy = tidy_reference(reference)
    except ReferenceMistyped as error:
        raise _not_found() from error
    async with request.app.state.hub.database.reading(partner=str(caller.partner)) as connection:
        report = await repository.by_reference(connection, tidy)
    if report is None:
        raise _not_found()
    return views.receipt(report, with_decision="decisions" in caller.scopes)


def _not_found() -> Problem:
    return Problem(404, "not-found", "There is no report with this reference among yours.")


@router.get("/reports")
async def list_reports(
    request: Request,
    caller: MayRead,
    source_id: str | None = None,
    status: ReportStatus | None = None,
    after: str | None = None,
) -> dict[str, Any]:
    """The caller's own reports, newest first, or the one with a source id."""
    partner, shown = str(caller.partner), "decisions" in caller.scopes
    async with request.app.state.hub.database.reading(partner=partner) as connection:
        if source_id is not None:
            found = await repository.by_source(connection, partner, source_id)
            return {"items": [views.receipt(found, with_decision=shown)] if found else [], "next": None}
        before, before_id = _cursor(after)
        where = {"partner": partner, "status": status and str(status), "before": before, "before_id": before_id}
        rows = await repository.page(connection, where | {"most": PAGE})
    items = [views.receipt(receiving.Report.model_validate(row.document), with_decision=shown) for row in rows]
    following = f"{rows[-1].received_at.isoformat()}~{rows[-1].report_id}" if len(rows) == PAGE else None
    return {"items": items, "next": following}


def _cursor(after: str | None) -> tuple[datetime, UUID]:
    if after is None:
        return datetime.max.replace(tzinfo=UTC), _LAST
    moment, _, identity = after.partition("~")
    try:
        return datetime.fromisoformat(moment.replace(" ", "+")), UUID(identity)
    except ValueError as error:
        wrong = FieldError("/after", "not-a-cursor", "Use the value of `next` as it came.")
        raise Problem(422, "invalid-field", wrong.message, errors=[wrong]) from error


@router.get("/categories")
async def list_categories(request: Request) -> dict[str, Any]:
    """The codes that `category` may hold."""
    partnership: Partnership = request.app.state.partnership
    items = [
        {"code": each.code, "name": each.name, "scheme": each.scheme, "sensitive": each.sensitive}
        for each in partnership.categories
    ]
    return {"items": items, "next": None}


__all__ = ["RECEIVED_AT", "router"]
