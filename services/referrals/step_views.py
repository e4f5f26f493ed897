"""The steps that a referral's process has from where it stands, and which of them the reader may take herself."""

from typing import Any

from services.access.callers import Caller
from services.partnership.models import Partnership
from services.partnership.processes import Transition
from services.referrals.domain.routes import process_of, stage_of
from services.referrals.domain.standing import Looking, may, qualified
from services.referrals.domain.state import Case, Referral


def step_view(step: Transition) -> dict[str, Any]:
    """A step: its command, who may take it, and what it asks for."""
    return {"command": step.command, "step": step.step, "name": step.name, "to": step.to, "by": list(step.by)} | {
        "qualification": step.qualification,
        "fields": [field.model_dump(mode="json") for field in step.fields],
    }


def steps_for(caller: Caller, case: Case, referral: Referral, partnership: Partnership) -> list[dict[str, Any]]:
    """Every step from here; `mine` is true where the caller may take it and is qualified to."""
    process = process_of(partnership, referral.state)
    looking = Looking(caller.actor(), tuple(sorted(caller.agencies)), caller.sees_all)
    return [
        step_view(step)
        | {"mine": may(step, case, referral, looking, partnership) and qualified(step, looking, partnership)}
        for step in process.steps_from(stage_of(process, referral.state).code)
    ]
