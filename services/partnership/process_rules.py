"""Rules of a panel's process: it begins sent, every stage can be reached and left, and no step leads nowhere."""

from collections.abc import Iterator
from typing import Literal

from schemas.codes import ReferralStatus
from services.partnership.documents import Place, Report
from services.partnership.models import Partnership
from services.partnership.processes import FormField, Process, Stage, Transition
from services.partnership.values import ELAPSED, Clock

ENDED = (ReferralStatus.CONCLUDED, ReferralStatus.DECLINED, ReferralStatus.WITHDRAWN, ReferralStatus.ESCALATED)
AGENCY = "agency"
"""The calendar word for the hours of the agency that is asked."""
NEEDED = ("accept", "decline", "request-information", "return-information", "conclude", "withdraw")
Fault = tuple[Place, str]


def process_faults(partnership: Partnership, report: Report) -> None:
    """Report every rule of a process that is broken, and routes that share a code."""
    calendars = {ELAPSED, AGENCY, *(calendar.code for calendar in partnership.calendars)}
    for i, process in enumerate(partnership.processes):
        for place, message in (*_stages(process), *_steps(process), *_clocks(process, calendars)):
            report("processes", (i, *place), message)
    _gateways(partnership, report)
    panels = {panel.code for panel in partnership.panels}
    for i, destination in enumerate(partnership.destinations):
        if destination.code in panels:
            report("destinations", (i, "code"), f"`{destination.code}` is a panel's code too; rename one")


def _gateways(partnership: Partnership, report: Report) -> None:
    """Where a gateway is named, it and nobody else leads on from the first stage; a step of a gateway has one."""
    gated = {process.code: _gate(process) for process in partnership.processes}
    for section in ("panels", "destinations"):
        for i, route in enumerate(getattr(partnership, section)):
            gate = gated.get(route.process, "none")
            if getattr(route, "gateway", None) is None and gate != "none":
                report(
                    section, (i, "process"), f"`{route.process}` has a step of a gateway; name one, or another process"
                )
            elif getattr(route, "gateway", None) is not None and gate != "first":
                message = f"the first stage of `{route.process}` must be left by: [gateway] alone, else it is passed by"
                report(section, (i, "gateway"), message)


def _gate(process: Process) -> Literal["none", "first", "open"]:
    if not any("gateway" in step.by for step in process.transitions):
        return "none"
    answers = ("advance", "accept", "decline", "schedule", "discuss", "agree-plan", "conclude", "escalate")
    onward = [step for step in process.steps_from(process.first.code) if step.command in answers]
    shut = all(step.by == ("gateway",) for step in onward)
    return "first" if shut and any(step.command == "advance" for step in onward) else "open"


def _stages(process: Process) -> Iterator[Fault]:
    codes = [stage.code for stage in process.stages]
    if process.first.status is not ReferralStatus.SENT or process.first.clock != "runs":
        yield ("stages", 0), "the first stage is where a referral stands when it is sent: status sent, clock runs"
    for j, stage in enumerate(process.stages):
        if stage.code in codes[:j]:
            yield ("stages", j, "code"), f"`{stage.code}` stands twice; rename or remove one"
        if message := _way_out(process, stage):
            yield ("stages", j), message
    for code in sorted(set(codes) - _reached(process)):
        yield ("stages", codes.index(code)), f"no step leads to `{code}`; add one or remove it"


def _way_out(process: Process, stage: Stage) -> str | None:
    steps = process.steps_from(stage.code)
    if stage.status in ENDED:
        return f"`{stage.code}` is an end: no step begins there" if steps else None
    leads_on = any(step.to not in (None, stage.code) for step in steps)
    return None if leads_on else f"`{stage.code}` cannot be left; give it a step that leads on"


def _reached(process: Process) -> set[str]:
    reached, before = {process.first.code}, set[str]()
    while reached != before:
        before = set(reached)
        reached |= {step.to for step in process.transitions if step.to and set(step.from_) & before}
    return reached


def _steps(process: Process) -> Iterator[Fault]:
    codes = {stage.code for stage in process.stages}
    for j, step in enumerate(process.transitions):
        for code in (*step.from_, *([step.to] if step.to else [])):
            if code not in codes:
                yield ("transitions", j), f"no stage is called `{code}`; correct it or add the stage"
        yield from (((("transitions", j), message)) for message in _step(process, step))
    commands = {step.command for step in process.transitions}
    for command in NEEDED:
        if command not in commands:
            yield ("transitions",), f"no step is a `{command}`: clients may send it; add one"


def _step(process: Process, step: Transition) -> Iterator[str]:
    if (step.command == "advance") != (step.step is not None):
        yield "`advance`, and it alone, has a `step`: the process's own word for it"
    if step.command == "rate" and not process.ratings:
        yield "it rates, but the process has no `ratings`"
    if step.command == "review-plan" and process.review is None:
        yield "it reviews, but the process has no `review` clock"
    yield from _fields(step.fields)


def _fields(fields: tuple[FormField, ...]) -> Iterator[str]:
    for field in fields:
        if (field.kind == "choice") != bool(field.choices):
            yield f"`{field.code}`: a choice, and it alone, has `choices`"


def _clocks(process: Process, calendars: set[str]) -> Iterator[Fault]:
    clocks: list[tuple[Place, Clock | None]] = [
        (("information",), process.information),
        (("second_silence",), process.second_silence),
        (("review",), process.review),
    ]
    for j, rating in enumerate(process.ratings):
        clocks += [(("ratings", j, "clock"), rating.clock), (("ratings", j, "returns"), rating.returns)]
    for place, clock in clocks:
        if clock is not None and clock.calendar not in calendars:
            yield place, f"no calendar is called `{clock.calendar}`; add it"
