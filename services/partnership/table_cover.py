"""Finds what decision tables leave out together: words that no row takes, or only some reports of them."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any

from services.partnership.cells import ELSE, met_by, probes, words_in
from services.partnership.live_themes import latest_strategy
from services.partnership.models import Partnership
from services.partnership.table_contract import Column, TableContract
from services.partnership.table_file import TableFile, TableRow

UNSAID = frozenset({"other"})
"""Categories that say nothing: no row need take them."""

Vocabulary = Mapping[str, frozenset[str]]
Words = Mapping[tuple[str, str], frozenset[str]]
"""The words that the conditions of a table's column name."""


def uncovered_flags(vocabulary: Vocabulary, signals: TableFile) -> None:
    """Add every flag that no signal is."""
    missing = sorted(vocabulary["flags"] - vocabulary["signals"])
    for flag in missing:
        signals.report(f"no row names the flag {flag}: it would never reach anyone; add a row")


def uncovered_codes(
    category: TableFile, answers: Mapping[str, Mapping[str, dict[str, Any]]], words: Words, partnership: Partnership
) -> None:
    """Add categories that no row takes, and themes of the latest strategy that nothing weighs for."""
    named = words["category", "category"] | words["elsewhere", "category"]
    for code in sorted({each.code for each in partnership.categories} - named - UNSAID):
        category.report(f"leaves a gap: no row takes {code}, and elsewhere does not either", column="category")
    weighed = {row["theme"] for table in ("category", "signals") for row in answers[table].values()}
    for code in sorted({theme.code for theme in latest_strategy(partnership).themes} - weighed):
        category.report(f"leaves a gap: no row weighs for {code}, so nothing would reach its lead", column="theme")


def half_covered(table: TableFile, contract: TableContract, words: Iterable[str], vocabulary: Vocabulary) -> None:
    """Add every word of the contract's `taken` column that some report would leave to the last row.

    Each is tried with every value of the other columns; of lists with an empty and an unknown one, since a list that
    says something is met by rows of its own.
    """
    left: dict[tuple[str, str, str], list[str]] = defaultdict(list)
    # Nearly every word has a row of its own: only the few others are tried, since a save must not take a second.
    cover = _Cover.of(table, contract, sorted(set(words) - _wholly_taken(table, str(contract.taken))), vocabulary)
    for place, word in enumerate(cover.words):
        gap = cover.gap(place)
        if gap is not None:
            left[gap].append(word)
    for (row, column, where), codes in left.items():
        table.report(f"leaves a gap: no row takes {', '.join(codes)}{where}; widen this one, or add a row", row, column)


def _wholly_taken(table: TableFile, taken: str) -> frozenset[str]:
    """The words that a row names, and that are all it asks for."""
    found: set[str] = set()
    for row in table.rows[:-1]:
        if [name for name, cell in row.conditions.items() if cell] == [taken]:
            named = sorted(words_in([row.conditions[taken]]))
            found.update(named[place] for place in met_by(row.conditions[taken], named))
    return frozenset(found)


@dataclass(frozen=True, slots=True)
class _Cover:
    """A table's rows but the last, and by row and column which values its condition is met by."""

    rows: tuple[TableRow, ...]
    taken: str
    words: list[str]
    others: Mapping[str, list[Any]]
    reach: Mapping[tuple[str, str], frozenset[int]]

    @classmethod
    def of(cls, table: TableFile, contract: TableContract, words: list[str], vocabulary: Vocabulary) -> "_Cover":
        """The rows of a table, tried on the words and on what the other columns may hold."""
        taken, rows = str(contract.taken), tuple(table.rows[:-1])
        others = {
            name: _values(column, [row.conditions[name] for row in rows], vocabulary)
            for name, column in contract.columns.items()
            if name != taken
        }
        values = {**others, taken: words}
        reach = {(row.id, name): met_by(cell, values[name]) for row in rows for name, cell in row.conditions.items()}
        return cls(rows, taken, words, others, reach)

    def gap(self, word: int) -> tuple[str, str, str] | None:
        """Row and column that leave a report of this word to the last row, and which report; None where none is."""
        taking = [row for row in self.rows if word in self.reach[row.id, self.taken]]
        # The row of fewest conditions takes most, and is found first.
        taking.sort(key=lambda row: sum(map(bool, row.conditions.values())))
        missed = next((each for each in self._reports() if not any(self._takes(row, each) for row in taking)), None)
        if missed is None:
            return None
        naming = [row for row in taking if row.conditions[self.taken]]
        if not naming:
            return self._nearest(), self.taken, ""
        column = next(name for name, place in missed.items() if place not in self.reach[naming[0].id, name])
        value = _plain(self.others[column][missed[column]])
        return naming[0].id, column, f" where {column.replace('_', ' ')} is {value}"

    def _reports(self) -> Iterator[dict[str, int]]:
        places = product(*(range(len(values)) for values in self.others.values()))
        return (dict(zip(self.others, each, strict=True)) for each in places)

    def _takes(self, row: TableRow, report: Mapping[str, int]) -> bool:
        return all(place in self.reach[row.id, name] for name, place in report.items())

    def _nearest(self) -> str:
        """The last row that asks for the word: the one that was to take what no other does."""
        return next((row.id for row in reversed(self.rows) if row.conditions[self.taken]), self.rows[-1].id)


def _values(column: Column, cells: list[str], vocabulary: Vocabulary) -> list[Any]:
    if column.kind == "list":
        return [[], [ELSE]]
    if column.kind == "text":
        return sorted(vocabulary[str(column.vocabulary)])
    return [value for value in probes(column, cells) if value is not None]


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "anything else" if isinstance(value, list) else str(value)
