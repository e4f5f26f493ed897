"""The AsyncAPI 3.0 document of the hub's topics, made from the topic catalogue and the events' JSON Schemas.

Every service publishes to the topics that it owns and hears those that name it as a consumer; a partner's own topic
(`feed-<partner>`) takes reports in the form of `product.md`, "A report".
"""

from collections.abc import Iterable
from typing import Any

from pydantic.json_schema import models_json_schema

from schemas import topics
from schemas.events import EVENTS
from schemas.submission import Submission
from schemas.topics import Topic

VERSION = "3.0.0"
FEED, FEED_MESSAGE = "feed", "Report"
_HEADERS = {
    "ce_specversion": "CloudEvents version, 1.0",
    "ce_id": "id of the event (UUID); the same event always has the same one",
    "ce_source": "the service that it comes from",
    "ce_type": "name and version of the event",
    "ce_time": "when it happened, RFC 3339",
    "ce_subject": "the topic's key: what the event is about",
    "ce_dataschema": "address of the body's JSON Schema",
    "traceparent": "W3C trace context",
    "correlationid": "id that all events of one cause share (UUID)",
    "causationid": "id of the event or command that caused it (UUID)",
}

Json = dict[str, Any]


def document(bootstrap: str) -> Json:
    """The whole document; `bootstrap` is the broker's `host:port`."""
    return {
        "asyncapi": VERSION,
        "info": {
            "title": "Community safety hub",
            "version": "1",
            "description": "CloudEvents 1.0 in Kafka's binary mode; bodies are JSON. Unknown fields are to be ignored.",
        },
        "defaultContentType": "application/json",
        "servers": {"kafka": {"host": bootstrap, "pathname": "", "protocol": "kafka"}},
        "channels": {topic.name: _channel(topic) for topic in topics.TOPICS} | {FEED: _feed_channel()},
        "operations": dict(_operations()),
        "components": {"messages": _messages(), "schemas": _schemas()},
    }


def _reference(*path: str) -> Json:
    return {"$ref": "#/" + "/".join(path)}


def _channel(topic: Topic) -> Json:
    return {
        "address": topic.name,
        "description": f"Key: {topic.key}. Owner: {topic.owner}. Consumers: {', '.join(topic.consumers)}.",
        "messages": {type_: _reference("components", "messages", type_) for type_ in topic.events},
        "bindings": {
            "kafka": {"partitions": topic.partitions, "topicConfiguration": {"retention.ms": topic.retention_ms}}
        },
    }


def _feed_channel() -> Json:
    feed = topics.feed_topic("{partner}")
    return {
        "address": feed.name,
        "description": f"A partner's own topic. Key: {feed.key}. A record that breaks a rule is a rejected row.",
        "parameters": {"partner": {"description": "The partner's code, as the hub gave it"}},
        "messages": {FEED_MESSAGE: _reference("components", "messages", FEED_MESSAGE)},
    }


def _operations() -> Iterable[tuple[str, Json]]:
    for topic in topics.TOPICS:
        yield f"{topic.owner}-sends-{topic.name}", _operation("send", topic.name, topic.owner)
        for consumer in topic.consumers:
            yield f"{consumer}-hears-{topic.name}", _operation("receive", topic.name, consumer)
    yield "intake-hears-feed", _operation("receive", FEED, "intake")


def _operation(action: str, channel: str, service: str) -> Json:
    return {"action": action, "channel": _reference("channels", channel), "title": f"{service}: {channel}"}


def _headers() -> Json:
    fields = {name: {"type": "string", "description": words} for name, words in _HEADERS.items()}
    return {"type": "object", "properties": fields, "required": [name for name in fields if name.startswith("ce_")]}


def _schemas() -> Json:
    """Every model once; the references between them stand on this document's own components."""
    _, found = models_json_schema(
        [*((event, "serialization") for event in EVENTS), (Submission, "validation")],
        ref_template="#/components/schemas/{model}",
    )
    return {"headers": _headers(), **found["$defs"]}


def _messages() -> Json:
    made: Json = {
        f"{event.TYPE}.v{event.VERSION}": {
            "name": f"{event.TYPE}.v{event.VERSION}",
            "summary": (event.__doc__ or "").strip().splitlines()[0],
            "headers": _reference("components", "schemas", "headers"),
            "payload": _reference("components", "schemas", event.__name__),
        }
        for event in EVENTS
    }
    payload = _reference("components", "schemas", Submission.__name__)
    return made | {
        FEED_MESSAGE: {"name": FEED_MESSAGE, "summary": "A report, as a line of a batch has it", "payload": payload}
    }
