"""The public's page of what is happening with a report, by its reference and code."""

from collections.abc import Mapping
from hmac import compare_digest
from typing import Any

from fastapi import APIRouter, Request, Response

from services.intake import repository, views
from services.intake.forms import ONLINE, fields_of, render
from services.intake.wrong_codes import WITHIN_SECONDS, WrongCodes
from services.kernel.references import ReferenceMistyped, tidy_reference

STATUS_WORDS = {
    "received": "We have your report. It has not been decided yet where it goes.",
    "in-review": "A person is deciding who deals with it.",
    "routed": "It is with the agency named here.",
    "quarantined": "Something in it could not be read. A person is mending it; you need do nothing.",
    "closed": "It has been dealt with.",
}

TOO_OFTEN = f"The code was wrong too often. Try again in {WITHIN_SECONDS / 60:.0f} minutes."
UNFITTING = "The reference and the code do not fit together. Check both."

router = APIRouter(include_in_schema=False)


@router.get("/report/status")
async def ask_status(request: Request) -> Response:
    """Reference and code, please."""
    return render(request, "status.html", title="Check a report", found=None, words="")


@router.post("/report/status")
async def show_status(request: Request) -> Response:
    """What is happening with a report; wrong and unknown are answered alike, and not without end."""
    fields = await fields_of(request)
    wrong_codes: WrongCodes = request.app.state.wrong_codes
    try:
        reference = tidy_reference(fields.get("reference", ""))
    except ReferenceMistyped:
        return _status(request, None, 422, UNFITTING)
    if wrong_codes.too_many(reference):
        return _status(
            request, None, 429, f"The code was wrong too often. Try again in {WITHIN_SECONDS // 60:.0f} minutes."
        )
    found = await _by_code(request, reference, "".join(fields.get("code", "").split()))
    if found is None:
        wrong_codes.count(reference)
        return _status(request, None, 422, UNFITTING)
    return _status(request, found, 200)


def _status(request: Request, found: Mapping[str, Any] | None, status: int, wrong: str = "") -> Response:
    words = STATUS_WORDS.get(found["status"], "") if found else ""
    errors = [("reference", wrong)] if wrong else []
    return render(request, "status.html", status, title="Check a report", found=found, words=words, errors=errors)


async def _by_code(request: Request, reference: str, code: str) -> dict[str, Any] | None:
    async with request.app.state.hub.database.reading(partner=ONLINE) as connection:
        report = await repository.by_reference(connection, reference)
    if report is None or report.status_code is None or not compare_digest(report.status_code.encode(), code.encode()):
        return None
    return views.receipt(report, with_decision=False)
