"""The public's form: one question a page, no account, no script needed."""

import secrets
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import uuid4

from fastapi import APIRouter, Request, Response
from pydantic import ValidationError

from schemas.codes import Channel
from schemas.submission import DESCRIPTION_LIMIT, Submission
from services.intake import views
from services.intake.domain import receiving
from services.intake.messages import ReceiveReport
from services.kernel.http import Problem
from services.kernel.process import Process
from services.pages.rendering import Pages
from services.partnership.models import Partnership

STEPS = ("danger", "what", "where", "when", "you", "check")
KEPT = (
    "source_id",
    "danger",
    "description",
    "category",
    "where",
    "unplaced",
    "when",
    "day",
    "email",
    "safe",
    "told_at",
)
OF_STEP = {
    "danger": ("danger",),
    "what": ("description", "category"),
    "where": ("where", "unplaced"),
    "when": ("when", "day"),
    "you": ("email", "safe"),
    "check": (),
}
"""The fields that a step asks: what came with an earlier answer is replaced, also by nothing."""
ONLINE = "online-form"
TOLD_AT_MOST = timedelta(days=1)
"""So long a page stays open that says when its answers were given."""
UNFIT: dict[int | str, tuple[str, str, str]] = {
    "description": ("what", "description", "Write it in plain words: it holds a character that cannot be kept."),
    "place": ("where", "where", "Use 200 plain characters at most."),
    "people": ("you", "email", "Write the e-mail address like name@example.org."),
}
"""The step, its field and what to do, for what of a report is not as it must be."""
TITLES = {
    "danger": "Is anyone in danger now?",
    "what": "What happened, or is happening?",
    "where": "Where did it happen?",
    "when": "When did it happen?",
    "you": "May we tell you what happens?",
    "check": "Check what you tell us",
}
WHENS = {
    "now": "It is happening now",
    "today": "Earlier today",
    "day": "On another day",
    "unsure": "I am not sure, or it goes on and on",
}
FILLED = {
    "danger": "no",
    "description": "Two sofas and a fridge dumped behind the garages. It is the third time this month.",
    "category": "fly-tipping",
    "where": "Ashcroft Road, behind the garages",
    "when": "today",
}
"""A demonstration's visitor may send this as it is."""
router = APIRouter(include_in_schema=False)


def render(request: Request, template: str, status: int = 200, **values: Any) -> Response:
    """A page of intake with what every one of them shows."""
    pages: Pages = request.app.state.pages
    partnership: Partnership = request.app.state.partnership
    everywhere = {
        "partnership": partnership.identity.name,
        "demonstration": request.app.state.settings.demonstration,
        "errors": [],
        "title": "Report a problem",
    }
    return pages.render(template, status, **(everywhere | values))


async def fields_of(request: Request) -> dict[str, str]:
    """A form's fields, trimmed; a line that a browser sends ends with one character, as it was counted on the page."""
    return {name: str(value).replace("\r\n", "\n").strip() for name, value in (await request.form()).items()}


def _categories(request: Request) -> list[tuple[str, str]]:
    partnership: Partnership = request.app.state.partnership
    return [(each.code, each.name) for each in partnership.categories if each.public]


def _step(request: Request, step: str, kept: dict[str, str], errors: list[tuple[str, str]]) -> Response:
    number = STEPS.index(step)
    return render(
        request,
        "report.html",
        422 if errors else 200,
        title=TITLES[step],
        step=step,
        number=number + 1,
        steps=len(STEPS),
        kept={name: kept.get(name, "") for name in KEPT},
        hidden={name: value for name, value in kept.items() if name not in OF_STEP[step]},
        danger=kept.get("danger") == "yes",
        categories=_categories(request),
        category_names=dict(_categories(request)),
        whens=WHENS,
        today=_today(request).isoformat(),
        errors=errors,
        wrong=dict(errors),
    )


def _today(request: Request) -> date:
    partnership: Partnership = request.app.state.partnership
    hub: Process = request.app.state.hub
    return partnership.day(hub.clock())


@router.get("/report")
async def begin(request: Request, filled: str = "") -> Response:
    """The first question: is anyone in danger now? A demonstration can have the answers filled in."""
    given = FILLED if filled and request.app.state.settings.demonstration else {}
    return _step(request, "danger", {"source_id": str(uuid4())} | given, [])


@router.post("/report")
async def go_on(request: Request) -> Response:
    """The question asked for, the next one, the same one with what is wrong, or the end."""
    fields = await fields_of(request)
    step = fields["step"] if fields.get("step") in STEPS else "danger"
    kept = {name: fields[name] for name in KEPT if fields.get(name)} | {
        "source_id": fields.get("source_id") or str(uuid4())
    }
    asked = fields.get("go", "")
    if asked in STEPS and STEPS.index(asked) < STEPS.index(step):
        return _step(request, asked, kept, [])
    for answered in STEPS[: STEPS.index(step) + 1] if step == "check" else (step,):
        if wrong := _wrong(answered, kept, _today(request)):
            return _step(request, answered, kept, wrong)
    if step != "check":
        return _step(request, STEPS[STEPS.index(step) + 1], kept | {"told_at": _told_at(request, kept).isoformat()}, [])
    return await _sent(request, kept)


