"""All commands of the hub by name; each is a thin module over what does the work, loaded when it is asked for."""

import logging
import os
import sys
from collections.abc import Iterable, Mapping
from importlib import import_module
from importlib.util import find_spec

import typer
from pydantic import ValidationError

from hub.telling import TROUBLE, say
from services.partnership.documents import PartnershipInvalid

COMMANDS = {
    "up": "hub.up:up",
    "run": "hub.run:run",
    "status": "hub.status:status",
    "doctor": "hub.doctor:doctor",
    "migrate": "hub.migrate:migrate",
    "import": "hub.batches:import_file",
    "explain": "hub.explain:explain",
    "train": "hub.train:train",
    "tune": "hub.tune:tune",
    "simulate": "hub.simulate:simulate",
    "keys": "hub.keys:app",
    "dead-letters": "hub.dead_letters:app",
    "check": "hub.check:app",
    "backtest": "hub.backtest:backtest",
    "bench": "hub.bench:bench",
}
"""Command → where it stands. Every service process begins with one of them and keeps the memory of what it loads."""

LOOPBACKS = ("127.0.0.1", "localhost", "::1")

NEEDED = {"bench": "tests", "train": "sklearn", "tune": "jax"}
"""Commands that use what an installed hub has not: the tests' folder, a development package."""


def application(names: Iterable[str]) -> typer.Typer:
    """The command line with these commands."""
    app = typer.Typer(
        name="hub",
        help="The community safety hub's command line.",
        no_args_is_help=True,
        add_completion=False,
        # A pretty traceback shows the values of variables, and those may be somebody's.
        pretty_exceptions_enable=False,
    )
    app.callback()(_hub)
    for name in names:
        if name in NEEDED and find_spec(NEEDED[name]) is None:
            continue
        module, _, attribute = COMMANDS[name].partition(":")
        found = getattr(import_module(module), attribute)
        if isinstance(found, typer.Typer):
            app.add_typer(found, name=name)
        else:
            app.command(name)(found)
    return app


def past_the_proxy(environment: Mapping[str, str]) -> str:
    """What `no_proxy` must be so that a proxy for the world outside is never asked for what runs on this machine."""
    given = environment.get("no_proxy") or environment.get("NO_PROXY") or ""
    return ",".join(dict.fromkeys([*filter(None, given.split(",")), *LOOPBACKS]))


def _hub() -> None:
    """The community safety hub's command line."""


def main() -> None:
    """The entry point of `hub` and `python -m hub`."""
    os.environ["no_proxy"] = past_the_proxy(os.environ)
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # a command says itself what it did not reach
    asked = sys.argv[1] if len(sys.argv) > 1 else ""
    try:
        application([asked] if asked in COMMANDS else COMMANDS)()
    except (PartnershipInvalid, ValidationError, OSError) as error:
        say(in_a_sentence(error))
        sys.exit(TROUBLE)


def in_a_sentence(error: Exception) -> str:
    """What a command met that somebody outside can mend, and never a value: it may be a secret, or somebody's."""
    if isinstance(error, PartnershipInvalid):
        found = len(error.problems)
        return f"{error.problems[0]}. Mend it, and what else `hub check partnership` names ({found} in all)."
    if isinstance(error, ValidationError):
        wrong = error.errors(include_input=False, include_url=False, include_context=False)
        return " ".join(f"{'.'.join(map(str, (error.title, *each['loc'])))}: {each['msg']}." for each in wrong)
    return f"{error}."
