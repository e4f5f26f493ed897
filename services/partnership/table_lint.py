"""Refuses what a decision table's engine would accept and never match, cell by cell; then its rows together."""

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from services.partnership.cells import faults, literal, met_by, probes
from services.partnership.table_contract import TableContract
from services.partnership.table_file import TableFile, TableRow
from services.partnership.table_rows import lint_rows

Vocabulary = Mapping[str, frozenset[str]]


def lint(table: TableFile, contract: TableContract, vocabulary: Vocabulary) -> dict[str, dict[str, Any]]:
    """Add every mistake to the table; the answers of each row by row id, checked against the contract."""
    answers = {row.id: _answers(row, table, contract, vocabulary) for row in table.rows}
    for row in table.rows:
        _lint_conditions(row, table, contract, vocabulary)
    if not table.problems:
        lint_rows(table, contract, answers)
    return answers


def _answers(row: TableRow, table: TableFile, contract: TableContract, vocabulary: Vocabulary) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for column, cell in row.answers.items():
        try:
            values[column] = literal(cell)
        except ValueError as error:
            table.report(str(error), row.id, column)
            return {}
        problem = _fault_of(values[column], vocabulary.get(contract.words.get(column, "")))
        if problem:
            table.report(problem, row.id, column)
    try:
        return contract.outputs.model_validate(values).model_dump(mode="json")
    except ValidationError as invalid:
        for mistake in invalid.errors(include_url=False, include_context=False, include_input=False):
            table.report(mistake["msg"], row.id, str(mistake["loc"][0]))
        return {}


def _fault_of(value: Any, known: frozenset[str] | None) -> str | None:
    if value == "":
        return "is empty; write null, or say something"
    if known is not None and value is not None and value not in known:
        return "is not a known code; correct it, or add it to its file"
    return None


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
