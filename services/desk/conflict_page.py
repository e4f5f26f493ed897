"""Two people changed one case: what was, what stands now and what she wanted, side by side, and nothing is lost."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4

from fastapi import Request, Response

from services.access.sharing import NOTHING_PERSONAL, Sight, sight_of
from services.desk import repository, step_forms
from services.desk.commands import Outcome
from services.desk.frame import Around, around, pages_of, seen, shell
from services.desk.people import Session
from services.desk.presenting import EVENT_TITLES, Presenter

ROWS = (
    ("owner", "Owner"),
    ("lead_agency", "Lead agency"),
    ("themes", "Theme"),
    ("status", "Status"),
    ("risk", "Risk"),
    ("next_action", "Next action"),
    ("due_at", "Due"),
)
OF_REFERRAL = (
    ("status", "Status"),
    ("owner", "Owner"),
    ("rating", "Rating"),
    ("due_at", "Due"),
    ("outcome", "Outcome"),
    ("score", "Achieved"),
)
WORDS = ("text", "reason", "question", "what")
NONE = "none"
"""What stands where a field has no value; a row that says no more is left out."""
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
    presenter: Presenter,
    was: Mapping[str, Any],
    now: Mapping[str, Any],
    mine: Mapping[str, Any],
    at: datetime,
    fields: Sequence[tuple[str, str]] = ROWS,
) -> list[dict[str, Any]]:
    """One row for each thing that a person can replace."""
    rows = []
    for field, label in fields:
        rows.append(side_by_side(label, *(presenter.value(field, each.get(field), at) for each in (was, now, mine))))
    return rows


def side_by_side(label: str, was: str, now: str, mine: str) -> dict[str, Any]:
    """One row of a comparison; `theirs` and `yours` say whether it changed."""
    return {"label": label, "was": was, "now": now, "mine": mine, "theirs": now != was, "yours": mine != was}


def read_was(kept: str) -> dict[str, Any]:
    """What the form's page showed before; empty where the form does not say."""
    try:
        found = json.loads(kept or "{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _newer(events: Sequence[Any], form: Mapping[str, str], was: Mapping[str, Any]) -> list[Any]:
    """What happened after the page was made: after the event that it knew last, or after its own time."""
    if form.get("sequence"):
        return [row for row in events if row.sequence > int(form["sequence"])]
    made = datetime.fromisoformat(was["at"]) if was.get("at") else None
    return [row for row in events if made is not None and row.at > made]


def _since(presenter: Presenter, events: Sequence[Any], sight: Sight) -> list[dict[str, Any]]:
    """The same in words, newest first."""
    return [
        presenter.entry(row, sight) | {"clock": f"{presenter.local(row.at):%H:%M:%S}"}
        for row in events
        if row.type in EVENT_TITLES
    ]


@dataclass(frozen=True, slots=True)
class Back:
    """Where a form that was too late is sent again, and where she goes when she drops it."""

    action: str
    keep: str


async def conflict(
    request: Request,
    session: Session,
    reference: str,
    path: str,
    name: str,
    form: Mapping[str, str],
    outcome: Outcome,
    back: Back | None = None,
) -> Response:
    """The page of a stale command: 412, with both versions and her words kept."""
    desk = around(request)
    async with desk.hub.database.reading(**session.reading()) as connection:
        state = await repository.case(connection, reference)
        events = await repository.timeline(connection, state["case_id"], 50) if state else []
    of_case = path.startswith("cases/")
    was = read_was(form.get("was", ""))
    sight = sight_of(session.caller, state["themes"], desk.partnership) if state else NOTHING_PERSONAL
    since = _since(desk.presenter, _newer(events, form, was), sight)
    back = back or Back(f"/cases/{reference}/{name}" if of_case else f"/{path}", f"/cases/{reference}")
    return pages_of(request).render(
        "conflict.html",
        412,
        **shell(request, session, "worklist"),
        **_of_case(seen(request, session, state) if state else None, reference),
        **_both(desk, session, name, was, outcome, of_case=of_case),
        name=name.replace("-", " "),
        action=back.action,
        keep=back.keep,
        since=since,
        by=since[0]["who"] if since else "Somebody",
        seen=form.get("version") or was.get("version"),
        version=outcome.body.get("version"),
        sent={field: value for field, value in form.items() if field not in NOT_SENT and value},
        words=words_of(form),
        key=str(uuid4()),
    )


def _of_case(state: Mapping[str, Any] | None, reference: str) -> dict[str, Any]:
    """What the page says of the case, and what a note of it is sent with."""
    return {
        "reference": reference,
        "title": state["title"] if state else reference,
        "case_id": str(state["case_id"]) if state else "",
        "sequence": state["sequence"] if state else 0,
        "case_version": state["version"] if state else 0,
    }


def _both(
    desk: Around, session: Session, name: str, was: Mapping[str, Any], outcome: Outcome, *, of_case: bool
) -> dict[str, Any]:
    """What was, what stands now and what she wanted, of the case or of the referral."""
    current = outcome.body.get("current") or {}
    find, fields = (wanted, ROWS) if of_case else (step_forms.wanted, OF_REFERRAL)
    mine = find(name, session.person.id, was, outcome.sent)
    rows = compared(desk.presenter, was, current, mine, desk.now, fields) if was and current else []
    known = [row for row in rows if {row["was"], row["now"], row["mine"]} != {NONE}]
    return {"rows": known, "referral": None if of_case else current}
