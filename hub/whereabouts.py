"""Where the hub is that a command speaks to: the one that runs from this folder, or what the environment names."""

from deploy.local.home import Home
from deploy.local.kafka import bootstrap
from deploy.local.ports import Ports
from deploy.local.postgres import url
from hub.settings import local_settings
from services.kernel.settings import Settings


def beside_the_run() -> Settings:
    """The command's settings, at the base port of the hub that runs from its folder; a base that is set stays."""
    settings = local_settings()
    run = Home(settings.home).alive()
    if run is None or "port_base" in settings.model_fields_set:
        return settings
    return settings.model_copy(update={"port_base": run["base"]})


def reaching_the_run() -> Settings:
    """The same with that hub's own database and broker, for each of them that the environment does not name."""
    settings = beside_the_run()
    ports = Ports(settings.port_base)
    engines = {"database_url": url(ports.postgres), "kafka": bootstrap(ports.kafka)}
    given = settings.model_fields_set
    return settings.model_copy(update={name: value for name, value in engines.items() if name not in given})
