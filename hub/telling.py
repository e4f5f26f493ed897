"""How every command answers: one JSON document on standard output when asked, words otherwise; progress on stderr."""

import json
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Annotated, Any, NoReturn

import typer
from rich.console import Console
from rich.table import Table

AsJson = Annotated[
    bool, typer.Option("--json", help="One JSON document on standard output, all else on standard error.")
]

TROUBLE = 2
"""The exit code when the command could not do its work; 1 when it did and the answer is no."""


def say(words: str) -> None:
    """Progress and remarks, on standard error.

    Where nobody reads any more (a closed terminal, a pipe whose reader ended) they are lost: no reason to end a hub,
    nor to leave its programs without the stop in order.
    """
    with suppress(OSError):
        sys.stderr.write(words + "\n")
        sys.stderr.flush()


def answer(document: object) -> None:
    """The one JSON document of a command."""
    sys.stdout.write(json.dumps(document, ensure_ascii=False, indent=2, default=str) + "\n")
    sys.stdout.flush()


def fail(words: str, code: int = TROUBLE) -> NoReturn:
    """End the command with one sentence that says what to do."""
    say(words)
    raise typer.Exit(code)


def table(title: str, columns: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> None:
    """Rows for people, on standard output; without colour where that is not a terminal."""
    shown = Table(title=title, title_justify="left", show_edge=False, pad_edge=False)
    for column in columns:
        shown.add_column(column.replace("_", " "), overflow="fold")
    for row in rows:
        shown.add_row(*("" if row.get(column) is None else str(row.get(column)) for column in columns))
    Console(highlight=False).print(shown)
