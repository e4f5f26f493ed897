"""`hub explain FILE`: what triage would decide on each report of a file, and why; nothing is written anywhere."""

import gzip
import json
import sys
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator
from io import BufferedReader, TextIOWrapper
from pathlib import Path
from typing import IO, Annotated, Any, cast

import typer

from hub.reader import second_reader
from hub.settings import local_settings
from hub.telling import AsJson, answer, fail, say
from services.partnership.documents import PartnershipInvalid
from services.triage.domain.deciding import Rules
from services.triage.explain import RAISED, RULES_RAISED, explain_lines
from services.triage.rule_set import read_rules

_GZIP = b"\x1f\x8b"
_DASH = Path("-")


def _there(file: Path) -> Path:
    """Asked here: where a file must exist, Typer also looks for one that is called -."""
    if file != _DASH and not file.exists():
        raise typer.BadParameter(f"File '{file}' does not exist.")
    return file


_FILE = typer.Argument(
    callback=_there, dir_okay=False, help="NDJSON of hub reports, plain or gzip; - for standard input."
)
_RULES = typer.Option(help="A partnership's folder; HUB_PARTNERSHIP when left out.")


def explain(
    file: Annotated[Path, _FILE], rules: Annotated[Path | None, _RULES] = None, as_json: AsJson = False
) -> None:
    """Decide each line: `source_id` and `decision` as one JSON line each; with --json as one document.

    The rules are those of the folder, not a version that was published at the desk's /rules since: what a running hub
    decides is answered by POST /api/v1/reports?dry_run=true, which stores nothing either. A line that is refused says
    its `line` and `errors` instead of a decision; how many there were stands on standard error, and the exit code is 0.
    It is 1 where the rules could not decide a line.
    """
    folder = rules or local_settings().partnership
    known, counted = _rules(folder), Counter[str]()
    decided = _counting(explain_lines(_lines(file), known, second_reader(folder)), counted)
    try:
        if as_json:
            answer({"items": list(decided)})
        else:
            sys.stdout.writelines(json.dumps(each) + "\n" for each in decided)
    except (EOFError, gzip.BadGzipFile, zlib.error):
        fail("The gzip stream ends too early or is broken: send for the file again.")
    _tell(counted)


def _rules(folder: Path) -> Rules:
    if not folder.is_dir():
        fail(f"{folder} is not a folder: name a partnership's folder with --rules or HUB_PARTNERSHIP.")
    mend = f"Mend it, and what else `hub check partnership {folder}` names"
    try:
        return read_rules(folder)
    except PartnershipInvalid as invalid:
        fail(f"{folder}: {invalid.problems[0]}. {mend} ({len(invalid.problems)} in all).")
    except (OSError, *RAISED) as error:
        fail(f"{folder}: its rules cannot be read: {error}. {mend}.")


def _counting(decided: Iterable[dict[str, Any]], counted: Counter[str]) -> Iterator[dict[str, Any]]:
    """The same, counted by what became of each; rules that raise are told of at once."""
    for each in decided:
        first = (each.get("errors") or [{}])[0]
        raised = first.get("code") == RULES_RAISED
        if raised:
            say(f"Line {each['line']} was not decided: {first['message']}")
        counted.update(["all", *(["raised"] if raised else ["refused"] if "errors" in each else [])])
        yield each


def _tell(counted: Counter[str]) -> None:
    if refused := counted["refused"]:
        was = "was" if refused == 1 else "were"
        say(f"{refused:,} of {counted['all']:,} lines {was} refused: see `line` and `errors` of each.")
    if raised := counted["raised"]:
        fail(f"The rules could not decide {raised:,} of {counted['all']:,} lines: `hub check partnership` looks.", 1)


def _lines(file: Path) -> Iterator[str]:
    source = cast(BufferedReader, sys.stdin.buffer) if file == _DASH else file.open("rb")
    with source:
        for number, line in enumerate(lines_of(source), 1):
            _refuse_foreign(line, number)
            yield line


def lines_of(source: BufferedReader) -> IO[str]:
    """The lines of a stream, packed or not; a byte that is not UTF-8 comes as a surrogate, so its line is known."""
    packed = source.peek(len(_GZIP))[: len(_GZIP)] == _GZIP
    stream = cast(IO[bytes], gzip.GzipFile(fileobj=source)) if packed else source
    return TextIOWrapper(stream, encoding="utf-8", errors="surrogateescape")


def _refuse_foreign(line: str, number: int) -> None:
    try:
        line.encode()
    except UnicodeEncodeError:
        fail(f"Line {number} is not UTF-8: convert the file, then again.")
