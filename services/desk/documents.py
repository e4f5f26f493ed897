"""What developers of partners' systems read: OpenAPI, AsyncAPI, the events' JSON Schemas, and every error code."""

from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from schemas import asyncapi
from schemas.export import files
from services.desk.error_codes import ERRORS
from services.desk.frame import shell
from services.desk.people import session_of
from services.kernel.http import Problem
from services.kernel.process import Process

SCHEMAS = files()

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


@router.get("/asyncapi")
async def topics_document(request: Request) -> JSONResponse:
    """The hub's topics and their events (AsyncAPI 3.0)."""
    hub: Process = request.app.state.hub
    return JSONResponse(asyncapi.document(hub.settings.kafka))


@router.get("/schemas/events/{name}")
async def event_schema(name: str) -> JSONResponse:
    """The JSON Schema of an event, at the address that its `ce_dataschema` gives, or what events share."""
    if name not in SCHEMAS:
        raise Problem(404, "not-found", "There is no event with this name and version.")
    return JSONResponse(SCHEMAS[name], media_type="application/schema+json")


@router.get("/docs/errors")
async def errors(request: Request) -> Response:
    """Every error code, and what to do."""
    page: Response = request.app.state.pages.render(
        "errors.html", **shell(request, await session_of(request)), errors=ERRORS
    )
    return page
