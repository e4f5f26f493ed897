"""OTLP in, Zipkin's JSON out: nothing that a reader of a trace needs is lost."""

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, ArrayValue, KeyValue
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, Span, Status

from deploy.local.spans import zipkin_spans

TRACE, SPAN, PARENT = bytes(range(16)), bytes(range(8)), bytes(range(8, 16))


def pair(key: str, **value: object) -> KeyValue:
    return KeyValue(key=key, value=AnyValue(**value))  # type: ignore[arg-type]


def sent(span: Span) -> dict[str, object]:
    resource = Resource(attributes=[pair("service.name", string_value="hub-triage")])
    spans = ResourceSpans(resource=resource, scope_spans=[ScopeSpans(spans=[span])])
    return zipkin_spans(ExportTraceServiceRequest(resource_spans=[spans]).SerializeToString())[0]


def test_ids_times_names_and_kind_arrive() -> None:
    span = Span(
        trace_id=TRACE,
        span_id=SPAN,
        parent_span_id=PARENT,
        name="triage ReportReceived.v1",
        kind=Span.SPAN_KIND_CONSUMER,
        start_time_unix_nano=1_000_000_000,
        end_time_unix_nano=1_002_000_000,
    )
    assert sent(span) == {
        "traceId": TRACE.hex(),
        "id": SPAN.hex(),
        "parentId": PARENT.hex(),
        "name": "triage ReportReceived.v1",
        "kind": "CONSUMER",
        "timestamp": 1_000_000,
        "duration": 2000,
        "localEndpoint": {"serviceName": "hub-triage"},
        "tags": {},
        "annotations": [],
    }


def test_links_become_tags() -> None:
    span = Span(trace_id=TRACE, span_id=SPAN, links=[Span.Link(trace_id=TRACE[::-1], span_id=PARENT)])
    assert sent(span)["tags"] == {"link.1": f"{TRACE[::-1].hex()}/{PARENT.hex()}"}


def test_events_become_annotations() -> None:
    event = Span.Event(name="retry", time_unix_nano=5_000_000, attributes=[pair("attempt", int_value=2)])
    assert sent(Span(trace_id=TRACE, span_id=SPAN, events=[event]))["annotations"] == [
        {"timestamp": 5000, "value": "retry (attempt=2)"}
    ]


def test_attributes_of_every_kind_become_text() -> None:
    several = AnyValue(array_value=ArrayValue(values=[AnyValue(int_value=1), AnyValue(string_value="b")]))
    attributes = [
        pair("text", string_value="a"),
        pair("yes", bool_value=True),
        pair("half", double_value=0.5),
        pair("bytes", bytes_value=b"\x00"),
        KeyValue(key="several", value=several),
    ]
    span = Span(trace_id=TRACE, span_id=SPAN, attributes=attributes)
    assert sent(span)["tags"] == {"text": "a", "yes": "true", "half": "0.5", "bytes": "", "several": "1, b"}


def test_an_error_is_marked() -> None:
    span = Span(trace_id=TRACE, span_id=SPAN, status=Status(code=Status.STATUS_CODE_ERROR))
    assert sent(span)["tags"] == {"error": "true"}


def test_a_span_without_length_lasts_a_microsecond() -> None:
    assert sent(Span(trace_id=TRACE, span_id=SPAN, start_time_unix_nano=10, end_time_unix_nano=10))["duration"] == 1
