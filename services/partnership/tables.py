"""The triage tables, compiled once: values in, the rows that fired out; pure, and always with the row's name."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, get_args

import zen

from schemas.codes import Channel, Flag, Kind
from services.partnership.cells import words_in
from services.partnership.documents import PartnershipInvalid, Problem
from services.partnership.entries import ELAPSED
from services.partnership.live_themes import live_themes
from services.partnership.models import Partnership
from services.partnership.table_contract import CONTRACTS, TableContract
from services.partnership.table_cover import UNSAID, half_covered, uncovered_codes, uncovered_flags
from services.partnership.table_file import TableFile, TableRow, parse_table, read_table
from services.partnership.table_lint import lint
from services.partnership.table_writing import lint_writing, writing_on

FOLDER = "triage"
Files = Mapping[str, TableFile]
REMEMBERED_AT_MOST = 20_000
"""Answers that a compiled set remembers; when it holds more it forgets them all."""


@dataclass(frozen=True, slots=True)
class FiredRow:
    """A row that fired: `<table>/<row>`, its plain words, and its outputs by name."""

    rule: str
    text: str
    outputs: Mapping[str, Any]


Rows = Mapping[str, Mapping[str, FiredRow]]
"""The rows of each table, by the table's name and the row's."""


@dataclass(frozen=True)
class CompiledTables:
    """Every triage table of a partnership, ready to be asked. What it remembers changes no answer: tables are pure."""

    engine: zen.ZenEngine
    rows: Rows
    catch_alls: Mapping[str, str]
    words: Mapping[tuple[str, str], frozenset[str]]
    remembered: dict[tuple[Any, ...], tuple[FiredRow, ...]] = field(default_factory=dict, repr=False, compare=False)

    def evaluate(self, name: str, inputs: Mapping[str, Any]) -> list[FiredRow]:
        """The rows of the table that fire, in its order; the catch-all of a collect table only when no other does.

        Raises `ValidationError` on inputs that the table does not know, `KeyError` on an unknown table.
        """
        asked = (name, *((key, _frozen(value)) for key, value in inputs.items()))
        known = self.remembered.get(asked)
        if known is None:
            if len(self.remembered) >= REMEMBERED_AT_MOST:
                self.remembered.clear()
            known = self.remembered[asked] = tuple(self._evaluated(name, inputs))
        return list(known)

    def of_signal(self, signal: str, *, negated: bool) -> tuple[FiredRow, ...]:
        """What the table of signals says of one that a text holds, or denies: asked for every word that tells."""
        asked = (signal, negated)
        known = self.remembered.get(asked)
        if known is None:
            known = tuple(self._evaluated("signals", {"signal": signal, "negated": negated}))
            self.remembered[asked] = known
        return known

    def _evaluated(self, name: str, inputs: Mapping[str, Any]) -> list[FiredRow]:
        contract = CONTRACTS[name]
        checked = contract.inputs.model_validate(inputs).model_dump(mode="json")
        result: Any = self.engine.evaluate(name, checked)["result"]
        fired = [result["rule"]] if contract.hit == "first" else [row["rule"] for row in result]
        if len(fired) > 1:
            fired = [rule for rule in fired if rule != self.catch_alls[name]]
        return [self.rows[name][rule] for rule in fired]

    def vocabulary(self, name: str, column: str) -> frozenset[str]:
        """The words that the conditions of a column name, such as every signal that `signals` knows."""
        return self.words[name, column]


def _frozen(value: Any) -> Any:
    """A list as something that can be looked up. Its type stands beside it: 1 and true are asked apart."""
    return tuple(map(_frozen, value)) if isinstance(value, (list, tuple)) else (type(value), value)


def load_tables(path: Path, partnership: Partnership) -> CompiledTables:
    """The tables in the partnership's `triage` folder; raises `PartnershipInvalid` with every mistake in them."""
    tables, problems = _checked(_read(path), partnership)
    if problems or tables is None:
        raise PartnershipInvalid(problems)
    return tables


def read_tables(path: Path, partnership: Partnership, day: date) -> tuple[CompiledTables | None, list[Problem]]:
    """As `written_tables`, from the partnership's `triage` folder."""
    return _written(_read(path), partnership, day)


def _read(path: Path) -> Files:
    return {name: read_table(path / FOLDER / f"{name}.json", name, contract) for name, contract in CONTRACTS.items()}


def _parsed(sources: Mapping[str, str]) -> Files:
    return {name: parse_table(sources.get(name), name, contract) for name, contract in CONTRACTS.items()}


def compile_tables(sources: Mapping[str, str], partnership: Partnership) -> tuple[CompiledTables | None, list[Problem]]:
    """The tables of these texts by table name, as they may have been stored, or None and every mistake found."""
    return _checked(_parsed(sources), partnership)


def written_tables(
    sources: Mapping[str, str], partnership: Partnership, day: date
) -> tuple[CompiledTables | None, list[Problem]]:
    """As `compile_tables`, and without what is refused of somebody who writes them on `day`."""
    return _written(_parsed(sources), partnership, day)


