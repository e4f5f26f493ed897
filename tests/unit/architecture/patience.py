"""Calls of tests that say nothing of how long they wait: the library's 5 s are too short beside other tests."""

import ast
from collections.abc import Iterator
from pathlib import Path

CALLS = frozenset({"get", "post", "put", "patch", "delete", "request", "stream", "Client", "AsyncClient"})
ENOUGH = frozenset({"timeout", "transport"})
"""A call within the process (`transport`) is not timed at all."""


def impatient(source: str) -> list[int]:
    """The lines at which a module calls httpx2 without a limit of its own."""
    calls = (each for each in ast.walk(ast.parse(source)) if isinstance(each, ast.Call))
    return sorted(each.lineno for each in calls if _impatient(each))


def _impatient(node: ast.Call) -> bool:
    if not isinstance(node.func, ast.Attribute) or node.func.attr not in CALLS:
        return False
    of_httpx = isinstance(node.func.value, ast.Name) and node.func.value.id == "httpx2"
    return of_httpx and not ENOUGH & {each.arg for each in node.keywords}


def modules(folder: Path) -> Iterator[Path]:
    """The test modules that call a running program."""
    for part in ("benchmarks", "faults", "integration", "journey"):
        yield from sorted((folder / part).rglob("*.py"))
