"""The frame around every page, and what pages share: the trace's address, a report's words, a tidy reference."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4

from fastapi import Request

from services.access.sharing import Sight, sight_of
from services.desk.commands import Casework, Outcome
from services.desk.evidence import lit
from services.desk.people import Session
from services.desk.presenting import CHANNELS, Presenter, named
from services.desk.review_view import read
from services.kernel.http import Problem
from services.kernel.process import Process
from services.kernel.references import ReferenceMistyped, tidy_reference
from services.pages.rendering import Pages
from services.partnership.models import Partnership


@dataclass(frozen=True, slots=True)
class Around:
    """What every page of the desk is made with, and the moment at which it is made."""

    hub: Process
    casework: Casework
    presenter: Presenter
    partnership: Partnership
    now: datetime


def around(request: Request) -> Around:
    """The process, who speaks to the other services, words, files and the time."""
    state = request.app.state
    return Around(state.hub, state.casework, state.presenter, state.partnership, state.hub.clock())


@dataclass(frozen=True, slots=True)
class Said:
    """What a page says above its content: that something was saved, or why not, and what she wrote."""

    notice: str = ""
    error: str = ""
    kept: str = ""
    status: int = 200


def refusal(outcome: Outcome, kept: str = "") -> Said:
    """What a page says of a command that was refused."""
    return Said(error=sentence(outcome), kept=kept, status=outcome.status)


def shell(request: Request, session: Session | None, active: str = "") -> dict[str, Any]:
    """What every page's frame shows."""
    hub: Process = request.app.state.hub
    partnership: Partnership = request.app.state.partnership
    presenter: Presenter = request.app.state.presenter
    return {
        "active": active,
        "session": session,
        "agency": presenter.agency(session.person.agency) if session else "",
        "demonstration": hub.settings.demonstration,
        "now": presenter.day(hub.clock()) + ", " + presenter.clock(hub.clock()),
        "partnership": partnership.identity.name,
        "panels": partnership.panels,
    }


def pages_of(request: Request) -> Pages:
    pages: Pages = request.app.state.pages
    return pages


def tidy(reference: str) -> str:
    try:
        return tidy_reference(reference)
    except ReferenceMistyped as error:
        raise missing() from error


def missing() -> Problem:
    return Problem(404, "not-found", "There is nothing with this reference for you. Check it, or ask the duty manager.")


def report_view(request: Request, row: Any, sight: Sight, now: datetime) -> dict[str, Any]:
    presenter: Presenter = request.app.state.presenter
    personal = sight.fields(row.personal)
    because = (row.because or []) if sight.sees("text") else []
    segments, fired = lit(str(personal.get("description") or ""), because, read(presenter, row.decision or {}))
    return {
        "reference": row.facts["reference"],
        "channel": CHANNELS.get(row.facts["channel"], row.facts["channel"]),
        "received": presenter.short(row.facts["received_at"], now),
        "segments": segments,
        "fired": fired,
        "people": personal.get("people") or [],
        "withheld": withheld_words(sight),
        "wordless": not sight.sees("text"),
        "decision": row.decision,
        "trace": trace_link(request, row.trace_id),
    }


def seen(request: Request, session: Session, state: Mapping[str, Any]) -> dict[str, Any]:
    """A case of the read model as her agreement shows it: without its street where exact places are withheld."""
    return sight_of(session.caller, state["themes"], request.app.state.partnership).case(state)


PARTS = {
    "names": "names",
    "contact": "contact details",
    "date-of-birth": "dates of birth and ages",
    "text": "what people wrote",
    "exact-place": "places",
}
"""What a sharing agreement can hold back, in words."""


def withheld_words(sight: Sight) -> str:
    """What the reader's sharing agreement keeps from her, in words; empty where it keeps nothing."""
    return named([PARTS[part] for part in sight.withheld])


def trace_link(request: Request, trace_id: str | None) -> str | None:
    template: str = request.app.state.hub.settings.trace_url
    return template.replace("{trace_id}", trace_id) if template and trace_id else None


def referral_view(presenter: Presenter, state: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    return dict(state) | {
        "to": presenter.agency(state["panel"] or state["destination"]),
        "time": presenter.time_left(state["due_at"], now),
        "sent": presenter.short(state["sent_at"], now),
        "escalated": presenter.who(state["escalated_to"]) if state["escalated_to"] else None,
        "key": str(uuid4()),
    }


def sentence(outcome: Outcome) -> str:
    errors = outcome.body.get("errors") or []
    named = "; ".join(f"{each['field'].lstrip('/')}: {each['message']}" for each in errors)
    return f"{outcome.body.get('detail', 'It was refused.')} {named}".strip()
