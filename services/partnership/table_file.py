"""Reads one decision table (JDM JSON) and says what is wrong with its shape, by file, line, row and column."""

import json
import re
from collections import Counter
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from services.partnership.documents import Problem
from services.partnership.table_contract import TableContract

NAME_COLUMN, WORDS_COLUMN = "Name of the row", "In plain words"
"""What the form calls a row's `_id` and its `_description`: whoever reads the message has no file before her."""
WORDS_MISSING = "is empty; write what a person reads as the reason"
NODES = {"inputNode", "decisionTableNode", "outputNode"}


@dataclass(frozen=True, slots=True)
class TableRow:
    """A row: its id, its plain words, and its cells by column name (blank where absent)."""

    id: str
    text: str
    conditions: dict[str, str]
    answers: dict[str, str]


@dataclass(slots=True)
class TableFile:
    """A decision table as it stands in its file, and the mistakes found so far."""

    name: str
    file: str
    source: str
    rows: list[TableRow] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    loose: list[tuple[str, str | None, str | None]] = field(default_factory=list)
    """Message, row and column of what a stored table may hold, and nobody may write any more."""

    def report(self, message: str, row: str | None = None, column: str | None = None) -> None:
        """Add a mistake; `row` and `column` name the cell."""
        where = f"table {self.name}" + (f", row {row}" if row else "") + (f", column {column}" if column else "")
        line = self._line(row, column)
        self.problems.append(Problem(self.file, line, f"{where}: {message}", cell=(self.name, row, column)))

    def _line(self, row: str | None, column: str | None) -> int:
        found = re.search(rf'"_id"\s*:\s*"{re.escape(row)}"', self.source) if row else None
        start = found.start() if found else 0
        cell = re.compile(rf'"{re.escape(column)}"\s*:').search(self.source, start) if found and column else None
        return self.source.count("\n", 0, cell.start() if cell else start) + 1


def read_table(path: Path, name: str, contract: TableContract) -> TableFile:
    """The table in the file with its rows; `problems` says what keeps it from being used."""
    if not path.is_file():
        return parse_table(None, name, contract)
    try:
        source = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        table = TableFile(name, f"triage/{name}.json", "")
        table.report(f"is not UTF-8 at byte {error.start}")
        return table
    return parse_table(source, name, contract)


def parse_table(source: str | None, name: str, contract: TableContract) -> TableFile:
    """The table in a text, as `read_table` reads it from a file; None where there is no file."""
    table = TableFile(name, f"triage/{name}.json", source or "")
    if source is None:
        table.report("is missing; copy it from partnerships/luton and make it yours")
        return table
    try:
        content = _content(json.loads(source, object_pairs_hook=partial(_object, table)), table)
    except json.JSONDecodeError as error:
        table.problems.append(Problem(table.file, error.lineno, f"table {name}: is not JSON: {error.msg}"))
        return table
    except ValueError:
        table.report("holds a number of too many digits to be read")
        return table
    if content is not None:
        _read_rows(content, table, contract)
    return table


def _object(table: TableFile, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    row = str(made["_id"]) if "_id" in made else None
    for key, times in Counter(key for key, _ in pairs).items():
        if times > 1:
            table.loose.append(("stands twice, and only the last one counts; keep one", row, key))
    return made


def _content(data: Any, table: TableFile) -> dict[str, Any] | None:
    nodes = data.get("nodes") if isinstance(data, dict) else None
    if not isinstance(nodes, list) or not all(isinstance(node, dict) for node in nodes):
        table.report("must be a JDM decision with `nodes` and `edges`")
        return None
    kinds = [str(node.get("type")) for node in nodes]
    for kind in sorted(set(kinds) - NODES):
        table.report(f"a node of type {kind} is not allowed; use one input, one decision table, one output")
    tables = [node for node in nodes if node.get("type") == "decisionTableNode"]
    if len(tables) != 1 or not isinstance(tables[0].get("content"), dict):
        table.report("must hold exactly one decision table")
        return None
    content: dict[str, Any] = tables[0]["content"]
    return content


def _read_rows(content: dict[str, Any], table: TableFile, contract: TableContract) -> None:
    if content.get("hitPolicy") != contract.hit:
        table.report(f"`hitPolicy` must be {contract.hit}")
    inputs = _columns(content.get("inputs"), set(contract.columns), "input", table)
    outputs = _columns(content.get("outputs"), set(contract.outputs.model_fields), "output", table)
    rules = content.get("rules")
    if not isinstance(rules, list) or not all(isinstance(rule, dict) for rule in rules):
        table.report("`rules` must be a list of rows")
        return
    for position, rule in enumerate(rules, start=1):
        _read_row(rule, position, inputs, outputs, table)


def _columns(declared: Any, wanted: set[str], side: str, table: TableFile) -> dict[str, str]:
    """Column ids by the names that they stand for."""
    found: dict[str, str] = {}
    for column in declared if isinstance(declared, list) else []:
        if str(column.get("field")) in found:
            table.report(f"the {side} column stands twice; remove one", column=str(column.get("field")))
        found[str(column.get("field"))] = str(column.get("id"))
    for name in sorted(wanted - found.keys()):
        table.report(f"the {side} column is missing; the table needs {', '.join(sorted(wanted))}", column=name)
    for name in sorted(found.keys() - wanted):
        table.report(f"is not an {side} of this table; remove the column", column=name)
    return {name: found[name] for name in found if name in wanted}


def _read_row(
    rule: dict[str, Any], position: int, inputs: dict[str, str], outputs: dict[str, str], table: TableFile
) -> None:
    row_id = str(rule.get("_id") or "")
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", row_id):
        message = "needs a name of small letters, digits and dashes, such as late-noise: decisions quote it"
        table.report(message, row_id or str(position), NAME_COLUMN)
        return
    if any(row.id == row_id for row in table.rows):
        table.report("the name stands twice; give each row its own", row=row_id)
    if not rule.get("_description"):
        table.report(WORDS_MISSING, row_id, WORDS_COLUMN)
    for stranger in sorted(rule.keys() - {"_id", "_description"} - {*inputs.values(), *outputs.values()}):
        table.report("is a cell of no column; remove it", row=row_id, column=stranger)
    _note_bare(rule, inputs | outputs, table, row_id)
    conditions = {name: str(rule.get(column) or "").strip() for name, column in inputs.items()}
    answers = {name: str(rule.get(column) or "").strip() for name, column in outputs.items()}
    table.rows.append(TableRow(row_id, str(rule.get("_description") or ""), conditions, answers))


def _note_bare(rule: dict[str, Any], columns: dict[str, str], table: TableFile, row_id: str) -> None:
    """A false, 0 or null without quotation marks would be read as a blank cell, which anything meets."""
    for name, column in columns.items():
        if not isinstance(rule.get(column, ""), str):
            table.loose.append(("is not text: write the cell between quotation marks, or leave it out", row_id, name))
