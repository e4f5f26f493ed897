"""The public's form, its status page and the call-taker's form: pages for people, the same command behind."""

import secrets
from hmac import compare_digest
from typing import Any
from uuid import uuid4

from fastapi import APIRouter, Request, Response
from pydantic import ValidationError

from schemas.codes import Channel
from schemas.submission import DESCRIPTION_LIMIT, Submission
from services.intake import repository, views
from services.intake.domain import receiving
from services.intake.messages import ReceiveReport
from services.kernel.http import Problem
from services.kernel.process import Process
from services.kernel.references import ReferenceMistyped, tidy_reference
from services.pages.rendering import Pages
from services.partnership.models import Partnership

STEPS = ("danger", "where", "what", "you", "check")
KEPT = ("source_id", "danger", "where", "description", "category", "email", "safe")
ONLINE, CALLS = "online-form", "contact-centre"
CALL_TAKER = "imran-dacre"
TITLES = {
    "danger": "Is anyone in danger now?",
    "where": "Where is it?",
    "what": "What happened?",
    "you": "May we tell you what happens?",
    "check": "Check what you tell us",
}

router = APIRouter(include_in_schema=False)


def _render(request: Request, template: str, status: int = 200, **values: Any) -> Response:
    pages: Pages = request.app.state.pages
    partnership: Partnership = request.app.state.partnership
    everywhere = {
        "partnership": partnership.identity.name,
        "demonstration": request.app.state.settings.demonstration,
        "errors": [],
        "title": "Report a problem",
    }
    return pages.render(template, status, **(everywhere | values))


async def _fields(request: Request) -> dict[str, str]:
    return {name: str(value).strip() for name, value in (await request.form()).items()}


def _categories(request: Request) -> list[tuple[str, str]]:
    partnership: Partnership = request.app.state.partnership
    return [(each.code, each.name) for each in partnership.categories if each.public]


def _step(request: Request, step: str, kept: dict[str, str], errors: list[tuple[str, str]]) -> Response:
    return _render(
        request,
        "report.html",
        422 if errors else 200,
        title=TITLES[step],
        step=step,
        number=STEPS.index(step) + 1,
        kept=kept,
        danger=kept.get("danger") == "yes",
        categories=_categories(request),
        errors=errors,
    )


@router.get("/report")
async def begin(request: Request) -> Response:
    """The first question: is anyone in danger now?"""
    return _step(request, "danger", {"source_id": str(uuid4())}, [])


@router.post("/report")
async def go_on(request: Request) -> Response:
    """The next question, the same one with what is wrong, or the end."""
    fields = await _fields(request)
    step = fields.get("step") if fields.get("step") in STEPS else "danger"
    kept = {name: fields[name] for name in KEPT if fields.get(name)} | {
        "source_id": fields.get("source_id") or str(uuid4())
    }
    wrong = _wrong(str(step), kept)
    if wrong:
        return _step(request, str(step), kept, wrong)
    if step != "check":
        return _step(request, STEPS[STEPS.index(str(step)) + 1], kept, [])
    return await _sent(request, kept)


def _wrong(step: str, kept: dict[str, str]) -> list[tuple[str, str]]:
    if step == "danger" and "danger" not in kept:
        return [("danger", "Say whether anyone is in danger now.")]
    if step == "what" and not kept.get("description") and not kept.get("category"):
        return [("description", "Say in a few words what happened, or choose what it is most like.")]
    if len(kept.get("description", "")) > DESCRIPTION_LIMIT:
        return [("description", f"Use {DESCRIPTION_LIMIT:,} characters at most.")]
    return []


