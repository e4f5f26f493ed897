"""Two people minuted one thing: what was, what stands now and what she wanted, side by side, and nothing is lost."""

from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from fastapi import Request, Response

from services.desk import meeting_view
from services.desk.commands import Outcome
from services.desk.conflict_page import NOT_SENT, read_was, side_by_side, words_of
from services.desk.frame import pages_of, shell
from services.desk.people import Session
from services.desk.presenting import Presenter
from services.kernel.process import Process
from services.partnership.models import Partnership

NAMES = {"attendance": "attendance", "decision": "decision", "sign-off": "sign-off", "action": "action"}
Row = dict[str, Any]
Said = Mapping[str, Any]


def _row(label: str, was: Any, now: Any, mine: Any) -> Row:
    return side_by_side(label, *(str(each) if each is not None else "none" for each in (was, now, mine)))


def of_decision(partnership: Partnership, panel: str, item: Mapping[str, Any], was: Said, sent: Said) -> Row:
    """The decision on an item: what was minuted of it since, beside hers."""
    line = item["minuted"][-1] if item["minuted"] else None
    now = f"{line['decision']}, {line['by']} {line['at']}" if line else f"None; {item['status'].lower()}"
    mine = meeting_view.decision_name(partnership, panel, sent.get("decision"))
    return _row(f"Decision on {item['reference']}", was.get("status", "None"), now, mine)


def of_attendance(presenter: Presenter, found: Mapping[str, Any], was: Said, sent: Said) -> Row:
    """An agency's attendance as it stands, beside hers."""
    there = {each["agency"]: each["status"] for each in found["attendance"]}
    said = [meeting_view.presence(each) for each in (was.get("status"), there[sent["agency"]], sent.get("status"))]
    return _row(presenter.agency(sent["agency"]), *said)


def of_meeting(found: Mapping[str, Any], was: Mapping[str, Any]) -> list[Row]:
    """How much was minuted since her page was made."""
    labels = (("present", "Agencies present"), ("decisions", "Decisions"), ("actions", "Actions"))
    return [_row(label, was.get(field), found[field], was.get(field)) for field, label in labels]


def compared(
    presenter: Presenter,
    partnership: Partnership,
    found: Mapping[str, Any],
    item: Mapping[str, Any] | None,
    name: str,
    was: Mapping[str, Any],
    sent: Mapping[str, Any],
) -> list[Row]:
    """One row for what she wanted, or three for a sign-off."""
    if name == "attendance":
        return [of_attendance(presenter, found, was, sent)]
    if name == "decision" and item is not None:
        return [of_decision(partnership, found["panel"], item, was, sent)]
    return of_meeting(found, was)


def conflict(
    request: Request,
    session: Session,
    found: Mapping[str, Any],
    name: str,
    form: Mapping[str, str],
    outcome: Outcome,
) -> Response:
    """The page of a stale command: 412, with both sides and her words kept; a sign-off is read again, never forced."""
    hub: Process = request.app.state.hub
    presenter: Presenter = request.app.state.presenter
    partnership: Partnership = request.app.state.partnership
    items = meeting_view.agenda(presenter, partnership, found, hub.clock())
    item = next((each for each in items if each["reference"] == form.get("referral")), None)
    was = read_was(form.get("was", ""))
    on_top = name == "attendance" or (item is not None and (item["decides"] or item["reviews"]))
    return pages_of(request).render(
        "meeting_conflict.html",
        412,
        **shell(request, session, "meetings"),
        found=found,
        head=meeting_view.heading(presenter, found),
        panel=presenter.agency(found["panel"]),
        name=NAMES[name],
        command=name,
        item=item,
        rows=compared(presenter, partnership, found, item, name, was, outcome.sent),
        seen=form.get("version"),
        version=outcome.body.get("version"),
        on_top=on_top,
        sent={field: value for field, value in form.items() if field not in NOT_SENT and value},
        words=words_of(form),
        key=str(uuid4()),
    )
