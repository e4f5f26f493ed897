"""What developers of partners' systems read: the merged OpenAPI document, and every error code explained."""

from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from services.desk.frame import shell
from services.desk.people import session_of

ERRORS = {
    "not-json": "The body is not JSON. Check the encoding and the commas.",
    "not-utf-8": "The body or file is not UTF-8. Save it as UTF-8 and send it again.",
    "invalid-field": "A field breaks a rule. `errors` names each field as a JSON pointer, with the rule.",
    "unknown-category": "`category` is none of `GET /api/v1/categories`.",
    "key-missing": "Send `Authorization: Bearer KEY`.",
    "key-unknown": "The key is not known, or it has been revoked. Ask the operations staff for a new one.",
    "scope-missing": "The key has not the scope that this needs.",
    "not-found": "There is nothing there, or it is not yours.",
    "source-id-reused": "This `source_id` and `revision` came before with other content. Raise `revision` to correct.",
    "superseded": "A higher `revision` of this record was taken already.",
    "idempotency-key-reused": "The idempotency key came before with another body.",
    "still-running": "The same request is being handled. Ask again in a moment.",
    "version-missing": 'Send the version that you saw: `If-Match: "3"`.',
    "version-stale": "Somebody changed it meanwhile. `current` is what stands, `yours` is what you sent.",
    "consent-missing": "A referral needs consent, or an override with `basis` and `by`.",
    "next-lead-missing": "A decline names who should lead instead.",
    "reason-missing": "Say why.",
    "danger-unacknowledged": "Somebody must acknowledge the danger before the case is closed.",
    "referral-open": "Conclude or withdraw the open referral first.",
    "intelligence-police-only": "Intelligence stays with the police. Ask them to send a report that may be shared.",
    "case-closed": "The case is closed. Re-open it first.",
    "column-missing": "The file lacks a column that its format has.",
    "gzip-truncated": "The gzip stream ends too early. Send it again, whole.",
    "body-too-large": "The body is larger than the limit that `detail` names.",
    "too-many-requests": "Wait for `Retry-After` seconds. Send many records as a batch.",
    "unavailable": "The hub cannot take it just now; nothing was stored. Wait for `Retry-After` and send it again.",
}

router = APIRouter(include_in_schema=False)


@router.get("/openapi.json")
async def openapi(request: Request) -> JSONResponse:
    """The public routes of intake and referrals in one document."""
    merged: dict[str, Any] = {
        "openapi": "3.1.0",
        "info": {"title": "Community safety hub", "version": "1"},
        "paths": {},
        "components": {"schemas": {}},
    }
    for client in (request.app.state.intake, request.app.state.referrals):
        found = (await client.get("/openapi.json")).json()
        public = {path: item for path, item in found["paths"].items() if path.startswith("/api/")}
        merged["paths"] |= public
        merged["components"]["schemas"] |= found.get("components", {}).get("schemas", {})
    return JSONResponse(merged)


@router.get("/docs/errors")
async def errors(request: Request) -> Response:
    """Every error code, and what to do."""
    page: Response = request.app.state.pages.render(
        "errors.html", **shell(request, await session_of(request)), errors=ERRORS
    )
    return page
