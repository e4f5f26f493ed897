"""`hub run SERVICE`: one process of one service, as the one-command run and Kubernetes start it."""

import os
from importlib import import_module
from typing import Annotated

import typer

from deploy.local.ports import SERVICES
from hub.settings import local_settings
from hub.telling import fail
from services.kernel.process import run as serve
from services.kernel.process import tune_collector


def run(
    service: Annotated[str, typer.Argument(help=f"One of {', '.join(SERVICES)}.")],
    port: Annotated[int | None, typer.Option(help="Listen here instead of at the service's usual port.")] = None,
    slot: Annotated[
        int, typer.Option(envvar="HUB_SLOT", help="Which of several processes of the service: its place in the groups.")
    ] = 0,
) -> None:
    """Run one service until SIGTERM."""
    if service not in SERVICES:
        fail(f"There is no service {service!r}. There are: {', '.join(SERVICES)}.")
    os.environ["HUB_SLOT"] = str(slot)
    # First: a quarter of a start went into looking for cycles among modules and the partnership's words.
    tune_collector()
    app = import_module(f"services.{service}.app")
    if port is None:
        app.main(local_settings())
        return
    process = app.build(local_settings())
    process.port = port
    serve(process)
