"""Turn OTLP spans into Zipkin's: links and events, which Zipkin has not, become tags and annotations."""

from collections.abc import Iterable, Iterator
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

KINDS = {
    Span.SPAN_KIND_SERVER: "SERVER",
    Span.SPAN_KIND_CLIENT: "CLIENT",
    Span.SPAN_KIND_PRODUCER: "PRODUCER",
    Span.SPAN_KIND_CONSUMER: "CONSUMER",
}
LONGEST_TAG = 1000


def zipkin_spans(body: bytes) -> list[dict[str, Any]]:
    """The spans of an OTLP/HTTP protobuf body in Zipkin's JSON v2. Raises protobuf's `DecodeError`."""
    request = ExportTraceServiceRequest.FromString(body)
    return [
        zipkin_span(span, service)
        for resource in request.resource_spans
        for service in [_service(resource.resource.attributes)]
        for scope in resource.scope_spans
        for span in scope.spans
    ]


def zipkin_span(span: Span, service: str) -> dict[str, Any]:
    """One span; times in microseconds since 1970. A span shorter than that lasts one: Zipkin knows no zero."""
    start = span.start_time_unix_nano // 1000
    made = {
        "traceId": span.trace_id.hex(),
        "id": span.span_id.hex(),
        "name": span.name,
        "timestamp": start,
        "duration": max(1, span.end_time_unix_nano // 1000 - start),
        "localEndpoint": {"serviceName": service},
        "tags": dict(_tags(span)),
        "annotations": [
            {"timestamp": event.time_unix_nano // 1000, "value": _event(event.name, event.attributes)}
            for event in span.events
        ],
    }
    if span.parent_span_id:
        made["parentId"] = span.parent_span_id.hex()
    if span.kind in KINDS:
        made["kind"] = KINDS[span.kind]
    return made


def _service(attributes: Iterable[KeyValue]) -> str:
    return next((pair.value.string_value for pair in attributes if pair.key == "service.name"), "unknown")


def _tags(span: Span) -> Iterator[tuple[str, str]]:
    for pair in span.attributes:
        yield pair.key, _text(pair.value)
    for number, link in enumerate(span.links, 1):
        yield f"link.{number}", f"{link.trace_id.hex()}/{link.span_id.hex()}"
    if span.status.code == Status.STATUS_CODE_ERROR:
        yield "error", span.status.message or "true"


def _text(value: AnyValue) -> str:
    kind = value.WhichOneof("value")
    if kind == "array_value":
        return ", ".join(_text(each) for each in value.array_value.values)[:LONGEST_TAG]
    if kind == "bool_value":
        return "true" if value.bool_value else "false"
    if kind in ("kvlist_value", "bytes_value", None):
        return ""
    return str(getattr(value, kind))[:LONGEST_TAG]


def _event(name: str, attributes: Iterable[KeyValue]) -> str:
    pairs = ", ".join(f"{pair.key}={_text(pair.value)}" for pair in attributes)
    return f"{name} ({pairs})"[:LONGEST_TAG] if pairs else name
