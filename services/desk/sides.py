"""Two people changed one thing of the rules: what was, what stands now and hers, field by field; nothing is lost."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from services.desk.commands import Outcome
from services.desk.conflict_page import read_was, side_by_side

REMOVED = "The {} was taken out while you were writing, and nothing was saved. Saving adds it again, as you wrote it."
ADDED = "A {} of this name was added while you were writing, and yours was not saved. Saving puts yours in its place."
CHANGED = (
    "The {} was changed while you were writing, and nothing was saved. What only the other one changed is in the form "
    "now; where you changed the same, the form has yours."
)
ELSEWHERE = "The version was changed meanwhile, but not this {}. It is below as you wrote it: save again to keep it."
UNCHANGED = "Nothing was changed: you saved the {} as it was."


@dataclass(frozen=True, slots=True)
class Sides:
    """A row, or a golden case, as her form first showed it, as it stands now, and as she wrote it: field by field.

    `thing` is what sentences call it.
    """

    thing: str
    was: Mapping[str, str]
    now: Mapping[str, str]
    mine: Mapping[str, str]

    @property
    def hers(self) -> bool:
        """Whether she changed anything."""
        return any(self.mine[name] != self.was.get(name, "") for name in self.mine)

    @property
    def theirs(self) -> bool:
        """Whether somebody else did."""
        return dict(self.was) != dict(self.now)

    @property
    def merged(self) -> dict[str, str]:
        """What the form holds: hers where she changed it, what stands now elsewhere; all hers where a side is none."""
        if not self.was or not self.now:
            return dict(self.mine)
        return {name: self.now[name] if mine == self.was.get(name) else mine for name, mine in self.mine.items()}

    def said(self) -> str:
        """What became of it meanwhile, in a sentence; empty where nothing did."""
        if not self.theirs:
            return ""
        return (CHANGED if self.was and self.now else REMOVED if self.was else ADDED).format(self.thing)

    def rows(
        self, labels: Mapping[str, str], words: Callable[[str, str], str] = lambda _, value: value
    ) -> list[dict[str, Any]]:
        """Each field that differs, side by side; none where nobody else changed it.

        `words` says a field's value plainly; where two that differ would read the same, they stand as they are written.
        """
        if not self.theirs:
            return []
        sides = {name: (self.was.get(name, ""), self.now.get(name, ""), self.mine[name]) for name in self.mine}
        return [
            side_by_side(labels[name], *_plainly(name, values, words))
            for name, values in sides.items()
            if len(set(values)) > 1
        ]


def sides_of(thing: str, now: Mapping[str, str], form: Mapping[str, str], names: Mapping[str, Any]) -> Sides:
    """The sides of a form's fields `names`; one that does not say what it showed, or is not filled in, is as it was."""
    was = {name: str(value) for name, value in read_was(form["was"]).items()} if form.get("was") else now
    every = dict.fromkeys((*names, *now, *was))
    return Sides(thing, was, now, {name: form.get(name, was.get(name, "")) for name in every})


def problems(meanwhile: str, thing: str, refusal: Outcome | None, wrong: Sequence[str]) -> list[str]:
    """What a form that comes back says: what became of the thing meanwhile, and what is `wrong` with hers."""
    said = [meanwhile] if meanwhile else []
    if refusal is not None and refusal.conflict:
        return said or [ELSEWHERE.format(thing)]
    return [*said, *wrong]


def _plainly(name: str, values: tuple[str, ...], words: Callable[[str, str], str]) -> tuple[str, ...]:
    said = tuple(words(name, value) for value in values)
    return said if len(set(said)) == len(set(values)) else values
