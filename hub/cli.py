"""All commands of the hub, each a thin module over what does the work."""

import typer

from hub.migrate import migrate
from hub.run import run
from hub.up import up

app = typer.Typer(
    name="hub", help="The community safety hub's command line.", no_args_is_help=True, add_completion=False
)
app.command()(up)
app.command()(run)
app.command()(migrate)


def main() -> None:
    """The entry point of `hub` and `python -m hub`."""
    app()
