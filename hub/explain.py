"""`hub explain FILE`: what triage would decide on each report of a file, and why; nothing is written anywhere."""

import gzip
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from hub.reader import second_reader
from hub.settings import local_settings
from hub.telling import AsJson, answer, fail
from services.triage.explain import explain_lines

_GZIP = b"\x1f\x8b"


def explain(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="NDJSON of hub reports, plain or gzip.")],
    rules: Annotated[Path | None, typer.Option(help="A partnership's folder; HUB_PARTNERSHIP when left out.")] = None,
    as_json: AsJson = False,
) -> None:
    """Decide each line: `source_id` and `decision` as one JSON line each; with --json as one document."""
    partnership = rules or local_settings().partnership
    decided = explain_lines(_lines(file), partnership, second_reader(partnership))
    try:
        if as_json:
            answer({"items": [json.loads(line) for line in decided]})
            return
        for line in decided:
            sys.stdout.write(line + "\n")
    except UnicodeDecodeError:
        fail("The file is not UTF-8 from here on: convert it, then again.")
    except (EOFError, gzip.BadGzipFile):
        fail("The gzip stream ends too early or is broken: send for the file again.")


def _lines(file: Path) -> Iterator[str]:
    with file.open("rb") as probe:
        packed = probe.read(2) == _GZIP
    with gzip.open(file, "rt", encoding="utf-8") if packed else file.open(encoding="utf-8") as lines:
        yield from lines
