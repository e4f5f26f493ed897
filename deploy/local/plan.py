"""What a local run starts, tier by tier, from its settings."""

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

from deploy.local.answers import http_ok
from deploy.local.home import Home
from deploy.local.kafka import bootstrap, kafka
from deploy.local.ports import SERVICES, Ports
from deploy.local.postgres import postgres, url
from deploy.local.program import Program, always
from deploy.local.reader_models import bringing, sentence_models
from deploy.local.trouble import CannotStart
from deploy.local.zipkin import trace_link, zipkin
from services.kernel.settings import LOOPBACK, Settings

ROOT = Path(__file__).parents[2]
ENGINES = "engines"


@dataclass(frozen=True, slots=True)
class Plan:
    """One run: where it lives, which engines are its own, what services are told."""

    settings: Settings
    home: Home
    ports: Ports
    own_postgres: bool
    own_kafka: bool
    services: tuple[str, ...]
    demonstration: bool
    day: bool
    """Whether the demonstration day is played: in a demonstration of which nothing was left out."""

    @property
    def database_url(self) -> str:
        """The administrator's address of the database."""
        return url(self.ports.postgres) if self.own_postgres else self.settings.database_url

    @property
    def kafka(self) -> str:
        """The broker's address."""
        return bootstrap(self.ports.kafka) if self.own_kafka else self.settings.kafka

    def environment(self) -> Mapping[str, str]:
        """What every service of the run is told; what the person set stays as it is."""
        told = {
            "port_base": str(self.ports.base),
            "home": str(self.home.path),
            "database_url": self.database_url,
            "kafka": self.kafka,
            "demonstration": "true" if self.demonstration else "false",
            "sentence_models": json.dumps([str(model) for model in sentence_models(self.home.jars)]),
            "smtp_port": str(self.ports.smtp),
            "otlp_endpoint": f"http://{LOOPBACK}:{self.ports.bridge}",
            "trace_url": trace_link(self.ports.zipkin),
        }
        given = self.settings.model_fields_set - {"port_base", "home"}
        return {f"HUB_{name.upper()}": value for name, value in told.items() if name not in given}

    def models_to_bring(self) -> list[tuple[str, ...]]:
        """The commands that bring the second reader's sentence models; none where the person named others."""
        return [] if "sentence_models" in self.settings.model_fields_set else bringing(self.home.jars)

    def engines(self) -> list[Program]:
        """PostgreSQL and Kafka, where they are this run's own; makes their folders. Raises `CannotStart`."""
        made = []
        if self.own_postgres:
            made.append(postgres(self.home.path / "postgres", self.ports.postgres))
        if self.own_kafka:
            made.append(kafka(self.home.path / "kafka", self.home.jars, self.ports.kafka))
        return made

    def companions(self) -> list[Program]:
        """The trace viewer, its bridge and the mail sink."""
        ports = self.ports
        bridge = self._python("otlp-bridge", "deploy.local.otlp_bridge", ports.bridge, ports.zipkin, port=ports.bridge)
        folder = self.home.path / "mail"
        sink = self._python("mail-sink", "deploy.local.mail_sink", ports.smtp, ports.mail, folder, port=ports.mail)
        return [zipkin(self.home.jars, self.home.path / "zipkin", ports.zipkin), bridge, sink]

    def service_programs(self) -> list[Program]:
        """The hub's own services, in the order of the data's flow."""
        return [self._python(name, "hub", "run", name, port=self.ports.service(name)) for name in self.services]

    def feeder(self) -> list[Program]:
        """The demonstration day."""
        if not self.day:
            return []
        return [self._python("demonstration", "hub", "simulate", port=None)]

    def _python(self, name: str, module: str, *arguments: object, port: int | None) -> Program:
        return Program(
            name=name,
            command=(sys.executable, "-m", module, *map(str, arguments)),
            ready=partial(http_ok, port) if port else always,
            port=port,
            environment={**self.environment(), "PYTHONUNBUFFERED": "1"},
            directory=ROOT,
            stop_seconds=10,
        )

    def wanted_ports(self) -> dict[str, int]:
        """Every port that the run will listen on, with who needs it."""
        ports = self.ports
        wanted = {"PostgreSQL": ports.postgres} if self.own_postgres else {}
        wanted |= {"Kafka": ports.kafka, "Kafka's controller": ports.kafka + 1} if self.own_kafka else {}
        wanted |= {"the mail sink": ports.smtp, "the mail page": ports.mail}
        wanted |= {"the trace viewer": ports.zipkin, "the trace bridge": ports.bridge}
        return wanted | self.service_ports()

    def service_ports(self) -> dict[str, int]:
        """The services' part of them."""
        return {name: self.ports.service(name) for name in self.services}


def plan(settings: Settings, only: str = "") -> Plan:
    """The run that `settings` ask for; `only` is `engines` or names of services with commas between.

    Raises `CannotStart` for a service that does not exist and for a demonstration that others could reach.
    """
    chosen = tuple(name for name in only.split(",") if name and name != ENGINES)
    if unknown := [name for name in chosen if name not in SERVICES]:
        raise CannotStart(f"There is no service {unknown[0]!r}. There are: {', '.join(SERVICES)} (or `engines`).")
    demonstration = settings.demonstration or "demonstration" not in settings.model_fields_set
    if demonstration and settings.host != LOOPBACK:
        raise CannotStart(
            "A demonstration lets anyone sign in as anyone, so it listens on loopback only. Unset HUB_HOST, or set "
            "HUB_DEMONSTRATION=false and an identity provider."
        )
    return Plan(
        settings=settings,
        home=Home(settings.home),
        ports=Ports(settings.port_base),
        own_postgres="database_url" not in settings.model_fields_set,
        own_kafka="kafka" not in settings.model_fields_set,
        services=chosen if only else SERVICES,
        demonstration=demonstration,
        day=demonstration and not only,
    )


def place(address: str) -> str:
    """Hosts and ports of an address, without its user and password, for messages."""
    _, at, hosts = urlsplit(address if "://" in address else f"//{address}").netloc.rpartition("@")
    if "@" in address and not at:
        return "an address that cannot be read"  # a password with a # or / in it would stand where hosts do
    return hosts
