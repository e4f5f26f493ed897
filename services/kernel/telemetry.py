"""Logs, traces and metrics: JSON lines with trace ids and no personal data, OTLP spans, Prometheus numbers."""

import logging
import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from traceback import extract_tb
from typing import Any

import httpx2
import structlog
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import ALWAYS_ON, ParentBased
from opentelemetry.trace import Link, Span, SpanContext, SpanKind, TraceFlags
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from services.kernel.decision import Message
from services.kernel.settings import Settings

_PROPAGATOR = TraceContextTextMapPropagator()
_TRACEPARENT = re.compile(r"[0-9a-f]{2}-(?P<trace>[0-9a-f]{32})-[0-9a-f]{16}-(?P<flags>[0-9a-f]{2})")
_LINKS_AT_MOST = 100
_FRAMES_AT_MOST = 12

registry = CollectorRegistry()
MESSAGES = Counter("hub_messages", "Messages handled", ("source", "outcome"), registry=registry)
BATCH_SECONDS = Histogram("hub_batch_seconds", "From claim to commit", ("source",), registry=registry)
HOP_SECONDS = Histogram(
    "hub_hop_seconds",
    "From an event's time to its commit here",
    ("source",),
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 30, 120, 600),
    registry=registry,
)
LAG = Gauge("hub_consumer_lag", "Records behind the end of the topic", ("topic",), registry=registry)
OUTBOX_AGE = Gauge("hub_outbox_age_seconds", "Age of the oldest unpublished event", registry=registry)
OUTBOX_ROWS = Gauge("hub_outbox_rows", "Unpublished events", registry=registry)
DEAD_LETTERS = Gauge(
    "hub_dead_letters", "Messages that could not be decided, and what waits", ("state",), registry=registry
)
PUBLISHED = Counter("hub_published", "Events confirmed by the broker", ("topic",), registry=registry)
JOBS_IN_DOUBT = Counter("hub_jobs_in_doubt", "Jobs taken again after a lease ran out", ("kind",), registry=registry)


def _trace_ids(_: Any, __: str, event: dict[str, Any]) -> dict[str, Any]:
    context = trace.get_current_span().get_span_context()
    if context.is_valid:
        event["trace_id"] = f"{context.trace_id:032x}"
    return event


def _places_only(_: Any, __: str, event: dict[str, Any]) -> dict[str, Any]:
    """An exception as its class and the places it went through: its words and variables may hold personal data."""
    failure = event.pop("exc_info", None)
    if failure is True:
        failure = sys.exc_info()
    error = failure[1] if isinstance(failure, tuple) else failure
    if isinstance(error, BaseException):
        event["error"] = type(error).__name__
        frames = extract_tb(error.__traceback__)[-_FRAMES_AT_MOST:]
        event["places"] = [f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in frames]
    return event


def configure_logs(service: str, settings: Settings) -> None:
    """JSON lines on standard output; libraries' own logs pass through the same form."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
        _trace_ids,
        lambda _, __, event: event | {"service": service},
        _places_only,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(),
            ],
        )
    )
    logging.basicConfig(level=settings.log_level, handlers=[handler], force=True)
    for noisy in ("aiokafka", "httpx2", "httpcore2", "uvicorn.access", "alembic"):
        logging.getLogger(noisy).setLevel(logging.ERROR if noisy == "aiokafka" else logging.WARNING)


def configure_traces(service: str, settings: Settings) -> TracerProvider | None:
    """Send spans to `otlp_endpoint`; without one, trace ids are still made and carried."""
    provider = TracerProvider(
        resource=Resource.create({"service.name": f"hub-{service}"}), sampler=ParentBased(ALWAYS_ON)
    )
    if settings.otlp_endpoint:
        exporter = OTLPSpanExporter(endpoint=f"{settings.otlp_endpoint.rstrip('/')}/v1/traces", timeout=5)
        provider.add_span_processor(BatchSpanProcessor(exporter, schedule_delay_millis=1000, max_queue_size=8192))
    trace.set_tracer_provider(provider)
    return provider


def current_traceparent() -> str | None:
    """The running span's W3C traceparent, or None outside a span."""
    carrier: dict[str, str] = {}
    _PROPAGATOR.inject(carrier)
    return carrier.get("traceparent")


async def carry_trace(request: httpx2.Request) -> None:
    """Give an outgoing request to another service of ours the running span as its parent (an httpx2 event hook)."""
    traceparent = current_traceparent()
    if traceparent is not None:
        request.headers["traceparent"] = traceparent


def trace_id_of(traceparent: str | None) -> str | None:
    """The 32 hexadecimal digits of a traceparent; None where it is not one, for a partner may send anything."""
    found = _TRACEPARENT.fullmatch(traceparent or "")
    return found and found["trace"]


def is_sampled(traceparent: str | None) -> bool:
    """Whether the caller's trace is kept; a message outside a trace is not."""
    found = _TRACEPARENT.fullmatch(traceparent or "")
    return found is not None and bool(int(found["flags"], 16) & TraceFlags.SAMPLED)


def _context_of(traceparent: str) -> SpanContext:
    return trace.get_current_span(_PROPAGATOR.extract({"traceparent": traceparent})).get_span_context()


def nanoseconds(moment: datetime) -> int:
    """Nanoseconds since 1970, as spans want them."""
    return int(moment.timestamp() * 1_000_000_000)


class BatchTrace:
    """The spans of one batch: one that links its messages, and one child per sampled message under its own trace."""

    def __init__(self, service: str, batch: str, started: datetime) -> None:
        self._tracer = trace.get_tracer("hub.kernel")
        self._service, self._batch, self._started = service, batch, started
        self._spans: list[Span] = []

    def message(self, message: Message) -> str | None:
        """The traceparent for what `message` brings about; a span only where the message's trace is kept."""
        if not is_sampled(message.traceparent):
            return message.traceparent
        parent = _PROPAGATOR.extract({"traceparent": str(message.traceparent)})
        span = self._tracer.start_span(
            f"{self._service} {message.type}",
            context=parent,
            kind=SpanKind.CONSUMER if message.topic else SpanKind.INTERNAL,
            start_time=nanoseconds(self._started),
            attributes={"messaging.message.id": str(message.id), "hub.source": self._batch},
        )
        self._spans.append(span)
        carrier: dict[str, str] = {}
        _PROPAGATOR.inject(carrier, trace.set_span_in_context(span))
        return carrier.get("traceparent")

    def end(self, ended: datetime) -> None:
        """Close the message spans at the commit's time."""
        for span in self._spans:
            span.set_attribute("hub.batch.size", len(self._spans))
            span.end(nanoseconds(ended))

    @contextmanager
    def batch(self, messages: Sequence[Message]) -> Iterator[None]:
        """A span around a batch of several sampled messages, linked to each."""
        sampled = [m.traceparent for m in messages if m.traceparent and is_sampled(m.traceparent)]
        if len(sampled) < 2:
            yield
            return
        links = [Link(_context_of(each)) for each in sampled[:_LINKS_AT_MOST]]
        with self._tracer.start_as_current_span(
            f"{self._service} batch {self._batch}", links=links, attributes={"hub.batch.size": len(messages)}
        ):
            yield


@contextmanager
def job_span(kind: str, traceparent: str | None) -> Iterator[None]:
    """A span around a job's work with the outside world, in the trace that asked for it."""
    if not is_sampled(traceparent):
        yield
        return
    parent = _PROPAGATOR.extract({"traceparent": str(traceparent)})
    with trace.get_tracer("hub.kernel").start_as_current_span(f"job {kind}", context=parent, kind=SpanKind.CLIENT):
        yield
