"""What people do in a story once its reports have come: each step as a value, and the request that it becomes. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import Field
from ruamel.yaml import YAML

from deploy.demonstration.script import FOLDER, Scripted

FILE = FOLDER / "plays.yaml"
VERSIONED = ("attendance", "decision", "sign-off")
"""Commands of a meeting that name the version that was seen."""
AGAIN = ("version-stale", "already-scheduled")
"""Somebody was quicker, or that minute is taken: look again and try again."""
TRIES, RETRY_SECONDS = 10, 5.0
REFUSED = 400
EARLIER = 0
"""The play of what was over before a story began: a round may have several."""
DANGER = "Acknowledge the danger"
"""The next action of a case whose danger nobody has seen."""


class Play(Scripted):
    """A step of somebody's: `by` a demonstration key, `on` the case, its meeting, or a referral by its name here.

    `do` is the command; `meetings` schedules one and `read` only looks. `keeps` names what the answer made, for later
    steps. `expects` is the code of a refusal that the story is about. `needs` leaves a step out where that is unknown.
    """

    by: str
    on: str = "case"
    do: str
    body: dict[str, Any] = Field(default_factory=dict)
    keeps: str | None = None
    expects: str | None = None
    needs: str | None = None
    after: float = Field(12.0, description="Seconds after the step before")
    ago: float | None = Field(None, description="Minutes by which the step lies in the past, in a demonstration only")


class Review(Scripted):
    """What the duty manager answers where triage puts a story's report before a person."""

    action: Literal["confirm", "change"] = "confirm"
    themes: tuple[str, ...] = ()
    reason: str = "Confirmed as proposed."


class Plays(Scripted):
    """The later steps of every story, and what is answered where its report waits in review, by its number."""

    plays: dict[int, tuple[Play, ...]]
    reviews: dict[int, Review] = Field(default_factory=dict)


class Progress(Scripted):
    """How far a story's round has come; kept on disk, so that a restart goes on with it."""

    story: int
    round_number: int
    source_id: str
    key: str = Field(description="The key that sent the report whose case it is about")
    began: float = Field(description="Seconds since 1970")
    due: float
    step: int = 0
    tries: int = 0
    names: dict[str, str] = Field(default_factory=dict)
    refused: tuple[str, ...] = Field((), description="Codes of refusals that no step expected")

    @property
    def told(self) -> tuple[int, int, str]:
        """What a round tells once: each story, and each matter that was over before."""
        return self.story, self.round_number, self.source_id if self.story == EARLIER else ""

    def onward(self, now: float, after: float, **names: str) -> "Progress":
        """At the next step, which is due after its own wait."""
        return self.model_copy(
            update={"step": self.step + 1, "tries": 0, "due": now + after, "names": self.names | names}
        )


@dataclass(frozen=True, slots=True)
class Asked:
    """One request to the hub."""

    method: str
    path: str
    key: str
    version: int | None = None
    body: dict[str, Any] | None = None
    ago: float | None = None


def read_plays(file: Path = FILE) -> Plays:
    """What people do in every story. Raises where the file says something that no step is."""
    return Plays.model_validate(YAML(typ="safe").load(file.read_text()))


def looked_at(play: Play, names: Mapping[str, str]) -> str | None:
    """What the step's person reads first, to know its version and whom it is about; None for a new meeting."""
    if play.on == "meetings":
        return None
    if play.on in ("case", "meeting"):
        return f"{'cases' if play.on == 'case' else 'meetings'}/{names[play.on]}"
    return f"referrals/{names[play.on]}"


def known(play: Play, names: Mapping[str, str], seen: Mapping[str, Any]) -> dict[str, str]:
    """The names that a body can stand for: what was kept, and of the case its first person, task, proposal, danger."""
    found = dict(names)
    if play.on == "case":
        for name, rows in (("person", "people"), ("task", "tasks"), ("proposal", "proposals")):
            waiting = [each for each in seen.get(rows, ()) if each.get("status", "open") == "open"]
            if waiting:
                found[name] = str(waiting[0][name])
        if seen.get("next_action") == DANGER:
            found["danger"] = DANGER
    return found


def request_of(play: Play, names: Mapping[str, str], seen: Mapping[str, Any]) -> Asked | None:
    """The step's command at the version that was seen; None where something that it needs is not known."""
    values = known(play, names, seen)
    if play.needs is not None and play.needs not in values:
        return None
    path = looked_at(play, names)
    body: dict[str, Any] = filled(play.body, values)
    if path is None:
        return Asked("POST", "meetings", play.by, body=body)
    if play.do == "read":
        return Asked("GET", path, play.by)
    return Asked("POST", f"{path}/{play.do}", play.by, _version(play, body, seen), body, play.ago)


def _version(play: Play, body: Mapping[str, Any], seen: Mapping[str, Any]) -> int | None:
    if play.on != "meeting":
        return int(seen["version"])
    if play.do == "decision":
        items = {each["referral"]["reference"]: each["referral"] for each in seen["agenda"]}
        return int(items[body["referral"]]["version"]) if body["referral"] in items else None
    return int(seen["version"]) if play.do in VERSIONED else None


def filled(value: Any, values: Mapping[str, str]) -> Any:
    """A body with every `{name}` in it replaced; an unknown name is left as it stands."""
    if isinstance(value, str):
        for name, known_as in values.items():
            value = value.replace(f"{{{name}}}", known_as)
        return value
    if isinstance(value, Mapping):
        return {name: filled(each, values) for name, each in value.items()}
    return value


def answered(play: Play, progress: Progress, status: int, body: Mapping[str, Any], now: float, wait: float) -> Progress:
    """How far the story is after the answer to its step: tried again, gone on, or gone on with a refusal noted."""
    code = str(body.get("code", status))
    refused = status >= REFUSED
    if refused and code in AGAIN and code != play.expects and progress.tries < TRIES:
        return progress.model_copy(update={"tries": progress.tries + 1, "due": now + RETRY_SECONDS})
    onward = progress.onward(now, wait, **({} if refused else _kept(play, body)))
    as_written = code == play.expects if refused else play.expects is None
    return onward if as_written else onward.model_copy(update={"refused": (*progress.refused, code)})


def _kept(play: Play, body: Mapping[str, Any]) -> dict[str, str]:
    if play.keeps is None:
        return {}
    return {play.keeps: str(body["meeting_id"] if play.on == "meetings" else body["reference"])}
