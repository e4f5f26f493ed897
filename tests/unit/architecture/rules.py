"""The rules that review would otherwise repeat: each takes a module's path and syntax tree and gives findings."""

import ast
import re
from collections.abc import Callable, Iterator
from pathlib import Path

FILE_LINES, FUNCTION_LINES = 300, 45
SHARED = {"kernel", "partnership", "access", "pages"}
"""What every service may import beside itself and `schemas`; services never import each other."""
KERNEL_FORBIDDEN = re.compile(
    r"\b(referral|triage|panel|victim|suspect|agency|safeguarding|reports?-(101|online|partner))\b", re.I
)
BANNED_NAMES = {"utils", "helpers", "common", "base", "manager"}
SQL = re.compile(r"^\s*(SELECT|INSERT INTO|UPDATE|DELETE FROM|WITH|MERGE INTO|COPY|TRUNCATE|LOCK TABLE|NOTIFY)\s")
QUERY_FILES = ("repository.py", "tables.py")
QUERYING = {"execute", "exec_driver_sql", "executemany", "fetch", "fetchrow", "fetchval"}
QUERYING |= {"copy_records_to_table", "copy_to_table", "copy_from_table", "copy_from_query"}
STATEMENTS = {"text", "select", "insert", "update", "delete"}
"""What SQLAlchemy builds a query with."""
PROVISIONING = ("deploy/local/provision.py", "hub/revisions.py")
"""Make a database, and read which migration each service stands at, before any repository can be built."""
FOREIGN = "deploy/demonstration/poison.py"
"""Puts the demonstration's one poisoned record on a topic, as a foreign tool would."""
PUBLISHERS = {"send_batch", "send_and_wait", "publish", "publish_batch", "publisher"}
PRODUCER = "AIOKafkaProducer"

Finding = str
Rule = Callable[[Path, ast.Module, str], Iterator[Finding]]


def _service(path: Path) -> str | None:
    parts = path.parts
    return parts[1] if len(parts) > 2 and parts[0] == "services" else None


def _imports(tree: ast.Module) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.lineno, node.module


def import_direction(path: Path, tree: ast.Module, _: str) -> Iterator[Finding]:
    """Services import the shared packages and `schemas`, never each other; the kernel and `schemas` import neither."""
    service = _service(path)
    for line, name in _imports(tree):
        parts = name.split(".")
        if path.parts[0] == "schemas" and parts[0] in ("services", "hub", "deploy"):
            yield f"{path}:{line}: schemas import {name}"
        if service is None or parts[0] not in ("services", "schemas", "hub", "deploy", "tests"):
            continue
        imported = parts[1] if parts[0] == "services" and len(parts) > 1 else None
        allowed = (parts[0] == "schemas" and service != "kernel") or imported == service
        if not (allowed or (imported in SHARED and service != "kernel")):
            yield f"{path}:{line}: {service} imports {name}"


def kernel_words(path: Path, _: ast.Module, source: str) -> Iterator[Finding]:
    """The kernel knows no word of the domain and no topic's name."""
    if _service(path) == "kernel":
        for number, line in enumerate(source.splitlines(), 1):
            if found := KERNEL_FORBIDDEN.search(line):
                yield f"{path}:{number}: the kernel says {found.group()!r}"


def queries(path: Path, tree: ast.Module, _: str) -> Iterator[Finding]:
    """Queries stand in repositories (and in the kernel, migrations and the local run's provisioning)."""
    if (
        _service(path) == "kernel"
        or path.name.endswith(QUERY_FILES)
        or path.as_posix() in PROVISIONING
        or {"migrations", "repository"} & set(path.parts)
    ):
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and SQL.match(node.value):
            yield f"{path}:{node.lineno}: a query outside a repository"
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in QUERYING:
            yield f"{path}:{node.lineno}: {node.func.attr} outside a repository"
        if isinstance(node, ast.ImportFrom) and node.module == "sqlalchemy" and STATEMENTS & _named(node):
            yield f"{path}:{node.lineno}: a query outside a repository, by SQLAlchemy"


def publishing(path: Path, tree: ast.Module, _: str) -> Iterator[Finding]:
    """Only the relay publishes."""
    if path.parts[-2:] == ("kernel", "relay.py") or path.as_posix() == FOREIGN:
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr in PUBLISHERS:
            yield f"{path}:{node.lineno}: publishes with {node.attr}"
        if isinstance(node, ast.Attribute | ast.ImportFrom) and PRODUCER in _named(node):
            yield f"{path}:{node.lineno}: publishes with a producer of its own"


def _named(node: ast.ImportFrom | ast.Attribute) -> set[str]:
    return {node.attr} if isinstance(node, ast.Attribute) else {alias.name for alias in node.names}


def sizes(path: Path, tree: ast.Module, source: str) -> Iterator[Finding]:
    """Files and functions stay short enough to read at once."""
    lines = source.count("\n")
    if lines > FILE_LINES:
        yield f"{path}: {lines} lines"
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            if length > FUNCTION_LINES:
                yield f"{path}:{node.lineno}: {node.name} has {length} lines"


def names(path: Path, _: ast.Module, __: str) -> Iterator[Finding]:
    """No module is called after nothing."""
    if path.stem in BANNED_NAMES:
        yield f"{path}: a module called {path.stem}"


def purpose(path: Path, tree: ast.Module, source: str) -> Iterator[Finding]:
    """A module begins with one sentence that says what it is for."""
    if source.strip() and not ast.get_docstring(tree):
        yield f"{path}:1: no sentence says what the module is for"


def broad_excepts(path: Path, tree: ast.Module, _: str) -> Iterator[Finding]:
    """`except Exception` stands in one place: the loop, where a pure decision that raises becomes a dead letter."""
    if path.parts[-2:] == ("kernel", "loop.py"):
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.ExceptHandler):
            caught = node.type.id if isinstance(node.type, ast.Name) else None
            if node.type is None or caught in ("Exception", "BaseException"):
                yield f"{path}:{node.lineno}: a broad except"


RULES: tuple[Rule, ...] = (
    import_direction,
    kernel_words,
    queries,
    publishing,
    sizes,
    names,
    purpose,
    broad_excepts,
)


def findings(path: Path, source: str) -> list[Finding]:
    """All that the rules find in one module; a file that does not parse is a finding, not skipped."""
    try:
        tree = ast.parse(source)
    except SyntaxError as error:
        return [f"{path}:{error.lineno}: does not parse"]
    return [found for rule in RULES for found in rule(path, tree, source)]
