"""Finds what a decision table's cell can mean before the engine sees it: a malformed one would pass silently.

A condition is tried on probes: values built from the words and numbers of its own column. One that none of them meets
can never match (a wrong type, a bare word, a contradiction).
"""

import itertools
import json
import re
from collections.abc import Iterable
from typing import Any

import zen

from services.partnership.table_contract import NUMBER_AT_MOST, Column

STRING = re.compile(r"\"([^\"]*)\"|'([^']*)'")
NUMBER = re.compile(r"(?<![\w.])\d+(?:\.\d+)?")
CURLY = re.compile("[\u201c\u201d\u2018\u2019\u00ab\u00bb]")
QUOTES = "\"'"
CURLY_QUOTES = "has curly quotation marks, as a word processor makes them; write straight ones"
NOT_CLOSED = "a quotation mark is not closed; write one before and one behind each word"
COMPARISON = re.compile(r"[<>]")
NAME = re.compile(r"[A-Za-z_]\w*")
WORDS = frozenset({"true", "false", "null", "and", "or", "not", "in"})
FUNCTIONS = frozenset({"contains", "some", "all", "none", "one", "count", "len", "startsWith", "endsWith"})
"""What a cell may call: functions of their arguments alone, so that a decision can be run again."""

ELSE = "\u2205"
"""A word that no table knows."""

Probe = Any


def faults(cell: str, column: Column, known: frozenset[str] | None) -> list[str]:
    """What is wrong with a condition by its words alone; empty when it may be compiled. A blank cell is always met."""
    # What stands behind a wrong quotation mark would be taken for a bare word.
    problems = _of_quotes(cell) or _of_names(cell) or _of_size(cell) or _of_compiler(cell) or _of_kind(cell, column)
    if known is not None:
        strangers = sorted(words_in([cell]) - known)
        problems += [f"`{word}` is not a known code here; correct it, or add it to its file" for word in strangers]
    return problems


def _of_names(cell: str) -> list[str]:
    found = (_of_name(match, cell) for match in NAME.finditer(STRING.sub(lambda m: " " * len(m[0]), cell)))
    return [problem for problem in found if problem]


def _of_name(match: re.Match[str], cell: str) -> str | None:
    name, called = match[0], cell[match.end() :].lstrip().startswith("(")
    if called and name not in FUNCTIONS | WORDS:
        allowed = ", ".join(sorted(FUNCTIONS))
        return f"`{name}(…)` may not be called: only {allowed} (nothing that reads a clock or is random)"
    if not called and name not in WORDS:
        return f"`{name}` is a bare word and would never match; put it in quotes"
    return None


def _of_compiler(cell: str) -> list[str]:
    try:
        zen.compile_unary_expression(cell)
    except RuntimeError as error:
        return [f"does not compile: {_compiler_words(str(error))}"]
    return []


def _of_quotes(cell: str) -> list[str]:
    if CURLY.search(cell):
        return [CURLY_QUOTES]
    return [NOT_CLOSED] if _is_open(cell) else []


def _is_open(cell: str) -> bool:
    rest = STRING.sub("", cell)
    return any(rest.count(mark) % 2 for mark in QUOTES)


def _of_size(cell: str) -> list[str]:
    """A number of hundreds of digits is none to the engine."""
    if any(float(number) > NUMBER_AT_MOST for number in NUMBER.findall(STRING.sub("", cell))):
        return [f"names a number above {NUMBER_AT_MOST}; nothing is counted so far"]
    return []


def _of_kind(cell: str, column: Column) -> list[str]:
    """What compiles and yet compares values of two kinds."""
    bare = STRING.sub("", cell)
    if column.kind == "flag" and cell not in ("true", "false"):
        return ["must be true, false or blank: the column is a yes or no"]
    if column.kind == "number" and STRING.search(cell):
        return ["compares a number with a word; write the number without quotes"]
    if column.kind == "text" and NUMBER.search(bare):
        return ["compares a word with a number; put the word in quotes"]
    if column.kind == "text" and COMPARISON.search(bare):
        return ["compares words as if they were numbers; name the words instead"]
    return []


def _compiler_words(text: str) -> str:
    try:
        return str(json.loads(text.splitlines()[0])["source"])
    except (ValueError, KeyError, IndexError):
        return text.splitlines()[0] if text else "no reason given"


def words_in(cells: Iterable[str]) -> frozenset[str]:
    """The quoted words of the conditions."""
    return frozenset(a or b for cell in cells for a, b in STRING.findall(cell))


def probes(column: Column, cells: Iterable[str]) -> list[Probe]:
    """Values that tell the column's conditions apart: each word, each number and its neighbours, and none of them."""
    conditions = list(cells)
    words = sorted(words_in(conditions))
    if column.kind == "flag":
        return [True, False]
    if column.kind == "number":
        numbers = {int(float(n)) for cell in conditions for n in NUMBER.findall(STRING.sub("", cell))}
        near = {n + step for n in numbers | {column.least} for step in (-1, 0, 1)}
        return [None, *sorted(n for n in near if column.least <= n <= column.most)]
    if column.kind == "text":
        return [None, ELSE, *words]
    whole = [sorted(words_in([cell])) for cell in conditions]
    pairs = [list(pair) for pair in itertools.combinations(words, 2)]
    return [[], [ELSE], *([word] for word in words), *pairs, *whole]


def met_by(cell: str, values: list[Probe]) -> frozenset[int]:
    """Which of the probes meet the condition, by their position; all of them when the cell is blank."""
    if not cell:
        return frozenset(range(len(values)))
    condition = zen.compile_unary_expression(cell)
    return frozenset(i for i, value in enumerate(values) if _meets(condition, value))


def _meets(condition: Any, value: Probe) -> bool:
    try:
        return condition.evaluate({"$": value}) is True
    except RuntimeError:
        return False


def literal(cell: str) -> Any:
    """The value of an output cell: a word in quotes, a number, true, false or null. Raises `ValueError` for others."""
    if "\\" in cell:
        raise ValueError("a backslash makes the engine drop the whole row; write it without")
    try:
        value = json.loads(cell)
    except ValueError:
        raise ValueError(_no_value(cell)) from None
    if cell[0] in "[{":
        raise ValueError("must be one value, not a list or an object")
    return value


def _no_value(cell: str) -> str:
    if cell.startswith('"') and _is_open(cell):
        return NOT_CLOSED
    if CURLY.search(cell):
        return CURLY_QUOTES
    return "must be a plain value: a word in double quotes, a number, true, false or null"
