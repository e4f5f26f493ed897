"""Triage's rules as an analyst reads them: tables in plain words, a row's fields, what two versions differ in."""

import json
import re
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import Any

from services.desk import golden_view
from services.partnership.documents import parse_document
from services.partnership.live_themes import live_themes
from services.partnership.models import Partnership
from services.partnership.table_contract import CONTRACTS, TableContract
from services.partnership.table_file import TableFile, TableRow, parse_table
from services.partnership.tables import vocabulary_of

LEXICON = "lexicon.yaml"
TITLES = {
    "category": ("Categories", "what the sender said that it is about"),
    "signals": ("Signals", "what a word or a field of the report means"),
    "place": ("Place and hour", "what is added to, or taken from, a theme that has some weight already"),
    "risk": ("Risk and clock", "the first row that fits decides"),
    "panels": ("Panels", "which panel is suggested"),
    "elsewhere": ("Not ours", "who it is for when no theme takes it; the first row that fits decides"),
}
CHOICES = {
    "risk": ("high", "medium", "standard"),
    "disposition": ("record-only", "not-ours", "needs-case", "review"),
}
HINTS = {
    "text": 'A word in straight quotation marks, such as "noise"; several with commas. Blank: any.',
    "list": 'contains($, "word"), or some($, # in ["one", "two"]). Blank: any.',
    "number": "Such as >= 2, or >= 20 or < 5. Blank: any.",
}
ANY, NONE = "any", "–"

_QUOTED = re.compile(r'"([^"]*)"')
_PHRASES = (
    (re.compile(r"some\(\$, # in \[([^\]]*)\]\)"), r"any of \1"),
    (re.compile(r"contains\(\$, ([^)]*)\)"), r"has \1"),
    (re.compile(r"!= null"), "whatever is known"),
    (re.compile(r">= (\d+)"), r"\1 or more"),
    (re.compile(r"<= (\d+)"), r"\1 or fewer"),
    (re.compile(r"> (\d+)"), r"more than \1"),
    (re.compile(r"< (\d+)"), r"under \1"),
)


def in_words(cell: str) -> str:
    """A cell in plain words; what is not known here stays as it is."""
    if cell in ("", "null"):
        return NONE if cell else ANY
    if cell in ("true", "false"):
        return "yes" if cell == "true" else "no"
    for pattern, words in _PHRASES:
        cell = pattern.sub(words, cell)
    return _QUOTED.sub(lambda match: match[1].replace("-", " ") if " " not in match[1] else match[1], cell)


def table_of(documents: Mapping[str, str], name: str) -> TableFile:
    """A decision table out of a version's documents."""
    return parse_table(documents.get(f"{name}.json"), name, CONTRACTS[name])


def grid(documents: Mapping[str, str], name: str) -> dict[str, Any]:
    """A table for the page: columns by name, and rows in plain words."""
    contract, table = CONTRACTS[name], table_of(documents, name)
    columns, answers = list(contract.columns), list(contract.outputs.model_fields)
    rows = [
        {
            "id": row.id,
            "text": row.text,
            "conditions": [in_words(row.conditions[column]) for column in columns],
            "answers": [in_words(row.answers[column]) for column in answers],
            "last": row is table.rows[-1],
        }
        for row in table.rows
    ]
    title, says = TITLES[name]
    heads = {"columns": [_head(name) for name in columns], "answers": [_head(name) for name in answers]}
    return {"name": name, "title": title, "says": says, "rows": rows, **heads}


def _head(column: str) -> str:
    return column.replace("_", " ")


def fields(
    row: TableRow | None, name: str, partnership: Partnership, sent: Mapping[str, str], now: datetime
) -> list[dict[str, Any]]:
    """The fields of a row's form, as sent or as they stand; themes are offered that reports are decided by `now`."""
    contract, day = CONTRACTS[name], partnership.day(now)
    known = {**row.conditions, **row.answers} if row else {}
    values = {column: sent.get(f"cell-{column}", known.get(column, "")) for column in _columns(contract)}
    return [*_conditions(contract, values), *_answers(contract, values, partnership, day)]


def columns_of(name: str) -> frozenset[str]:
    """The columns of a table, each of which the form of its rows has a field for."""
    return frozenset(_columns(CONTRACTS[name]))


def _columns(contract: TableContract) -> Iterator[str]:
    yield from contract.columns
    yield from contract.outputs.model_fields


