"""`hub simulate`: the demonstration day, played against a running hub."""

from typing import Annotated

import typer

from deploy.demonstration.feed import main
from hub.whereabouts import reaching_the_run
from services.kernel.telemetry import configure_logs


def simulate(
    url: Annotated[str, typer.Option(help="The hub's address; the local run's when left out.")] = "",
) -> None:
    """Play the demonstration day until stopped: fourteen days of history once, then live reports and the stories."""
    settings = reaching_the_run()
    configure_logs("demonstration", settings)
    main(url or settings.desk_url, settings.home, settings.kafka)
