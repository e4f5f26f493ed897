"""What developers of partners' systems read: the merged OpenAPI document, and every error code explained."""

from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from services.desk.error_codes import ERRORS
from services.desk.frame import shell
from services.desk.people import session_of

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
