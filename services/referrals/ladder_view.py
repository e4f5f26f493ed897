"""A case's ladder as clients see it: help, steps taken, and what stands in the way of each other step."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from services.partnership.ladder import Instrument
from services.partnership.models import Partnership
from services.referrals.domain import ladder_guard
from services.referrals.domain.ladder_guard import Step
from services.referrals.domain.parts import CasePerson
from services.referrals.domain.state import Case

ABOUT = ("subject", "suspect")


def ladder(
    case: Case,
    people: Sequence[CasePerson],
    partnership: Partnership,
    *,
    officer: str,
    subject: str | None,
    now: datetime,
) -> dict[str, Any]:
    """For one person of the case: the one that is named, else the first whom the case is about."""
    about = [each for each in people if each.state.role in ABOUT]
    person = next((each for each in people if str(each.state.person_id) == subject), about[0] if about else None)
    identity = str(person.state.person_id) if person else None
    day = partnership.day(now)
    in_force = [each for each in partnership.instruments if each.in_force(day)]
    return {
        "subject": identity,
        "subjects": [str(each.state.person_id) for each in about],
        "help": [each.model_dump(mode="json") for each in case.support if each.subject in (identity, None)],
        "taken": [each.model_dump(mode="json") for each in case.ladder if each.subject in (identity, None)],
        "steps": [
            _step(each, case, person, partnership, officer, now)
            for each in sorted(in_force, key=lambda each: (each.order, each.code))
            if each.order > 0
        ],
    }


def _step(
    instrument: Instrument, case: Case, person: CasePerson | None, partnership: Partnership, officer: str, now: datetime
) -> dict[str, Any]:
    found = _unmet(instrument, case, person, partnership, officer, now)
    return {
        "instrument": instrument.code,
        "name": instrument.name,
        "order": instrument.order,
        "against": instrument.against,
        "source": instrument.source,
        "policy": instrument.is_policy,
        "lasts": instrument.lasts,
        "amount": instrument.amount,
        "lawful": not any(each["kind"] == "law" for each in found),
        "unmet": found,
        "fields": [field.model_dump(mode="json") for field in instrument.fields],
    }


def _unmet(
    instrument: Instrument, case: Case, person: CasePerson | None, partnership: Partnership, officer: str, now: datetime
) -> list[dict[str, Any]]:
    """As if the caller took it now; a conviction or a rank is hers to show when she does."""
    who = ladder_guard.person_of(partnership, officer)
    if who is None:
        return []
    identity = str(person.state.person_id) if person and instrument.against == "person" else None
    day = partnership.day(now)
    step = Step(
        day=day,
        age=ladder_guard.age_of(person.personal if person else {}, day),
        officer=who,
        authorised_by=who,
        conviction=False,
        taken=ladder_guard.about(case.ladder, identity),
        support=tuple(each for each in case.support if each.subject in (identity, None)),
    )
    return [asdict(each) for each in ladder_guard.unmet(instrument, step, partnership)]
