"""All commands of the hub, each a thin module over what does the work."""

import typer

from hub.migrate import migrate
from hub.run import run
from hub.up import up

app = typer.Typer(
    name="hub",
    help="The community safety hub's command line.",
    no_args_is_help=True,
    add_completion=False,
    # A pretty traceback shows the values of variables, and those may be somebody's.
    pretty_exceptions_enable=False,
)
app.command()(up)
app.command()(run)
app.command()(migrate)


def main() -> None:
    """The entry point of `hub` and `python -m hub`."""
    app()
