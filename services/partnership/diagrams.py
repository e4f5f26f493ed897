"""Draws each panel's process from its data into docs/panels: `python -m services.partnership.diagrams`.

A page has the state diagram (Mermaid), the same as a table, the ratings with their clocks and where they come from.
"""

from collections.abc import Iterator
from pathlib import Path

from services.partnership.entries import Route
from services.partnership.loading import load_partnership
from services.partnership.models import Partnership
from services.partnership.process_rules import ENDED
from services.partnership.processes import Process, Transition
from services.partnership.values import Clock

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "docs" / "panels"
LUTON = ROOT / "partnerships" / "luton"


def pages(partnership: Partnership) -> dict[str, str]:
    """The pages by file name: one for each process, and a list of the routes."""
    drawn = {f"{process.code}.md": _page(process, partnership) for process in partnership.processes}
    return drawn | {"README.md": _contents(partnership)}


def _page(process: Process, partnership: Partnership) -> str:
    lines = [
        f"# {process.name}",
        "",
        f"{_standing(process)} Source: {process.source}.",
        "",
        "Drawn from the partnership's files by `make panels`; do not edit it here.",
        "",
        "```mermaid",
        *_diagram(process),
        "```",
        "",
        "| step | command | from | to | who |",
        "|---|---|---|---|---|",
        *(_row(step) for step in process.transitions),
        "",
        *_ratings(process),
        *_lists(process),
        _silence(process),
        *([f"A plan is reviewed every {_clock(process.review)}."] if process.review else []),
        "",
        "Used by: " + ", ".join(route.name for route in _routes(partnership) if route.process == process.code) + ".",
    ]
    return "\n".join(lines) + "\n"


def _silence(process: Process) -> str:
    asked, further = _clock(process.information), _clock(process.second_silence)
    return f"An agency that is asked has {asked}. The duty manager is told {further} after the alternate lead."


def _standing(process: Process) -> str:
    return "Policy." if process.is_policy else "A default, not the partnership's policy."


def _routes(partnership: Partnership) -> tuple[Route, ...]:
    return (*partnership.panels, *partnership.destinations)


def _diagram(process: Process) -> Iterator[str]:
    yield "stateDiagram-v2"
    yield "    [*] --> draft: write a draft"
    yield "    draft --> awaiting_approval: send, where the route asks for approval"
    yield "    awaiting_approval --> draft: refuse"
    yield f"    awaiting_approval --> {_id(process.first.code)}: approve"
    yield f"    draft --> {_id(process.first.code)}: send"
    yield f"    [*] --> {_id(process.first.code)}: send"
    for stage in process.stages:
        yield f"    {_id(stage.code)}: {stage.name} ({stage.status}, clock {stage.clock})"
    for step in process.transitions:
        yield from (
            f"    {_id(start)} --> {_id(step.to or start)}: {step.step or step.command}" for start in step.from_
        )
    yield from (f"    {_id(stage.code)} --> [*]" for stage in process.stages if stage.status in ENDED)


def _id(code: str) -> str:
    return code.replace("-", "_")


def _row(step: Transition) -> str:
    who = ", ".join(step.by) + (f"; qualified in {step.qualification}" if step.qualification else "")
    command = f"{step.command} {step.step}" if step.step else step.command
    return f"| {step.name} | {command} | {', '.join(step.from_)} | {step.to or 'stays'} | {who} |"


def _ratings(process: Process) -> Iterator[str]:
    if not process.ratings:
        return
    yield from ("| rating | clock from receipt | partner returns | standing | source |", "|---|---|---|---|---|")
    for each in process.ratings:
        returns = _clock(each.returns) if each.returns else "as any question"
        yield f"| {each.name} | {_clock(each.clock)} | {returns} | {each.status} | {each.source} |"
    yield ""


def _lists(process: Process) -> Iterator[str]:
    for title, choices in (("Decisions", process.decisions), ("Outcomes", process.outcomes)):
        if choices:
            yield f"{title}: " + "; ".join(f"{each.name} (`{each.code}`)" for each in choices) + "."
            yield ""


def _clock(clock: Clock) -> str:
    hours = clock.minutes / 60
    amount = f"{hours:g} hours" if hours < 336 else f"{hours / 24:g} days"
    where = {"elapsed": "on the wall", "agency": "in the agency's own hours"}
    return f"{amount} {where.get(clock.calendar, f'of {clock.calendar}')}"


def _contents(partnership: Partnership) -> str:
    lines = [
        "# Panels and other routes",
        "",
        "What a case can be referred to, as the partnership's files have it. A new panel is a file in the folder",
        "`panels` of the partnership, with its panel and its process; run `make panels` after a change.",
        "",
        "| route | arrives at | process | consent | approval | first answer |",
        "|---|---|---|---|---|---|",
    ]
    for route in _routes(partnership):
        process = f"[{route.process}]({route.process}.md)"
        arrives = partnership.agency(route.receives).name
        first = _clock(route.first_answer)
        lines.append(f"| {route.name} | {arrives} | {process} | {route.consent} | {route.approval} | {first} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Write all of them."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, text in pages(load_partnership(LUTON)).items():
        (FOLDER / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
