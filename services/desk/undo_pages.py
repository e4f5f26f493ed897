"""Taking an answer of the review back: what she may still undo, and why an answer that was worked on stands."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from fastapi import Request

from services.desk import review_repository
from services.desk.frame import around, sentence, tidy
from services.desk.people import Session
from services.desk.review_view import ANSWERS
from services.kernel.http import Problem

WORKED_ON = "Somebody has worked on its case since, so the answer stands. Reroute the case, or ask who leads it."
SHARED = "Its case holds other reports too, so the answer stands. Split the report off on the case, with a reason."
ENDED = "Its case was closed, so the answer stands. Open the case again and reroute it."
GONE = "There is no answer to take back: it waits, or was decided again since."


async def given(
    request: Request, session: Session, answered: str, opened: Mapping[str, Any] | None
) -> dict[str, Any] | None:
    """The answer that she just gave, or that of the report that is open while she may still take it back."""
    desk = around(request)
    item = opened
    if answered:
        try:
            item = await desk.casework.one_review(desk.hub, session, tidy(answered))
        except Problem:
            return None
    if item is None or not says(item, just=bool(answered)):
        return None
    until = item["undo_until"]
    return {
        "reference": item["report"]["reference"],
        "did": ANSWERS[item["answer"]],
        "until": desk.presenter.clock(until) if until else None,
        "version": item["version"],
    }


def says(item: Mapping[str, Any], *, just: bool) -> bool:
    """Whether the page says what she did: what can be taken back always, what is final (a split) once it is given."""
    return bool(item["undo_until"]) or (just and item["hers"])


async def undone(request: Request, session: Session, reference: str, version: int) -> str:
    """Take the answer back; the sentence that says why it stands, or nothing."""
    desk = around(request)
    item = await desk.casework.one_review(desk.hub, session, reference)
    if item is None or item["answer"] is None:
        return GONE
    refusal = await _worked(request, reference, datetime.fromisoformat(item["decided_at"]))
    if refusal:
        return refusal
    outcome = await desk.casework.undo_review(desk.hub, session, reference, version)
    return "" if outcome.done else sentence(outcome)


async def _worked(request: Request, reference: str, since: datetime) -> str:
    """Why its case keeps the answer. Looked at whoever sees the case: nothing of it is told but this."""
    async with around(request).hub.database.writing() as connection:
        case = await review_repository.case_since(connection, reference, since)
    if case is None:
        return ""
    if case.worked:
        return WORKED_ON
    if case.reports > 1:
        return SHARED
    return "" if case.status == "open" else ENDED
