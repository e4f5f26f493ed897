"""Two people changed one case: what was, what stands now and what she wanted, side by side, and nothing is lost."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import uuid4

from fastapi import Request, Response

from services.access.sharing import NOTHING_PERSONAL, Sight, sight_of
from services.desk import repository
from services.desk.commands import Outcome
from services.desk.frame import pages_of, shell
from services.desk.people import Session
from services.desk.presenting import EVENT_TITLES, Presenter
from services.kernel.process import Process

ROWS = (
    ("owner", "Owner"),
    ("lead_agency", "Lead agency"),
    ("themes", "Theme"),
    ("status", "Status"),
    ("risk", "Risk"),
    ("next_action", "Next action"),
    ("due_at", "Due"),
)
WORDS = ("text", "reason", "question", "what")
NOT_SENT = ("csrf_token", "idempotency_key", "version", "sequence", "was")


def words_of(fields: Mapping[str, str]) -> str:
    """What she wrote, in one piece, so that it can be kept as a note."""
    return "\n".join(fields[name] for name in WORDS if fields.get(name))


def wanted(name: str, me: str, was: Mapping[str, Any], sent: Mapping[str, Any]) -> dict[str, Any]:
    """The case as her command would have left it, as far as the command says so."""
    mine = dict(was) | {field: sent[field] for field in ("owner", "lead_agency", "themes", "risk") if field in sent}
    if name == "take":
        mine["owner"] = me
    if name in ("close", "reopen"):
        mine["status"] = "closed" if name == "close" else "open"
    return mine


def compared(
    presenter: Presenter, was: Mapping[str, Any], now: Mapping[str, Any], mine: Mapping[str, Any], at: datetime
) -> list[dict[str, Any]]:
    """One row for each thing that a person can replace; `theirs` and `yours` say whether it changed."""
    rows = []
    for field, label in ROWS:
        shown = [presenter.value(field, each.get(field), at) for each in (was, now, mine)]
        changed = {"theirs": shown[1] != shown[0], "yours": shown[2] != shown[0]}
        rows.append({"label": label, "was": shown[0], "now": shown[1], "mine": shown[2]} | changed)
    return rows


def read_was(kept: str) -> dict[str, Any]:
    """What the form's page showed before; empty where the form does not say."""
    try:
        found = json.loads(kept or "{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _since(presenter: Presenter, events: Sequence[Any], sequence: int, sight: Sight) -> list[dict[str, Any]]:
    """What happened after the page was made, newest first."""
    newer = [row for row in events if row.sequence > sequence]
    return [
        presenter.entry(row, sight) | {"clock": f"{presenter.local(row.at):%H:%M:%S}"}
        for row in newer
        if row.type in EVENT_TITLES
    ]


async def conflict(
    request: Request, session: Session, reference: str, path: str, name: str, form: Mapping[str, str], outcome: Outcome
) -> Response:
    """The page of a stale command: 412, with both versions and her words kept."""
    hub: Process = request.app.state.hub
    presenter: Presenter = request.app.state.presenter
    at = hub.clock()
    async with hub.database.reading(**session.reading()) as connection:
        state = await repository.case(connection, reference)
        events = await repository.timeline(connection, state["case_id"], 50) if state else []
    current = outcome.body.get("current") or {}
    of_case = path.startswith("cases/")
    was = read_was(form.get("was", ""))
    now = current if of_case else {}
    sight = sight_of(session.caller, state["themes"], request.app.state.partnership) if state else NOTHING_PERSONAL
    since = _since(presenter, events, int(form.get("sequence") or 0), sight)
    return pages_of(request).render(
        "conflict.html",
        412,
        **shell(request, session, "worklist"),
        reference=reference,
        title=state["title"] if state else reference,
        name=name.replace("-", " "),
        action=f"/cases/{reference}/{name}" if of_case else f"/{path}",
        rows=compared(presenter, was, now, wanted(name, session.person.id, was, outcome.sent), at)
        if was and now
        else [],
        referral=None if of_case else current,
        since=since,
        by=since[0]["who"] if since else "Somebody",
        seen=form.get("version") or was.get("version"),
        version=outcome.body.get("version"),
        sent={field: value for field, value in form.items() if field not in NOT_SENT and value},
        words=words_of(form),
        case_id=str(state["case_id"]) if state else "",
        sequence=state["sequence"] if state else 0,
        case_version=state["version"] if state else 0,
        key=str(uuid4()),
    )
