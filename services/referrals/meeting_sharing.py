"""What of a meeting's words an attendee may read: her agency's sharing agreement, for packs and minutes alike."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from services.access.callers import Caller
from services.partnership.models import Partnership

NAMES = {"name": "names", "date_of_birth": "date-of-birth", "age": "date-of-birth", "contact": "contact"}
"""A person's fields, and the part of a sharing rule by which an agency sees each."""
WITHHELD = frozenset({"names", "contact", "date-of-birth", "text"})
"""The parts that a pack names when it holds them back."""


@dataclass(frozen=True, slots=True)
class Reader:
    """Who reads, and what her agency's agreement lets her see."""

    caller: Caller
    partnership: Partnership

    def parts(self, themes: Iterable[str]) -> frozenset[str] | None:
        """The parts of a case of these themes; None for who sees everything."""
        if self.caller.sees_all:
            return None
        return frozenset(self.partnership.parts_shown_to(self.caller.agency or "", themes))

    def reads_words(self, themes: Iterable[str]) -> bool:
        """Whether she may read what people wrote of such a case."""
        parts = self.parts(themes)
        return parts is None or "text" in parts

    def does(self, person: str) -> bool:
        """Whether it is hers to do: nobody can do what she may not read."""
        return self.caller.id == person


def filtered(pack: Mapping[str, Any], parts: frozenset[str] | None) -> dict[str, Any]:
    """The pack without what the reader's agreement withholds; None withholds nothing."""
    if parts is None:
        return dict(pack) | {"withheld": []}
    words = "text" in parts
    people = [
        {field: value for field, value in person.items() if NAMES.get(field) is None or NAMES[field] in parts}
        for person in pack["people"]
    ]
    timeline = [entry | ({} if words else {"why": None}) for entry in pack["timeline"]]
    tasks = [task | ({} if words else {"what": None}) for task in pack["tasks"]]
    referral = dict(pack["referral"])
    referral |= {} if words else {"reason": None}
    referral |= {} if {"names", "text"} <= parts else {"personal": {}}
    shown = {"people": people, "timeline": timeline, "tasks": tasks, "referral": referral}
    return dict(pack) | shown | {"withheld": sorted(WITHHELD - parts)}
