"""What a reader's sharing agreement lets her see of a case that is hers to see: one filter for page, API and pack.

Which cases she sees at all is decided before, by row-level security. Here each part of the personal data is withheld
that `sharing.yaml` does not name for her agency and the case's themes; a field that no part claims is withheld too.
What her own agency wrote, and what it was asked, it may read.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from services.access.callers import Caller
from services.partnership.models import Partnership
from services.partnership.rules import Part

SHOWN: frozenset[Part] = frozenset({"names", "contact", "date-of-birth", "text", "exact-place"})
"""The parts that any view shows, and so says of whether they are withheld; the others are shown to nobody yet."""
BETWEEN, NO_PLACE, WITHHELD = " · ", "place not known", "place withheld"
"""A case's title is kind, street and count with this between; what stands there without a street, and in its place."""
_OF_PLACE = ("street", "cell")
_OF_PERSON: Mapping[str, Part] = {
    "name": "names",
    "date_of_birth": "date-of-birth",
    "age": "date-of-birth",
    "contact": "contact",
}
"""A person's fields; the others (role, whether contact is safe, consent, under 18) say what care is needed."""
_CARE = frozenset({"id", "person", "role", "safe", "under_18", "consent", "interpreter", "by_hand", "asserted"})
_WORDS = ("description", "text", "reason", "question", "answer", "what", "plan", "note", "withdrawn_reason", "thrive")
_OF_EVENT: Mapping[str, Part] = {
    **dict.fromkeys((*_WORDS, "fields", "because"), "text"),
    "place": "exact-place",
    "attributes": "attributes",
}


@dataclass(frozen=True, slots=True)
class Sight:
    """The parts that one reader sees of one case; None where nothing is withheld."""

    parts: frozenset[Part] | None
    agency: str | None = None
    reader: str = ""

    @property
    def withheld(self) -> list[str]:
        """The parts that she does not see, by name."""
        return [] if self.parts is None else sorted(SHOWN - self.parts)

    def within(self, other: "Sight") -> "Sight":
        """What she sees by this one and by the other alike."""
        if self.parts is None or other.parts is None:
            return other if self.parts is None else self
        return replace(self, parts=self.parts & other.parts)

    def sees(self, part: Part | None, *, own: bool = False) -> bool:
        """Whether she sees that part; of what is her own agency's, all."""
        return own or self.parts is None or part in self.parts

    def person(self, person: Mapping[str, Any]) -> dict[str, Any]:
        """A person without the fields that are withheld."""
        return {field: value for field, value in person.items() if field in _CARE or self.sees(_OF_PERSON.get(field))}

    def people(self, people: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Several of them."""
        return [self.person(each) for each in people]

    def fields(self, fields: Mapping[str, Any], *, own: bool = False) -> dict[str, Any]:
        """The fields of an event's or a report's personal part."""
        shown = {name: value for name, value in fields.items() if self.sees(_OF_EVENT.get(name), own=own)}
        if "people" in fields:
            shown["people"] = self.people(fields["people"] or ())
        if "person" in fields and not own:
            shown["person"] = self.person(fields["person"] or {})
        return shown

    def event(self, event: Mapping[str, Any]) -> dict[str, Any]:
        """An event of a case as it lies on the topic, with what she sees of its personal part."""
        personal = event.get("personal")
        if not personal or self.parts is None:
            return dict(event)
        # What a report tells is its sender's, whoever brought it into the case.
        by, asked = (event.get("by") or {}).get("agency"), (event.get("changed") or {}).get("asked")
        own = self.agency is not None and self.agency in (by, asked) and not event.get("report")
        return dict(event) | {"personal": {**personal, "fields": self.fields(personal.get("fields") or {}, own=own)}}

    def events(self, events: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Several of them."""
        return [self.event(each) for each in events]

    def title(self, title: str) -> str:
        """A case's title, without its street where exact places are withheld."""
        kind, street, count = _apart(title)
        hidden = bool(street) and street != NO_PLACE and not self.sees("exact-place")
        return BETWEEN.join((kind, WITHHELD, count)) if hidden else title

    def case(self, state: Mapping[str, Any]) -> dict[str, Any]:
        """A case's state as pages read it: its title, and where it is."""
        return self.placed(state) | {"title": self.title(str(state["title"]))}

    def placed(self, facts: Mapping[str, Any]) -> dict[str, Any]:
        """Facts that name a place, without it where exact places are withheld."""
        if self.sees("exact-place"):
            return dict(facts)
        return {field: None if field in _OF_PLACE else value for field, value in facts.items()}

    def task(self, task: Mapping[str, Any]) -> dict[str, Any]:
        """A task; what is to be done is told to who is to do it, and to her agency."""
        mine = task.get("person") == self.reader or (self.agency is not None and task.get("agency") == self.agency)
        return dict(task) | ({} if self.sees("text", own=mine) else {"what": None})

    def referral(self, referral: Mapping[str, Any]) -> dict[str, Any]:
        """A referral: why, and the route's personal fields, which may hold names, are its sender's words."""
        own = self.agency is not None and referral.get("from_agency") == self.agency
        shown = dict(referral) | ({} if self.sees("text", own=own) else {"reason": None})
        fields_shown = self.sees("text", own=own) and self.sees("names", own=own)
        return shown | ({} if fields_shown else {"personal": {}})

    def hanging(self, parts: Mapping[str, Any]) -> dict[str, Any]:
        """What hangs on a case: its people and tasks, with what is withheld named."""
        shown = {"people": self.people(parts["people"]), "tasks": [self.task(each) for each in parts["tasks"]]}
        return dict(parts) | shown | {"withheld": self.withheld}


def _apart(title: str) -> tuple[str, str, str]:
    """Kind, street and count of a title; a street may hold the sign that stands between them."""
    kind, _, rest = title.partition(BETWEEN)
    street, _, count = rest.rpartition(BETWEEN)
    return kind, street, count


NOTHING_PERSONAL = Sight(frozenset())


def sight_of(caller: Caller, themes: Iterable[str], partnership: Partnership) -> Sight:
    """What the caller sees of a case of these themes: nothing personal without a rule for her agency."""
    parts = None if caller.sees_all else partnership.parts_shown_to(caller.agency or "", themes)
    return Sight(parts, caller.agency, caller.id)
