"""What every request on cases is read by: the session of its caller, tidy references, a checked body."""

from datetime import datetime
from typing import Any

from fastapi import Request
from pydantic import ValidationError

from schemas.submission import Sent
from services.access.callers import Caller
from services.kernel.http import Problem, field_errors
from services.kernel.references import ReferenceMistyped, tidy_reference

BODY_LIMIT = 64 * 1024
GIVEN_AT = "x-demonstration-given-at"


def session_of(caller: Caller) -> dict[str, str]:
    """What row-level security asks of a reading session."""
    return {"agencies": ",".join(sorted(caller.agencies)), "sees_all": "on" if caller.sees_all else "off"}


def missing(what: str) -> Problem:
    """404, also for what is not hers to see."""
    return Problem(404, "not-found", f"There is no {what} with this reference for you.")


def tidied(reference: str, what: str) -> str:
    """A reference in its one spelling. Raises a 404 problem."""
    try:
        return tidy_reference(reference)
    except ReferenceMistyped as error:
        raise missing(what) from error


async def body_of(request: Request, model: type[Sent]) -> dict[str, Any]:
    """The request's body, checked. Raises 400, 413 or 422 problems that never echo a value."""
    raw = await request.body()
    if len(raw) > BODY_LIMIT:
        raise Problem(413, "body-too-large", f"The body holds {BODY_LIMIT // 1024} KiB at most.")
    try:
        made = model.model_validate_json(raw or b"{}")
    except ValidationError as error:
        found = error.errors(include_input=False, include_url=False, include_context=False)
        if found[0]["type"] == "json_invalid":
            raise Problem(400, "not-json", "The body is not JSON.") from error
        detail = "Mend the named fields and send it again. Nothing was changed."
        raise Problem(422, "invalid-field", detail, errors=field_errors(found)) from error
    return made.model_dump(mode="json", exclude_none=True)


def given_at(request: Request, now: datetime, *, demonstration: bool) -> datetime | None:
    """When a demonstration says that the command was given: before now; None for now. Raises a 400 problem."""
    claimed = request.headers.get(GIVEN_AT) if demonstration else None
    if claimed is None:
        return None
    try:
        return min(now, datetime.fromisoformat(claimed))
    except (ValueError, TypeError) as error:
        raise Problem(400, "invalid-header", "The demonstration's header is not a time with its offset.") from error


def version_of(if_match: str | None) -> int:
    """The version that the caller saw. Raises 428 without one, 400 for what is no number."""
    if if_match is None:
        raise Problem(428, "version-missing", 'Send the version that you saw in the header If-Match: "<version>".')
    text = if_match.strip().removeprefix("W/").strip('"')
    if not text.isdigit():
        raise Problem(400, "version-not-a-number", 'If-Match holds the version as a number: "3".')
    return int(text)
