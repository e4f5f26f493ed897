"""What hangs on a case, asked of the service that owns it; the page stands without it while that is away."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from fastapi import Request

from services.desk import case_view, casefile_view
from services.desk.commands import Casework
from services.desk.people import Session
from services.desk.presenting import Presenter
from services.kernel.http import Problem
from services.kernel.process import Process


async def parts_of(
    request: Request, session: Session, reference: str, reports: Sequence[dict[str, Any]], now: datetime
) -> dict[str, Any]:
    """Tasks, people and proposals; without them, the people whom the shown reports name, so that no care is lost."""
    hub: Process = request.app.state.hub
    presenter: Presenter = request.app.state.presenter
    casework: Casework = request.app.state.casework
    try:
        found = await casework.read(hub, session, f"cases/{reference}/parts")
    except Problem:
        found = None
    if found is None:
        alone = {"people": case_view.people(reports, now), "tasks": [], "tasks_ended": 0, "proposals": [], "drafts": []}
        alone |= {"nameless": casefile_view.nameless(())}
        return alone | {"case_reports": [each["reference"] for each in reports], "parts_away": True}
    return {
        "people": casefile_view.people(found["people"], now),
        "tasks": casefile_view.tasks(presenter, found["tasks"], now),
        "tasks_ended": casefile_view.ended(found["tasks"]),
        "proposals": casefile_view.proposals(found["proposals"]),
        "case_reports": found["reports"],
        "drafts": found["drafts"],
        "nameless": casefile_view.nameless(found["withheld"]),
        "parts_away": False,
    }
