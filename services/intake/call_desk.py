"""The call-taker's page: by keyboard alone, saved at a pause in typing, and it says what to tell the caller."""

import json
from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from pydantic import ValidationError

from schemas.submission import Submission
from services.intake.domain.receiving import Report
from services.intake.forms import fields_of, received, render, submission
from services.kernel.http import Problem
from services.kernel.process import Process
from services.partnership.models import Partnership

CALLS, CALL_TAKER = "contact-centre", "imran-dacre"
GRADES = (("1", "Now"), ("2", "60 min"), ("3", "48 h"), ("4", "Appt"), ("5", "None"))
KINDS = (("incident", "Incident"), ("concern", "Concern"))
SAY_NOW = "If you are in danger, hang up and ring 999. If you cannot speak, listen, then press 55."
SAY_CALM = "Is anyone in danger now? If it changes, ring 999 at once."
URGENT = ("danger-now", "weapon", "strangulation", "injury", "fire-arson", "suicide-self-harm", "sexual-violence")
ASK = {
    "danger": ("Can you get to a room with a lock, or outside?",),
    "strangulation": ("Did you black out, or is it hard to swallow or breathe?",),
    "child": ("Are the children with you?",),
    "weapon": ("Where is the weapon now?", "Who has it?"),
    "injury": ("Does anybody need an ambulance?",),
    "fire-arson": ("Is everybody out of the building?",),
    "missing": ("When was she or he last seen, and wearing what?",),
}
"""What to ask when a sign is heard: a default of the demonstration, not a protocol of the force."""

router = APIRouter(include_in_schema=False)


@router.get("/call")
async def call(request: Request) -> Response:
    """The call-taker's form."""
    return _page(request, {}, None)


def _page(
    request: Request,
    kept: Mapping[str, str],
    saved: Mapping[str, Any] | None,
    errors: list[tuple[str, str]] | None = None,
) -> Response:
    partnership: Partnership = request.app.state.partnership
    if not request.app.state.settings.demonstration:
        raise Problem(403, "no-identity-provider", "The call desk needs an identity provider outside a demonstration.")
    return render(
        request,
        "call.html",
        422 if errors else 200,
        title="101 call",
        taker=partnership.person(CALL_TAKER).name,
        categories=[(each.code, each.name) for each in partnership.categories],
        grades=GRADES,
        kinds=KINDS,
        say=SAY_CALM,
        kept=kept,
        saved=saved,
        source_id=kept.get("source_id") or str(uuid4()),
        revision=int(kept.get("revision") or 1),
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


def _made(fields: Mapping[str, str]) -> Submission:
    kept = dict(fields) | {"source_id": fields.get("source_id") or str(uuid4())}
    more = {"revision": int(fields.get("revision") or 1), "kind": fields.get("kind") or "incident"}
    return submission(kept, more | {"people": _people(fields)})


async def _stored(request: Request, fields: Mapping[str, str]) -> Report:
    more = {"line": "101", "grade": fields.get("grade") or None, "call_taker": CALL_TAKER}
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
async def finish_call(request: Request) -> Response:
    """The call is over; the next one begins with an empty page."""
    fields = await fields_of(request)
    if not fields.get("description") and not fields.get("category"):
        return _page(request, fields, None, [("description", "Write what the caller says, or choose a category.")])
    try:
        report = await _stored(request, fields)
    except ValidationError:
        return _page(request, fields, None, [("description", "Something is longer than it may be. Shorten it.")])
    return _page(request, {}, _said(request, report))


@router.post("/call/save")
async def save_call(request: Request) -> JSONResponse:
    """A pause in typing: what is there is a report already, and each later save a revision of it."""
    try:
        report = await _stored(request, await fields_of(request))
    except ValidationError as error:
        raise Problem(422, "invalid-field", "There is nothing to save yet, or something is too long.") from error
    return JSONResponse(_said(request, report))


@router.post("/call/signals")
async def signals(request: Request) -> JSONResponse:
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
    return JSONResponse(heard(decision, made.description or "", told, danger=made.danger_now))


def heard(decision: Mapping[str, Any], text: str, told: list[str], *, danger: bool) -> dict[str, Any]:
    """The signs with the words that said them, whether danger must be said now, and what to ask."""
    placed = [each for each in decision["because"] if each["field"] == "description" and each["start"] is not None]
    signs = [
        {"name": _name(each), "words": text[each["start"] : each["end"]], "negated": each["negated"]}
        for each in sorted(placed, key=lambda one: -one["start"])
    ]
    flags = decision["flags"]
    urgent = danger or any(flag in URGENT for flag in flags)
    asked = [question for flag in (["danger"] if urgent else []) + list(flags) for question in ASK.get(flag, ())]
    first = f"{' and '.join(told)} told at once when it is saved." if told else ""
    return {"signs": signs, "urgent": urgent, "say": SAY_NOW if urgent else SAY_CALM, "first": first, "ask": asked}


def _name(reason: Mapping[str, Any]) -> str:
    return str(reason["rule"]).partition("/")[2].replace("-", " ").capitalize()