async def _sent(request: Request, kept: dict[str, str]) -> Response:
    people = []
    if kept.get("email") and kept.get("safe") == "yes":
        people = [{"role": "reporter", "contact": {"email": kept["email"], "safe": "yes"}}]
    try:
        made = _submission(kept, {"people": people, "wants_updates": bool(people)})
    except ValidationError:
        return _step(request, "you", kept, [("email", "Write the e-mail address like name@example.org.")])
    code = f"{secrets.randbelow(1_000_000):06d}"
    report = await _received(request, made, ONLINE, "online", status_code=code)
    code = report.status_code or code
    return _render(
        request,
        "done.html",
        title="We have your report",
        reference=report.facts.reference,
        code=f"{code[:3]} {code[3:]}",
        advice=receiving.DANGER_ADVICE if report.facts.danger_now else None,
    )


def _submission(kept: dict[str, str], more: dict[str, Any]) -> Submission:
    given: dict[str, Any] = {
        "source_id": kept["source_id"],
        "description": kept.get("description"),
        "category": kept.get("category"),
        "danger_now": kept.get("danger") == "yes",
        "place": {"text": kept["where"]} if kept.get("where") else None,
    }
    return Submission.model_validate({name: value for name, value in given.items() if value is not None} | more)


async def _received(
    request: Request, made: Submission, partner: str, channel: Channel, **more: Any
) -> receiving.Report:
    hub: Process = request.app.state.hub
    report = receiving.report_id(partner, made.source_id)
    command = ReceiveReport(
        report_id=report, partner=partner, channel=channel, submission=made, received_at=hub.clock(), **more
    )
    message = receiving.message_id(report, made.revision)
    answer = await hub.handle(command, subject=str(report), message_id=message)
    if isinstance(answer, receiving.Refused):
        raise views.refused(answer)
    found: receiving.Report = answer.report
    return found


@router.get("/report/status")
async def ask_status(request: Request) -> Response:
    """Reference and code, please."""
    return _render(request, "status.html", found=None)


@router.post("/report/status")
async def show_status(request: Request) -> Response:
    """What is happening with a report; wrong and unknown are answered alike."""
    fields = await _fields(request)
    found = await _by_code(request, fields.get("reference", ""), fields.get("code", "").replace(" ", ""))
    wrong = [] if found else [("reference", "The reference and the code do not fit together. Check both.")]
    return _render(request, "status.html", 200 if found else 422, found=found, errors=wrong)


async def _by_code(request: Request, typed: str, code: str) -> dict[str, Any] | None:
    try:
        reference = tidy_reference(typed)
    except ReferenceMistyped:
        return None
    async with request.app.state.hub.database.reading(partner=ONLINE) as connection:
        report = await repository.by_reference(connection, reference)
    if report is None or report.status_code is None or not compare_digest(report.status_code, code):
        return None
    return views.receipt(report, with_decision=False)


@router.get("/call")
async def call(request: Request) -> Response:
    """The call-taker's form."""
    return _call(request, None)


def _call(request: Request, saved: dict[str, Any] | None, errors: list[tuple[str, str]] | None = None) -> Response:
    partnership: Partnership = request.app.state.partnership
    if not request.app.state.settings.demonstration:
        raise Problem(403, "no-identity-provider", "The call desk needs an identity provider outside a demonstration.")
    return _render(
        request,
        "call.html",
        422 if errors else 200,
        title="101 call",
        taker=partnership.person(CALL_TAKER).name,
        categories=[(each.code, each.name) for each in partnership.categories],
        saved=saved,
        source_id=str(uuid4()),
        errors=errors or [],
    )


@router.post("/call")
async def save_call(request: Request) -> Response:
    """Saved before the caller hangs up."""
    fields = await _fields(request)
    if not fields.get("description") and not fields.get("category"):
        return _call(request, None, [("description", "Write what the caller says, or choose a category.")])
    made = _submission({"source_id": str(uuid4())} | {name: value for name, value in fields.items() if value}, {})
    more = {"line": "101", "grade": fields.get("grade") or None, "call_taker": CALL_TAKER}
    report = await _received(request, made, CALLS, "101", **more)
    advice = receiving.DANGER_ADVICE if report.facts.danger_now else None
    return _call(request, {"reference": report.facts.reference, "advice": advice})
