"""`hub check partnership`: whether the hub can start with a partnership's files."""

from pathlib import Path
from typing import Annotated

import typer

from hub.settings import local_settings
from hub.telling import AsJson
from services.partnership import checks
from services.triage.rule_set import triage_problems

app = typer.Typer(help="Check what people write by hand.", no_args_is_help=True)


@app.command()
def partnership(
    folder: Annotated[Path | None, typer.Argument(help="Its folder; HUB_PARTNERSHIP when left out.")] = None,
    as_json: AsJson = False,
) -> None:
    """Every mistake in a partnership's files, with file and line. Exit code 1 when one keeps the hub from starting."""
    path = folder or local_settings().partnership
    raise typer.Exit(checks.main_json(path, triage_problems) if as_json else checks.main(path, triage_problems))


@app.callback()
def _check() -> None:
    """Check what people write by hand."""
