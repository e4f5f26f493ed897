"""Changes to a rule set's documents, row by row and word by word; nothing is checked here."""

import json
from collections.abc import Mapping
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from services.triage.domain.golden import FILE as GOLDEN
from services.triage.domain.golden_edits import GoldenEdit, with_case
from services.triage.domain.lexicon import FILE
from services.triage.domain.rule_versions import Documents, EditRefused
from services.triage.domain.yaml_texts import keeping, written


class RowEdit(BaseModel):
    """A change to one row of a table. Cells are by column name, as the engine reads them."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    kind: Literal["row"] = "row"
    table: str
    operation: Literal["set", "add", "remove", "up", "down"]
    row: str = Field(max_length=80)
    text: str = Field("", max_length=300)
    cells: dict[str, str] = {}


class WordsEdit(BaseModel):
    """All terms of one list of the lexicon: `signals/weapon`, `negations/before`, `figurative`, …"""

    model_config = ConfigDict(frozen=True, extra="forbid")
    kind: Literal["words"] = "words"
    section: str
    terms: tuple[str, ...]


Edit = RowEdit | WordsEdit | GoldenEdit


def edited(documents: Documents, edit: Edit) -> dict[str, str]:
    """The documents with the change made. Raises `EditRefused`."""
    if isinstance(edit, GoldenEdit):
        return {**documents, GOLDEN: with_case(documents.get(GOLDEN, ""), edit)}
    if isinstance(edit, WordsEdit):
        return {**documents, FILE: _words(documents[FILE], edit)}
    name = f"{edit.table}.json"
    if name not in documents:
        raise EditRefused(f"There is no table {edit.table}.")
    return {**documents, name: _table(documents[name], edit)}


def _table(text: str, edit: RowEdit) -> str:
    document = json.loads(text)
    content = next(node["content"] for node in document["nodes"] if node["type"] == "decisionTableNode")
    rules: list[dict[str, str]] = content["rules"]
    at = next((place for place, rule in enumerate(rules) if rule["_id"] == edit.row), None)
    if edit.operation == "add":
        rules.insert(len(rules) - 1, _row(content, edit))
    elif at is None:
        raise EditRefused(f"There is no row {edit.row} in table {edit.table}.")
    elif edit.operation == "set":
        rules[at] = _row(content, edit)
    elif edit.operation == "remove":
        del rules[at]
    else:
        to = max(0, min(len(rules) - 1, at + (1 if edit.operation == "down" else -1)))
        rules.insert(to, rules.pop(at))
    return rendered(document)


def _row(content: Mapping[str, Any], edit: RowEdit) -> dict[str, str]:
    columns = {column["field"]: column["id"] for column in (*content["inputs"], *content["outputs"])}
    for name in edit.cells:
        if name not in columns:
            raise EditRefused(f"Table {edit.table} has no column {name}.")
    cells = {column: edit.cells.get(name, "") for name, column in columns.items()}
    return {"_id": edit.row, "_description": edit.text, **cells}


def rendered(document: Any) -> str:
    """The table's text, one row on each line, so that two versions can be laid side by side."""
    content = next(node["content"] for node in document["nodes"] if node["type"] == "decisionTableNode")
    rules, content["rules"] = content["rules"], []
    whole = json.dumps(document, indent=2, ensure_ascii=False)
    content["rules"] = rules
    lines = ",\n".join("          " + json.dumps(rule, ensure_ascii=False) for rule in rules)
    return whole.replace('"rules": []', f'"rules": [\n{lines}\n        ]', 1) + "\n"


def _words(text: str, edit: WordsEdit) -> str:
    yaml = keeping()
    content = yaml.load(text)
    *path, last = edit.section.split("/")
    into: Any = content
    for part in path:
        into = into.get(part) if isinstance(into, dict) else None
    if not isinstance(into, dict) or not isinstance(into.get(last), list):
        raise EditRefused(f"The lexicon has no list {edit.section}.")
    into[last][:] = list(edit.terms)
    return written(yaml, content)
