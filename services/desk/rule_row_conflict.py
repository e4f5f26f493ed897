"""Two people changed one row of the rules: what was, what stands now and hers, cell by cell, and nothing is lost."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from services.desk.conflict_page import read_was, side_by_side
from services.desk.rules_view import in_words
from services.partnership.table_file import TableRow

TEXT = "text"
REMOVED = "The row was taken out while you were writing, and nothing was saved. Saving adds it again, as you wrote it."
ADDED = "A row of this name was added while you were writing, and yours was not saved. Saving puts yours in its place."
CHANGED = (
    "The row was changed while you were writing, and nothing was saved. What only the other one changed is in the form "
    "now; where you changed the same, the form has yours."
)
ELSEWHERE = "The version was changed meanwhile, but not this row. It is below as you wrote it: save again to keep it."
UNCHANGED = "Nothing was changed: you saved the row as it was."


def cells_of(row: TableRow | None) -> dict[str, str]:
    """A row's words and cells by the names of the form's fields; nothing for a row that is not there."""
    if row is None:
        return {}
    return {TEXT: row.text} | {f"cell-{column}": cell for column, cell in {**row.conditions, **row.answers}.items()}


@dataclass(frozen=True, slots=True)
class Sides:
    """A row as her form first showed it, as it stands now, and as she wrote it: by the names of the form's fields."""

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
        """What became of the row meanwhile, in a sentence; empty where nothing did."""
        if not self.theirs:
            return ""
        return CHANGED if self.was and self.now else REMOVED if self.was else ADDED

    def rows(self, labels: Mapping[str, str]) -> list[dict[str, Any]]:
        """Each cell that differs, side by side in plain words; none where nobody else changed the row."""
        if not self.theirs:
            return []
        sides = {name: (self.was.get(name, ""), self.now.get(name, ""), self.mine[name]) for name in self.mine}
        return [
            side_by_side(labels[name], *_in_words(name, cells)) for name, cells in sides.items() if len(set(cells)) > 1
        ]


def sides_of(row: TableRow | None, form: Mapping[str, str]) -> Sides:
    """The sides of a form; one that does not say what it showed, or was not filled in yet, differs in nothing."""
    now = cells_of(row)
    was = {name: str(cell) for name, cell in read_was(form["was"]).items()} if form.get("was") else now
    names = dict.fromkeys((TEXT, *now, *was, *(name for name in form if name.startswith("cell-"))))
    return Sides(was, now, {name: form.get(name, was.get(name, "")) for name in names})


def _in_words(name: str, cells: tuple[str, ...]) -> tuple[str, ...]:
    """Cells in plain words, or as they are written where two that differ would read the same."""
    said = tuple(each if name == TEXT else in_words(each) for each in cells)
    return said if len(set(said)) == len(set(cells)) else cells