def _told_at(request: Request, kept: Mapping[str, str]) -> datetime:
    """When the answers were given first: the same answers sent again are the same report, whenever they arrive."""
    now: datetime = request.app.state.hub.clock()
    try:
        told = datetime.fromisoformat(kept.get("told_at", ""))
    except ValueError:
        return now
    return told if told.tzinfo is not None and now - TOLD_AT_MOST <= told <= now else now


def _wrong(step: str, kept: Mapping[str, str], today: date) -> list[tuple[str, str]]:
    found = None
    if step == "danger":
        found = _wrong_danger(kept)
    elif step == "what":
        found = _wrong_what(kept)
    elif step == "when":
        found = _wrong_when(kept, today)
    return [found] if found else []


def _wrong_danger(kept: Mapping[str, str]) -> tuple[str, str] | None:
    return None if "danger" in kept else ("danger", "Say whether anyone is in danger now.")


def _wrong_what(kept: Mapping[str, str]) -> tuple[str, str] | None:
    if not kept.get("description") and not kept.get("category"):
        return ("description", "Say in a few words what happened, or choose what it is most like.")
    if len(kept.get("description", "")) > DESCRIPTION_LIMIT:
        return ("description", f"Use {DESCRIPTION_LIMIT:,} characters at most.")
    return None


def _wrong_when(kept: Mapping[str, str], today: date) -> tuple[str, str] | None:
    if kept.get("when") != "day":
        return None
    try:
        day = date.fromisoformat(kept.get("day", ""))
    except ValueError:
        return ("day", "Give the day, such as 14/10/2025.")
    return ("day", "The day lies in the future. Give a day that has passed.") if day > today else None


async def _sent(request: Request, kept: dict[str, str]) -> Response:
    people = []
    if kept.get("email") and kept.get("safe") == "yes":
        people = [{"role": "reporter", "contact": {"email": kept["email"], "safe": "yes"}}]
    more = {"people": people, "wants_updates": bool(people)} | _occurred(request, kept)
    try:
        made = submission(kept, more)
    except ValidationError as error:
        step, field, words = UNFIT.get(error.errors()[0]["loc"][0], UNFIT["people"])
        return _step(request, step, kept, [(field, words)])
    code = f"{secrets.randbelow(1_000_000):06d}"
    report = await received(request, made, ONLINE, "online", status_code=code, newest=True)
    code = report.status_code or code
    local = report.facts.received_at.astimezone(request.app.state.partnership.zone)
    return render(
        request,
        "done.html",
        title="We have your report",
        reference=report.facts.reference,
        code=f"{code[:3]} {code[3:]}",
        clock=f"{local:%H:%M}",
        danger=report.facts.danger_now,
        updates=bool(people),
    )


def _occurred(request: Request, kept: Mapping[str, str]) -> dict[str, Any]:
    """The time that the answer means: a moment, a day as from and until, or nothing."""
    partnership: Partnership = request.app.state.partnership
    now = _told_at(request, kept)
    if kept.get("when") == "now":
        return {"occurred_at": now.isoformat()}
    if kept.get("when") not in ("today", "day"):
        return {}
    day = date.fromisoformat(kept["day"]) if kept["when"] == "day" else partnership.day(now)
    begins = datetime.combine(day, time(), partnership.zone)
    until = min(begins + timedelta(days=1) - timedelta(seconds=1), now)
    return {"occurred_at": begins.isoformat(), "occurred_until": max(begins, until).isoformat()}


def submission(kept: Mapping[str, str], more: Mapping[str, Any]) -> Submission:
    """A report from a form's fields. Raises pydantic's `ValidationError`."""
    placed = kept.get("where") and not kept.get("unplaced")
    given: dict[str, Any] = {
        "source_id": kept["source_id"],
        "description": kept.get("description") or None,
        "category": kept.get("category") or None,
        "danger_now": kept.get("danger") == "yes",
        "place": {"text": kept["where"]} if placed else None,
    }
    return Submission.model_validate({name: value for name, value in given.items() if value is not None} | dict(more))


async def received(request: Request, made: Submission, partner: str, channel: Channel, **more: Any) -> receiving.Report:
    """Store it as a partner's report is stored. Raises the problem of a refusal."""
    hub: Process = request.app.state.hub
    report = receiving.report_id(partner, made.source_id)
    command = ReceiveReport(
        report_id=report, partner=partner, channel=channel, submission=made, received_at=hub.clock(), **more
    )
    message = receiving.message_id(report, made.revision)
    answer = await hub.handle(command, subject=str(report), message_id=message)
    if isinstance(answer, receiving.Refused):
        raise views.refused(answer)
    if not isinstance(answer, receiving.Accepted):
        raise Problem(409, "still-running", "The same report is being saved. Try again in a moment.")
    return answer.report
