"""The mail sink and the trace viewer with its bridge, as the local run starts them."""

import time
from collections.abc import Callable, Iterator
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import aiosmtplib
import httpx2
import pytest
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.trace import Link

from deploy.local.jars import ZIPKIN_LOCK, ensure
from deploy.local.plan import Plan, plan
from services.kernel.settings import Settings
from tests.engines.running import Running, free_ports

pytestmark = pytest.mark.integration

DEADLINE_SECONDS = 240.0


def until(found: Callable[[], list[dict[str, Any]] | None]) -> list[dict[str, Any]]:
    deadline = time.monotonic() + DEADLINE_SECONDS
    while (value := found()) is None:
        assert time.monotonic() < deadline, "it did not come about in time"
        time.sleep(0.05)
    return value


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory, jars: Path) -> Plan:
    """A plan on free ports in a folder of its own."""
    home = tmp_path_factory.mktemp("companions")
    (home / "java").symlink_to(jars)
    ensure([ZIPKIN_LOCK], jars)
    return plan(Settings(home=home, port_base=free_ports(following=94)))


@pytest.fixture(scope="module")
def companions(run: Plan) -> Iterator[dict[str, Running]]:
    """Zipkin, the bridge and the sink, all started at once; only the last two are waited for."""
    started = {each.name: Running(each, run.home.path / f"{each.name}.log") for each in run.companions()}
    for name in ("otlp-bridge", "mail-sink"):
        started[name].wait_ready()
    yield started
    for each in started.values():
        each.stop()


def mails(run: Plan) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = httpx2.get(f"http://127.0.0.1:{run.ports.mail}/mails", timeout=60).json()["items"]
    return found


async def test_a_mail_by_smtp_is_there_to_read_and_still_there_after_a_kill(
    run: Plan, companions: dict[str, Running]
) -> None:
    message = EmailMessage()
    message["From"], message["To"] = "hub@example.org", "Asha Venn <asha.venn@example.org>"
    message["Subject"], message["Message-ID"] = "A case was assigned to you — C-222", "<job-1@hub>"
    message.set_content("Open http://127.0.0.1:8000/cases/C-222\n")
    await aiosmtplib.send(message, hostname="127.0.0.1", port=run.ports.smtp)
    before = mails(run)
    companions["mail-sink"].kill()
    companions["mail-sink"].start()
    assert mails(run) == before
    assert before[0]["to"] == "asha.venn@example.org"
    assert before[0]["subject"] == "A case was assigned to you — C-222"
    assert before[0]["text"] == "Open http://127.0.0.1:8000/cases/C-222\n"
    assert before[0]["headers"]["Message-ID"] == "<job-1@hub>"
    shown = httpx2.get(f"http://127.0.0.1:{run.ports.mail}/mails/{before[0]['id']}", timeout=60).json()
    assert shown == before[0]


def test_a_mail_that_does_not_exist_is_not_found(run: Plan, companions: dict[str, Running]) -> None:
    assert companions
    assert httpx2.get(f"http://127.0.0.1:{run.ports.mail}/mails/1-2", timeout=60).status_code == 404


def test_spans_by_otlp_are_one_trace_in_the_viewer_with_links_as_tags(
    run: Plan, companions: dict[str, Running]
) -> None:
    provider = TracerProvider(resource=Resource.create({"service.name": "hub-intake"}))
    endpoint = f"http://127.0.0.1:{run.ports.bridge}/v1/traces"
    provider.add_span_processor(SimpleSpanProcessor(OTLPSpanExporter(endpoint=endpoint)))
    tracer = provider.get_tracer("test")
    with tracer.start_as_current_span("POST /api/v1/reports") as first:
        first.add_event("spooled")
        with tracer.start_as_current_span("relay", links=[Link(first.get_span_context())]):
            pass
    provider.shutdown()
    trace = f"{first.get_span_context().trace_id:032x}"
    companions["zipkin"].wait_ready()

    def arrived() -> list[dict[str, Any]] | None:
        answer = httpx2.get(f"http://127.0.0.1:{run.ports.zipkin}/zipkin/api/v2/trace/{trace}", timeout=60)
        return answer.json() if answer.is_success and len(answer.json()) == 2 else None

    spans = {each["name"]: each for each in until(arrived)}
    outer, inner = spans["post /api/v1/reports"], spans["relay"]
    assert inner["parentId"] == outer["id"]
    assert inner["tags"]["link.1"] == f"{trace}/{outer['id']}"
    assert [each["value"] for each in outer["annotations"]] == ["spooled"]
    assert outer["localEndpoint"]["serviceName"] == "hub-intake"
    page = httpx2.get(f"http://127.0.0.1:{run.ports.zipkin}/zipkin/traces/{trace}", timeout=60)
    assert page.is_success


def test_a_body_that_is_not_otlp_is_refused_and_the_bridge_goes_on(run: Plan, companions: dict[str, Running]) -> None:
    assert companions
    bridge = f"http://127.0.0.1:{run.ports.bridge}"
    assert httpx2.post(f"{bridge}/v1/traces", content=b"\xff\xff\xff", timeout=60).status_code == 400
    broken = httpx2.post(f"{bridge}/v1/traces", content=b"no gzip", headers={"Content-Encoding": "gzip"}, timeout=60)
    assert broken.status_code == 400
    assert httpx2.get(f"{bridge}/readyz", timeout=60).is_success


def test_the_viewer_listens_on_loopback_only(run: Plan, companions: dict[str, Running]) -> None:
    companions["zipkin"].wait_ready()
    tables = (Path("/proc/net/tcp"), Path("/proc/net/tcp6"))
    rows = [line.split() for table in tables for line in table.read_text().splitlines()[1:]]
    listening = {row[1] for row in rows if row[3] == "0A" and row[1].endswith(f":{run.ports.zipkin:04X}")}
    assert listening
    assert all("0100007F" in address for address in listening)
