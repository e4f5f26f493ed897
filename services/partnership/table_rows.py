"""Refuses what is wrong with a decision table's rows together: overlaps, gaps, rows never reached, repeats."""

from itertools import combinations
from typing import Any

from services.partnership.cells import met_by, probes
from services.partnership.table_contract import TableContract
from services.partnership.table_file import TableFile, TableRow

Reach = dict[str, frozenset[int]]
"""By column, which probes a row's condition is met by."""
Answers = dict[str, dict[str, Any]]
"""The outputs of each row by row id."""


def lint_rows(table: TableFile, contract: TableContract, answers: Answers) -> None:
    """Add what is wrong with the rows together; each cell by itself is right already."""
    unconditional = [row.id for row in table.rows if not any(row.conditions.values())]
    if not table.rows or table.rows[-1].id not in unconditional:
        table.report("needs a catch-all as its last row: one with no condition")
    for row_id in unconditional[:-1]:
        table.report("has no condition but is not the last row; give it one, or remove it", row_id)
    for row in table.rows:
        _lint_answers(row, answers[row.id], table, contract)
    reach = _reach(table, contract)
    for position, row in enumerate(table.rows):
        _lint_against(table.rows[:position], row, reach, answers, table, contract)
    _lint_bands(table, contract, reach)


def _lint_answers(row: TableRow, answer: dict[str, Any], table: TableFile, contract: TableContract) -> None:
    if answer.get("weight") and answer.get("theme") is None:
        table.report("weighs for no theme; name the theme, or write 0", row.id, "weight")
    if contract.only_when is None or not any(answer.values()):
        return
    column, wanted = contract.only_when
    if row.conditions[column] != wanted:
        table.report(f"must be {wanted}: a mention that is not meant would count", row.id, column)


def _lint_against(
    before: list[TableRow],
    row: TableRow,
    reach: dict[str, Reach],
    answers: Answers,
    table: TableFile,
    contract: TableContract,
) -> None:
    for earlier in before:
        if (contract.hit == "first" or contract.first_wins) and _covers(reach[earlier.id], reach[row.id]):
            table.report(f"can never be reached: row {earlier.id} takes everything before it", row.id)
            return
        if reach[earlier.id] == reach[row.id] and answers[earlier.id] == answers[row.id]:
            table.report(f"repeats row {earlier.id}; remove one", row.id)
            return
        theme = answers[row.id].get("theme")
        same = contract.once and theme is not None and theme == answers[earlier.id].get("theme")
        if same and _meet(reach[earlier.id], reach[row.id]):
            table.report(f"overlaps row {earlier.id}: both would weigh for {theme} on one report", row.id, "theme")
            return


def _lint_bands(table: TableFile, contract: TableContract, reach: dict[str, Reach]) -> None:
    """Rows that differ in one number alone are bands: no number between them may be left to the last row."""
    for name, column in contract.columns.items():
        if column.kind == "number":
            values = probes(column, [row.conditions[name] for row in table.rows])
            for one, other in combinations([row for row in table.rows if row.conditions[name]], 2):
                if _differ_in(one, other, name):
                    _lint_band(table, one, other, name, values, reach)


def _lint_band(
    table: TableFile, one: TableRow, other: TableRow, name: str, values: list[Any], reach: dict[str, Reach]
) -> None:
    taken = sorted(values[place] for place in reach[one.id][name] | reach[other.id][name] if values[place] is not None)
    left = [value for value in values if value is not None and taken[0] < value < taken[-1] and value not in taken]
    if left:
        table.report(f"leaves a gap at {left[0]} between row {one.id} and this one", other.id, name)


def _differ_in(one: TableRow, other: TableRow, name: str) -> bool:
    return all(one.conditions[column] == other.conditions[column] for column in one.conditions if column != name)


def _reach(table: TableFile, contract: TableContract) -> dict[str, Reach]:
    values = {
        name: probes(column, [row.conditions[name] for row in table.rows]) for name, column in contract.columns.items()
    }
    met: dict[tuple[str, str], frozenset[int]] = {}
    result: dict[str, Reach] = {}
    for row in table.rows:
        for name, cell in row.conditions.items():
            if (name, cell) not in met:
                met[name, cell] = met_by(cell, values[name])
        result[row.id] = {name: met[name, cell] for name, cell in row.conditions.items()}
    return result


def _covers(earlier: Reach, later: Reach) -> bool:
    return all(earlier[name] >= later[name] for name in later)


def _meet(earlier: Reach, later: Reach) -> bool:
    return all(earlier[name] & later[name] for name in later)
