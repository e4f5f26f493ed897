"""Which stable codes the services answer with, read from their source: what a client may meet must be explained."""

import ast
from collections.abc import Iterator
from pathlib import Path

KINDS = {"stale", "refused", "not-found", "not-yours"}
"""The first word of a refusal in referrals says what kind it is; the code follows."""
NAMED = {"Problem", "Refused", "NotDone", "_refused"}


def codes_in(source: str) -> Iterator[str]:
    """The code of every problem and refusal that a module builds with a literal one."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and _name(node.func) in NAMED:
            words = [each.value for each in node.args if isinstance(each, ast.Constant) and isinstance(each.value, str)]
            if _name(node.func) == "Refused" and words[:1] and words[0] in KINDS:
                words = words[1:]
            yield from words[:1]


def _name(function: ast.expr) -> str:
    return function.id if isinstance(function, ast.Name) else getattr(function, "attr", "")


def codes_of(folder: Path) -> dict[str, Path]:
    """Code → a module that answers with it, over all modules of `folder`."""
    return {code: path for path in sorted(folder.rglob("*.py")) for code in codes_in(path.read_text())}
