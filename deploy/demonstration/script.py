"""Reads the demonstration's script: places, background reports and stories, as values."""

import json
import re
from pathlib import Path
from random import Random
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict
from ruamel.yaml import YAML

FOLDER = Path(__file__).parent
_NUMBER = re.compile(r"(?<=07700 900)\d{3}")
"""Of the telephone numbers that Ofcom keeps for fiction."""


class Scripted(BaseModel):
    """Part of the script."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Place(Scripted):
    """A street with one public position."""

    street: str
    latitude: float
    longitude: float


class Background(Scripted):
    """A report of an ordinary day."""

    channel: Literal["101", "online", "partner"]
    category: str
    text: str
    where: Literal["town", "anywhere"] = "anywhere"
    key: str | None = None


class Step(Scripted):
    """What happens in a story, `at` seconds after its round began: a report, a partner's file, or a poisoned record."""

    at: float
    channel: Literal["101", "online", "partner"] = "partner"
    category: str = "other"
    street: str = ""
    text: str = ""
    key: str | None = None
    danger_now: bool = False
    wants_updates: bool = False
    people: tuple[dict[str, Any], ...] = ()
    file: str | None = None
    poison: bool = False
    """A record that nobody can read, on the partners' topic: once, not in every round."""
    ago: float = 0
    """Minutes by which it was received before it is sent: a demonstration lays it in the past."""
    case: Literal["story", "earlier", "left"] = "story"
    """Who goes on in its case: the story's people; nobody but who closes it, as it was over before; or nobody."""


class Story(Scripted):
    """One story of the script."""

    number: int
    title: str
    steps: tuple[Step, ...]


class Script(Scripted):
    """The whole script; `town` is how many of the places, from the first on, lie in the town centre."""

    places: tuple[Place, ...]
    reports: tuple[Background, ...]
    stories: tuple[Story, ...]
    cast: dict[str, tuple[str, ...]] = {}
    """Whom a repeated story is about, in turn, by the name that stands in the script."""
    town: int = 8

    def place(self, street: str, turn: int = 0) -> Place:
        """The place of a street, or so many places on of the same kind; `StopIteration` for an unknown street."""
        found = next(number for number, place in enumerate(self.places) if place.street == street)
        first, last = (0, self.town) if found < self.town else (self.town, len(self.places))
        return self.places[first + (found - first + turn) % (last - first)]

    def recast(self, step: Step, turn: int) -> Step:
        """The step about the other people of that turn; about the script's own where it is 0."""
        if turn == 0:
            return step
        words = step.model_dump_json()
        for name, others in self.cast.items():
            other = others[turn % len(others)]
            words = words.replace(name, other).replace(f"{name.split()[0]} ", f"{other.split()[0]} ")
            words = words.replace(f"{name.split()[0]}?", f"{other.split()[0]}?")
            words = words.replace(_in_address(name), _in_address(other))
        words = _NUMBER.sub(lambda found: f"{(int(found[0]) + 1 + turn % 900) % 1000:03}", words)
        return Step.model_validate_json(words)

    def somewhere(self, background: Background, random: Random) -> Place:
        """A place where such a report comes from."""
        return random.choice(self.places[: self.town] if background.where == "town" else self.places[self.town :])


def _in_address(name: str) -> str:
    return name.lower().replace(" ", ".")


def read_script(folder: Path = FOLDER) -> Script:
    """The script of a folder's three files."""
    yaml = YAML(typ="safe")
    merged: dict[str, Any] = {}
    for name in ("places", "background", "stories"):
        merged |= yaml.load((folder / f"{name}.yaml").read_text())
    return Script.model_validate(merged)


def body(
    step: Step | Background, place: Place, source_id: str, occurred_at: str, round_number: int = 0
) -> dict[str, Any]:
    """A report as a client sends it (`product.md`, "A report")."""
    made: dict[str, Any] = {
        "source_id": source_id,
        "occurred_at": occurred_at,
        "category": step.category,
        "description": step.text,
        "place": {"text": f"On or near {place.street}", "latitude": place.latitude, "longitude": place.longitude},
    }
    if isinstance(step, Step):
        people = [person | {"id": str(person["id"]).replace("{n}", str(round_number))} for person in step.people]
        flags = {"danger_now": step.danger_now, "wants_updates": step.wants_updates}
        made |= {name: True for name, on in flags.items() if on} | ({"people": people} if people else {})
    return made


def housing_file(round_number: int) -> bytes:
    """A housing provider's file of 40 rows, of which 3 are bad: a missing id, a bad month, an unknown field."""
    rows = []
    for row in range(40):
        one: dict[str, Any] = {
            "source_id": f"housing-file-{round_number}-{row}",
            "occurred_month": "2025-09",
            "category": "rowdy-neighbours",
            "description": f"Tenancy record {row}: noise complaint logged, letter sent, no further contact.",
        }
        bad = {7: {"source_id": ""}, 19: {"occurred_month": "2025-13"}, 31: {"colour": "red"}}
        rows.append(one | bad.get(row, {}))
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)