def _conditions(contract: TableContract, values: Mapping[str, str]) -> list[dict[str, Any]]:
    made = []
    for column, kind in contract.columns.items():
        options = [("", ANY), ("true", "yes"), ("false", "no")] if kind.kind == "flag" else None
        made.append(_field(column, "When", values[column], HINTS.get(kind.kind, ""), options))
    return made


def _answers(
    contract: TableContract, values: Mapping[str, str], partnership: Partnership, day: date
) -> list[dict[str, Any]]:
    vocabulary, made = vocabulary_of(partnership) | {"themes": live_themes(partnership, day)}, []
    for column, field in contract.outputs.model_fields.items():
        codes = sorted(vocabulary.get(contract.words.get(column, ""), ())) or list(CHOICES.get(column, ()))
        empty = [("null", "none")] if "None" in str(field.annotation) else []
        options = [*empty, *((json.dumps(code), code.replace("-", " ")) for code in codes)] if codes else None
        hint = (
            "" if options else "A number." if "None" not in str(field.annotation) else "Plain words in quotation marks."
        )
        made.append(_field(column, "Then", values[column], hint, options))
    return made


def _field(column: str, side: str, value: str, hint: str, options: list[tuple[str, str]] | None) -> dict[str, Any]:
    """One field; a value that is none of its options is shown as it is, so that nothing is lost by opening a form."""
    if options is not None and value not in dict(options):
        options = [*options, (value, value)] if value else options
    return {
        "name": f"cell-{column}",
        "column": column,
        "label": f"{side}: {_head(column)}",
        "value": value,
        "hint": hint,
        "options": options,
    }


def words_of(documents: Mapping[str, str]) -> dict[str, list[str]]:
    """Every list of the lexicon that holds plain terms, by its section such as `signals/weapon`."""
    document = parse_document(documents[LEXICON], LEXICON, [])
    data = document.data if document is not None and isinstance(document.data, dict) else {}
    return {section: [str(term) for term in terms] for section, terms in _sections(data)}


def _sections(data: Mapping[str, Any]) -> Iterator[tuple[str, list[Any]]]:
    for name, found in data.items():
        inner = found.items() if isinstance(found, dict) else [(None, found)]
        for key, terms in inner:
            if isinstance(terms, list):
                yield (f"{name}/{key}" if key else name), terms


def differences(before: Mapping[str, str], after: Mapping[str, str]) -> list[dict[str, Any]]:
    """What `after` says otherwise, row by row and list by list."""
    found: list[dict[str, Any]] = []
    for name in CONTRACTS:
        if before.get(f"{name}.json") != after.get(f"{name}.json"):
            found += _row_differences(name, table_of(before, name), table_of(after, name))
    if before.get(LEXICON) != after.get(LEXICON):
        found += _word_differences(words_of(before), words_of(after))
    return [*found, *golden_view.differences(before, after)]


def _row_differences(name: str, before: TableFile, after: TableFile) -> Iterator[dict[str, Any]]:
    old, new = ({row.id: row for row in table.rows} for table in (before, after))
    for row_id in [*new, *(row_id for row_id in old if row_id not in new)]:
        what = {"where": TITLES[name][0], "what": row_id, "table": name}
        if row_id not in old:
            yield what | {"before": NONE, "after": "added: " + new[row_id].text}
        elif row_id not in new:
            yield what | {"before": old[row_id].text, "after": "removed"}
        else:
            yield from (what | change for change in _cell_differences(old[row_id], new[row_id]))
    kept = [row.id for row in before.rows if row.id in new]
    if kept != [row.id for row in after.rows if row.id in old]:
        yield {"where": TITLES[name][0], "what": "order of rows", "table": name, "before": NONE, "after": "changed"}


def _cell_differences(old: TableRow, new: TableRow) -> Iterator[dict[str, str]]:
    if old.text != new.text:
        yield {"before": old.text, "after": new.text}
    cells = {**old.conditions, **old.answers}
    for column, cell in {**new.conditions, **new.answers}.items():
        if cells[column] != cell:
            yield {
                "before": f"{_head(column)}: {in_words(cells[column])}",
                "after": f"{_head(column)}: {in_words(cell)}",
            }


def _word_differences(before: Mapping[str, list[str]], after: Mapping[str, list[str]]) -> Iterator[dict[str, Any]]:
    for section in [*after, *(section for section in before if section not in after)]:
        old, new = before.get(section, []), after.get(section, [])
        if old != new:
            gone, come = ([term for term in one if term not in other] for one, other in ((old, new), (new, old)))
            yield {
                "where": "Words",
                "what": section,
                "table": None,
                "before": ", ".join(gone) or NONE,
                "after": ", ".join(come) or NONE,
            }
