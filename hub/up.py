"""`hub up`: the one-command run."""

import asyncio
import sys
from typing import Annotated, Any

import typer

from deploy.local.plan import plan
from deploy.local.run import run
from deploy.local.trouble import EXIT_CODE, CannotStart
from hub.settings import local_settings
from hub.telling import AsJson, answer, fail, say

_ORDER = ("demo", "worklist", "report", "call", "operations", "traces", "mail", "database", "kafka", "logs")


def up(
    only: Annotated[str, typer.Option(help="`engines`, or names of services with commas between.")] = "",
    as_json: AsJson = False,
) -> None:
    """Start everything on this machine and keep it running until Ctrl-C."""
    try:
        asyncio.run(run(plan(local_settings(), only), say, answer if as_json else _tell))
    except CannotStart as trouble:
        fail(str(trouble), EXIT_CODE)


def _tell(addresses: dict[str, Any]) -> None:
    sys.stdout.write("\nThe hub is ready.\n\n")
    for name in _ORDER:
        if name in addresses:
            sys.stdout.write(f"  {name:<11} {addresses[name]}\n")
    sys.stdout.write("\nCtrl-C stops everything in order; the data stays.\n\n")
    sys.stdout.flush()
