"""Refuses what may not be written into a decision table any more; a version that was stored with it still loads."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from services.partnership.cells import NAME, STRING, literal, met_by, probes, words_in
from services.partnership.limits import clock_fault, open_minutes_of
from services.partnership.live_themes import live_themes
from services.partnership.models import Partnership
from services.partnership.table_contract import Column, TableContract
from services.partnership.table_file import WORDS_COLUMN, WORDS_MISSING, TableFile, TableRow

CONSTANTS = re.compile("true|false")
NUMBERS = (int, float)


@dataclass(frozen=True, slots=True)
class Writing:
    """What is refused on the day of writing: themes that are over, and more minutes than a calendar may be given."""

    retired: frozenset[str]
    open_minutes: Mapping[str, int]


def writing_on(partnership: Partnership, day: date) -> Writing:
    """What is refused of somebody who writes on `day`."""
    return Writing(frozenset(partnership.themes) - live_themes(partnership, day), open_minutes_of(partnership))


def lint_writing(table: TableFile, contract: TableContract, writing: Writing) -> None:
    """Add every such mistake to the table, whose cells are right by `table_lint` already."""
    for message, row_id, column in table.loose:
        table.report(message, row_id, column)
    for row in table.rows:
        _lint_row(row, table, contract, writing)


def _lint_row(row: TableRow, table: TableFile, contract: TableContract, writing: Writing) -> None:
    if not row.text.strip():
        table.report(WORDS_MISSING, row.id, WORDS_COLUMN)
    for name, cell in row.conditions.items():
        for message in _condition_faults(cell, contract.columns[name], writing):
            table.report(message, row.id, name)
    for name, message in (*_answer_faults(row, contract, writing), *_clock_faults(row, writing)):
        table.report(message, row.id, name)


def _condition_faults(cell: str, column: Column, writing: Writing) -> Iterator[str]:
    if not cell:
        return
    if column.vocabulary == "themes":
        yield from (_over(theme) for theme in sorted(words_in([cell]) & writing.retired))
    constant = next(filter(CONSTANTS.fullmatch, NAME.findall(STRING.sub("", cell))), None)
    if column.kind != "flag" and constant is not None:
        yield f"holds or fails by `{constant}`, whatever the report says; take it out"
    elif _always_holds(cell, column):
        yield "always holds; leave the cell blank, or narrow it"


def _always_holds(cell: str, column: Column) -> bool:
    values = [value for value in probes(column, [cell]) if value is not None or column.optional]
    return len(met_by(cell, values)) == len(values)


def _answer_faults(row: TableRow, contract: TableContract, writing: Writing) -> Iterator[tuple[str, str]]:
    for name, cell in row.answers.items():
        value = literal(cell)
        is_number = isinstance(value, NUMBERS) and not isinstance(value, bool)
        if contract.outputs.model_fields[name].annotation in NUMBERS and not is_number:
            yield name, "must be a number: not true or false, and without quotation marks"
        if contract.words.get(name) == "themes" and value in writing.retired:
            yield name, _over(value)


def _over(theme: str) -> str:
    return f"`{theme}` is a theme of a strategy that is over: nothing is decided by it; name one of today's"


def _clock_faults(row: TableRow, writing: Writing) -> Iterator[tuple[str, str]]:
    minutes: Any = literal(row.answers.get("due_minutes", "null"))
    if isinstance(minutes, NUMBERS):
        calendar = literal(row.answers["due_calendar"])
        message = clock_fault(int(minutes), calendar, writing.open_minutes)
        if message:
            yield "due_minutes", message
