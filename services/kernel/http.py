"""Problem details (RFC 9457): every error of every service's HTTP says what is wrong and what to do, never a value."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from opentelemetry import trace
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from starlette.exceptions import HTTPException

from services.kernel.errors import INFRASTRUCTURE, CommandStillRunning, IdempotencyKeyReused, is_data_error

PROBLEM_TYPE = "application/problem+json"
RETRY_SECONDS = 5
TITLES = {
    400: "The request cannot be read",
    401: "A key is needed",
    403: "The key does not allow this",
    404: "Not found",
    405: "Method not allowed",
    409: "It conflicts with what is there",
    412: "Someone changed it meanwhile",
    413: "Too large",
    415: "This form is not taken",
    422: "A field is not right",
    428: "The expected version is missing",
    429: "Too many requests",
    500: "Something went wrong here",
    503: "Not available just now",
}


@dataclass(frozen=True, slots=True)
class FieldError:
    """What is wrong with one field: a JSON pointer, a stable code and a sentence, never the value."""

    field: str
    code: str
    message: str


class Problem(Exception):
    """An error answer: status, stable code and a sentence that says what to do; `extra` adds members."""

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        *,
        errors: Sequence[FieldError] = (),
        extra: dict[str, Any] | None = None,
        retry_after: int | None = None,
    ) -> None:
        super().__init__(code)
        self.status, self.code, self.detail = status, code, detail
        self.errors, self.extra, self.retry_after = tuple(errors), extra or {}, retry_after

    def body(self) -> dict[str, Any]:
        """The problem document."""
        context = trace.get_current_span().get_span_context()
        return {
            "type": f"/docs/errors#{self.code}",
            "title": TITLES.get(self.status, "Error"),
            "status": self.status,
            "detail": self.detail,
            "code": self.code,
            "trace_id": f"{context.trace_id:032x}" if context.is_valid else None,
            "errors": [{"field": e.field, "code": e.code, "message": e.message} for e in self.errors],
        } | self.extra

    def response(self) -> JSONResponse:
        """The HTTP answer."""
        headers = {"Retry-After": str(self.retry_after)} if self.retry_after is not None else {}
        return JSONResponse(self.body(), self.status, headers, PROBLEM_TYPE)


def unavailable(detail: str = "The hub cannot take this just now. Nothing was stored; send it again.") -> Problem:
    """503 with Retry-After."""
    return Problem(503, "unavailable", detail, retry_after=RETRY_SECONDS)


def field_errors(errors: Sequence[Any], prefix: str = "") -> list[FieldError]:
    """pydantic's errors as pointers, codes and sentences without any value.

    An error's type may name a field below its place behind an @: a rule over several fields names the one to mend.
    """
    made = []
    for error in errors:
        kind, _, below = error["type"].partition("@")
        parts = [*error["loc"], below] if below else error["loc"]
        pointer = prefix + "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in parts)
        unknown = kind == "extra_forbidden"
        code = "unknown-field" if unknown else kind.replace("_", "-")
        made.append(FieldError(pointer, code, "This field is not known." if unknown else error["msg"]))
    return made


Handler = Callable[[Request, Any], Awaitable[Response]]


async def _on_problem(_: Request, error: Problem) -> Response:
    return error.response()


async def _on_validation(_: Request, error: RequestValidationError) -> Response:
    errors = [{**each, "loc": each["loc"][1:]} for each in error.errors()]
    return Problem(
        422, "invalid-field", "Mend the named fields and send it again.", errors=field_errors(errors)
    ).response()


async def _on_http(_: Request, error: HTTPException) -> Response:
    code = {404: "not-found", 405: "method-not-allowed"}.get(error.status_code, "http-error")
    return Problem(error.status_code, code, TITLES.get(error.status_code, "Error") + ".").response()


async def _on_key_reused(_: Request, __: IdempotencyKeyReused) -> Response:
    return Problem(422, "idempotency-key-reused", "This idempotency key came with another body before.").response()


async def _on_running(_: Request, __: CommandStillRunning) -> Response:
    return Problem(
        409, "still-running", "The same request is being handled. Ask again in a moment.", retry_after=1
    ).response()


async def _on_infrastructure(_: Request, error: Exception) -> Response:
    if isinstance(error, DBAPIError) and is_data_error(error):
        return Problem(500, "internal", "The hub could not store this. Nothing was changed.").response()
    return unavailable().response()


def add_problem_handlers(app: FastAPI) -> None:
    """Every error of the application becomes a problem document."""
    handlers: dict[Any, Handler] = {
        Problem: _on_problem,
        RequestValidationError: _on_validation,
        HTTPException: _on_http,
        IdempotencyKeyReused: _on_key_reused,
        CommandStillRunning: _on_running,
        **dict.fromkeys((SQLAlchemyError, *INFRASTRUCTURE), _on_infrastructure),
    }
    for kind, handler in handlers.items():
        app.add_exception_handler(kind, handler)