def _written(files: Files, partnership: Partnership, day: date) -> tuple[CompiledTables | None, list[Problem]]:
    tables, problems = _checked(files, partnership)
    if tables is None:
        return None, problems
    writing = writing_on(partnership, day)
    for name, contract in CONTRACTS.items():
        lint_writing(files[name], contract, writing)
    if not (problems := _problems(files)):
        _half_covered(files, partnership, day)
        problems = _problems(files)
    return (None if problems else tables), problems


def _half_covered(files: Files, partnership: Partnership, day: date) -> None:
    """A category that `elsewhere` takes is its own wherever no row of `category` fires."""
    vocabulary = vocabulary_of(partnership)
    elsewhere = words_in(row.conditions["category"] for row in files["elsewhere"].rows)
    categories = vocabulary["categories"] - elsewhere - UNSAID
    half_covered(files["category"], CONTRACTS["category"], categories, vocabulary)
    half_covered(files["risk"], CONTRACTS["risk"], live_themes(partnership, day), vocabulary)


def rows_of(sources: Mapping[str, str], partnership: Partnership) -> Rows:
    """What each row says, from texts by table name: to read of a decision, not to decide.

    Mistakes keep no row out: tables that decided once may not fit the partnership's files of today.
    """
    files = _parsed(sources)
    vocabulary = vocabulary_of(partnership) | {"signals": _words(files).get(("signals", "signal"), frozenset())}
    return _rows(files, {name: lint(files[name], contract, vocabulary) for name, contract in CONTRACTS.items()})


def _checked(files: Files, partnership: Partnership) -> tuple[CompiledTables | None, list[Problem]]:
    words = _words(files)
    vocabulary = vocabulary_of(partnership) | {"signals": words.get(("signals", "signal"), frozenset())}
    answers = {name: lint(files[name], contract, vocabulary) for name, contract in CONTRACTS.items()}
    if not _problems(files):
        uncovered_flags(vocabulary, files["signals"])
        uncovered_codes(files["category"], answers, words, partnership)
    if problems := _problems(files):
        return None, problems
    return _compiled(files, answers, words), []


def _problems(files: Files) -> list[Problem]:
    return [problem for file in files.values() for problem in file.problems]


def vocabulary_of(partnership: Partnership) -> dict[str, frozenset[str]]:
    """The codes that a table's words may be, by the name that its contract gives them; every strategy's themes."""
    return {
        "themes": frozenset(partnership.themes),
        "categories": frozenset(category.code for category in partnership.categories),
        "agencies": frozenset(agency.code for agency in partnership.agencies),
        "panels": frozenset(panel.code for panel in partnership.panels),
        "surroundings": frozenset(kind.code for kind in partnership.surroundings),
        "clocks": frozenset({ELAPSED, *(calendar.code for calendar in partnership.calendars)}),
        "flags": frozenset({*get_args(Flag), *partnership.identity.own_flags}),
        "kinds": frozenset(get_args(Kind)),
        "channels": frozenset(get_args(Channel)),
    }


def _words(files: Files) -> dict[tuple[str, str], frozenset[str]]:
    return {
        (name, column): words_in(row.conditions.get(column, "") for row in file.rows)
        for name, file in files.items()
        for column in CONTRACTS[name].columns
    }


def _compiled(
    files: Files,
    answers: Mapping[str, Mapping[str, dict[str, Any]]],
    words: Mapping[tuple[str, str], frozenset[str]],
) -> CompiledTables:
    content = {name: _decision(file, CONTRACTS[name]) for name, file in files.items()}
    catch_alls = {name: file.rows[-1].id for name, file in files.items()}
    engine = zen.ZenEngine({"loader": {"type": "static", "content": content}})
    return CompiledTables(engine, _rows(files, answers), catch_alls, words)


def _rows(files: Mapping[str, TableFile], answers: Mapping[str, Mapping[str, dict[str, Any]]]) -> Rows:
    return {
        name: {row.id: FiredRow(f"{name}/{row.id}", row.text, answers[name][row.id]) for row in file.rows}
        for name, file in files.items()
    }


def _decision(file: TableFile, contract: TableContract) -> dict[str, Any]:
    """The table as the engine gets it: its own conditions, and the row's id as the only output.

    The answers were read and checked already, so the engine is asked only which rows fire.
    """
    table = {
        "hitPolicy": contract.hit,
        "inputs": [{"id": name, "name": name, "field": name} for name in contract.columns],
        "outputs": [{"id": "rule", "name": "rule", "field": "rule"}],
        "rules": [_engine_row(row) for row in file.rows],
    }
    nodes = [
        {"id": "in", "name": "in", "type": "inputNode", "position": {"x": 0, "y": 0}},
        {"id": "table", "name": "table", "type": "decisionTableNode", "position": {"x": 1, "y": 0}, "content": table},
        {"id": "out", "name": "out", "type": "outputNode", "position": {"x": 2, "y": 0}},
    ]
    edges = [
        {"id": f"{source}-{target}", "sourceId": source, "targetId": target, "type": "edge"}
        for source, target in (("in", "table"), ("table", "out"))
    ]
    return {"contentType": "application/vnd.gorules.decision", "nodes": nodes, "edges": edges}


def _engine_row(row: TableRow) -> dict[str, str]:
    return {"_id": row.id, **row.conditions, "rule": json.dumps(row.id)}
