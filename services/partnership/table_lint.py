"""Refuses what a decision table's engine would accept and never match: every cell, and rows against each other."""

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from services.partnership.cells import faults, literal, met_by, probes
from services.partnership.table_contract import TableContract
from services.partnership.table_file import TableFile, TableRow

Vocabulary = Mapping[str, frozenset[str]]
Reach = dict[str, frozenset[int]]
"""By column, which probes a row's condition is met by."""


def lint(table: TableFile, contract: TableContract, vocabulary: Vocabulary) -> dict[str, dict[str, Any]]:
    """Add every mistake to the table; the answers of each row by row id, checked against the contract."""
    answers = {row.id: _answers(row, table, contract, vocabulary) for row in table.rows}
    for row in table.rows:
        _lint_conditions(row, table, contract, vocabulary)
    if not table.problems:
        _lint_rows(table, contract, answers)
    return answers


def _answers(row: TableRow, table: TableFile, contract: TableContract, vocabulary: Vocabulary) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for column, cell in row.answers.items():
        try:
            values[column] = literal(cell)
        except ValueError as error:
            table.report(str(error), row.id, column)
            return {}
        known = vocabulary.get(contract.words.get(column, ""))
        if known is not None and values[column] is not None and values[column] not in known:
            table.report("is not a known code; correct it, or add it to its file", row.id, column)
    try:
        return contract.outputs.model_validate(values).model_dump(mode="json")
    except ValidationError as invalid:
        for mistake in invalid.errors(include_url=False, include_context=False, include_input=False):
            table.report(mistake["msg"], row.id, str(mistake["loc"][0]))
        return {}


def _lint_conditions(row: TableRow, table: TableFile, contract: TableContract, vocabulary: Vocabulary) -> None:
    for name, cell in row.conditions.items():
        if not cell:
            continue
        column = contract.columns[name]
        problems = faults(cell, column, vocabulary.get(column.vocabulary or ""))
        for problem in problems:
            table.report(problem, row.id, name)
        if not problems and not met_by(cell, probes(column, [cell])):
            table.report(f"can never match: no {column.kind} value of this column meets it", row.id, name)


def _lint_rows(table: TableFile, contract: TableContract, answers: dict[str, dict[str, Any]]) -> None:
    unconditional = [row.id for row in table.rows if not any(row.conditions.values())]
    if not table.rows or table.rows[-1].id not in unconditional:
        table.report("needs a catch-all as its last row: one with no condition")
    for row_id in unconditional[:-1]:
        table.report("has no condition but is not the last row; give it one, or remove it", row_id)
    reach = _reach(table, contract)
    for position, row in enumerate(table.rows):
        _lint_against(table.rows[:position], row, reach, answers, table, contract)


def _lint_against(
    before: list[TableRow],
    row: TableRow,
    reach: dict[str, Reach],
    answers: dict[str, dict[str, Any]],
    table: TableFile,
    contract: TableContract,
) -> None:
    for earlier in before:
        if contract.hit == "first" and _covers(reach[earlier.id], reach[row.id]):
            table.report(f"can never be reached: row {earlier.id} takes everything before it", row.id)
            return
        if reach[earlier.id] == reach[row.id] and answers[earlier.id] == answers[row.id]:
            table.report(f"repeats row {earlier.id}; remove one", row.id)
            return


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
