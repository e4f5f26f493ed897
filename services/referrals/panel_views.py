"""A panel's board as clients get it: each referral with its case, whom it waits for, and help beside enforcement."""

from datetime import datetime
from typing import Any

from services.access.sharing import sight_of
from services.partnership.entries import Panel
from services.referrals import ladder_view, views
from services.referrals.domain.ladder_guard import age_of
from services.referrals.domain.parts import CasePerson
from services.referrals.domain.routes import process_of, stage_of
from services.referrals.domain.state import Referral
from services.referrals.meeting_sharing import Reader
from services.referrals.panel_repository import OnBoard
from services.referrals.step_views import steps_for

UNDER = 18


def row(found: OnBoard, panel: Panel, reader: Reader, now: datetime) -> dict[str, Any]:
    """One referral; names and ages as the reader's sharing agreement allows, the ladder where the panel shows it."""
    partnership = reader.partnership
    process = process_of(partnership, found.referral.state)
    stage = stage_of(process, found.referral.state)
    people = [each for each in found.people if not each.gone]
    made = {
        "referral": views.referral_view(found.referral),
        "case": views.case_summary(found.case, now, reader.sight(found.case.state.themes)) | {"reports": found.reports},
        "stage": stage.name,
        "steps": steps_for(reader.caller, found.case, found.referral, partnership),
        "person": _person(people, found, reader, now),
        **_waits(found.referral),
    }
    if panel.ladder:
        made["ladder"] = ladder_view.ladder(
            found.case, people, partnership, officer=reader.caller.id, subject=None, now=now
        )
    return made


def _waits(referral: Referral) -> dict[str, Any]:
    state = referral.state.model_dump(
        mode="json", include={"scheduled_at", "meeting", "plan", "under_18", "information"}
    )
    asked = [each for each in state.pop("information") if not each["returned_at"]]
    return state | {"asked": [{"agency": each["agency"], "due_at": each["due_at"]} for each in asked]}


def _person(people: list[CasePerson], found: OnBoard, reader: Reader, now: datetime) -> dict[str, Any] | None:
    """Whom the case is about; that one of them is a child is never withheld, since it changes what is lawful."""
    about = [each for each in people if each.state.role in ladder_view.ABOUT]
    if not about:
        return None
    sight = sight_of(reader.caller, found.case.state.themes, reader.partnership)
    day = reader.partnership.day(now)
    ages = [age_of(each.personal, day) for each in about]
    return {
        "name": about[0].personal.get("name") if sight.sees("names") else None,
        "age": ages[0].years if sight.sees("date-of-birth") else None,
        "child": any(age.at_least(UNDER) is False for age in ages),
        "more": len(about) - 1,
    }


def counted(found: dict[str, tuple[int, int]]) -> dict[str, Any]:
    """How many stand where, by status, and how many open ones are overdue."""
    return {
        "by_status": {status: n for status, (n, _) in sorted(found.items())},
        "open": sum(n for status, (n, _) in found.items() if status != "concluded"),
        "overdue": sum(late for status, (_, late) in found.items() if status != "concluded"),
    }
