"""The call-taker's page: by keyboard alone, saved at a pause in typing, and it says what to tell the caller."""

import json
from collections.abc import Iterable, Mapping
from typing import Annotated, Any
from uuid import uuid4

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import JSONResponse
from pydantic import ValidationError

from schemas.submission import Submission
from services.access.authentication import authenticated
from services.access.callers import Caller
from services.intake.domain.receiving import Report
from services.intake.forms import fields_of, received, render, submission
from services.kernel.http import Problem
from services.kernel.process import Process
from services.partnership.assessing import CallQuestion
from services.partnership.models import Partnership

CALLS, ROLE, DANGER = "contact-centre", "call-taker", "danger"
REVISION_DIGITS = 6
GRADES = (("1", "Now"), ("2", "60 min"), ("3", "48 h"), ("4", "Appt"), ("5", "None"))
KINDS = (("incident", "Incident"), ("concern", "Concern"))
SAY_NOW = "If you are in danger, hang up and ring 999. If you cannot speak, listen, then press 55."
SAY_CALM = "Is anyone in danger now? If it changes, ring 999 at once."
router = APIRouter(include_in_schema=False)


async def _call_taker(caller: Annotated[Caller, authenticated()]) -> Caller:
    """Who takes the call: a person with the role, for whom the desk speaks. Raises a 403 problem."""
    if caller.kind != "person" or ROLE not in caller.roles:
        raise Problem(403, "not-a-call-taker", "Only call-takers take calls. Sign in as one, or ask the duty manager.")
    return caller


CallTaker = Annotated[Caller, Depends(_call_taker)]


@router.get("/call")
async def call(request: Request, taker: CallTaker) -> Response:
    """The call-taker's form."""
    return _page(request, taker, {}, None)


def _page(
    request: Request,
    taker: Caller,
    kept: Mapping[str, str],
    saved: Mapping[str, Any] | None,
    errors: list[tuple[str, str]] | None = None,
) -> Response:
    partnership: Partnership = request.app.state.partnership
    return render(
        request,
        "call.html",
        422 if errors else 200,
        title="101 call",
        taker=taker.name,
        categories=[(each.code, each.name) for each in partnership.categories],
        grades=GRADES,
        kinds=KINDS,
        say=SAY_CALM,
        kept=kept,
        saved=saved,
        source_id=kept.get("source_id") or str(uuid4()),
        revision=_revision(kept),
        errors=errors or [],
    )


def _people(fields: Mapping[str, str]) -> list[dict[str, Any]]:
    """The caller, as far as anything is known of her; nobody is called back unless she said that it is safe."""
    contact = {
        "safe": fields.get("callback") or "unknown",
        "phone": fields.get("phone"),
        "note": fields.get("safe_way"),
    }
    given = {name: value for name, value in contact.items() if value}
    if not fields.get("caller") and given == {"safe": "unknown"}:
        return []
    person = {"role": "reporter", "name": fields.get("caller") or None, "contact": given}
    return [{name: value for name, value in person.items() if value is not None}]


def _revision(fields: Mapping[str, str]) -> int:
    """What the page takes it for; intake knows better."""
    given = fields.get("revision", "")
    return int(given) if given.isascii() and given.isdigit() and len(given) <= REVISION_DIGITS else 1


def _made(fields: Mapping[str, str]) -> Submission:
    kept = dict(fields) | {"source_id": fields.get("source_id") or str(uuid4())}
    more = {"revision": _revision(fields), "kind": fields.get("kind") or "incident"}
    return submission(kept, more | {"people": _people(fields)})


async def _stored(request: Request, taker: Caller, fields: Mapping[str, str]) -> Report:
    more = {"line": "101", "grade": fields.get("grade") or None, "call_taker": taker.id, "newest": True}
    return await received(request, _made(fields), CALLS, "101", **more)


def _said(request: Request, report: Report) -> dict[str, Any]:
    """What the page says of a saved call: its reference, when, and which revision comes next."""
    hub: Process = request.app.state.hub
    partnership: Partnership = request.app.state.partnership
    return {
        "reference": report.facts.reference,
        "clock": f"{hub.clock().astimezone(partnership.zone):%H:%M:%S}",
        "revision": report.facts.revision,
        "advice": SAY_NOW if report.facts.danger_now else None,
    }


@router.post("/call")
async def finish_call(request: Request, taker: CallTaker) -> Response:
    """The call is over; the next one begins with an empty page."""
    fields = await fields_of(request)
    if not fields.get("description") and not fields.get("category"):
        return _page(
            request, taker, fields, None, [("description", "Write what the caller says, or choose a category.")]
        )
    try:
        report = await _stored(request, taker, fields)
    except ValidationError:
        return _page(request, taker, fields, None, [("description", "Something is longer than it may be. Shorten it.")])
    return _page(request, taker, {}, _said(request, report))


@router.post("/call/save")
async def save_call(request: Request, taker: CallTaker) -> JSONResponse:
    """A pause in typing: what is there is a report already, and each later save a revision of it."""
    try:
        report = await _stored(request, taker, await fields_of(request))
    except ValidationError as error:
        raise Problem(422, "invalid-field", "There is nothing to save yet, or something is too long.") from error
    return JSONResponse(_said(request, report))


@router.post("/call/signals")
async def signals(request: Request, _: CallTaker) -> JSONResponse:
    """What triage hears in the caller's words so far, newest first, and what to say and ask. Nothing is stored."""
    fields = await fields_of(request)
    try:
        made = _made(fields)
    except ValidationError as error:
        raise Problem(422, "invalid-field", "There is nothing to read yet.") from error
    decision = (await request.app.state.explain(json.dumps(made.model_dump(mode="json", exclude_none=True))))[
        "decision"
    ]
    partnership: Partnership = request.app.state.partnership
    told = [partnership.agency(code).short_name for code in decision["act_first"]]
    questions = partnership.call_questions
    return JSONResponse(heard(decision, made.description or "", told, questions, danger=made.danger_now))


def heard(
    decision: Mapping[str, Any], text: str, told: list[str], questions: Iterable[CallQuestion], *, danger: bool
) -> dict[str, Any]:
    """The signs with the words that said them, whether danger must be said now, and what to ask."""
    placed = [each for each in decision["because"] if each["field"] == "description" and each["start"] is not None]
    signs = [
        {"name": _name(each), "words": text[each["start"] : each["end"]], "negated": each["negated"]}
        for each in sorted(placed, key=lambda one: -one["start"])
    ]
    of_sign = {each.sign: each for each in questions}
    flags = [of_sign[flag] for flag in decision["flags"] if flag in of_sign]
    urgent = danger or any(flag.urgent for flag in flags)
    asked = [question for sign in ([of_sign[DANGER]] if urgent else []) + flags for question in sign.ask]
    first = f"{' and '.join(told)} told at once when it is saved." if told else ""
    return {"signs": signs, "urgent": urgent, "say": SAY_NOW if urgent else SAY_CALM, "first": first, "ask": asked}


def _name(reason: Mapping[str, Any]) -> str:
    return str(reason["rule"]).partition("/")[2].replace("-", " ").capitalize()
