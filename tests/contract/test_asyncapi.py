"""The AsyncAPI document: valid, whole, and made from the catalogue that the topics themselves are made from."""

from collections.abc import Iterator
from typing import Any

import pytest
from faststream.specification.asyncapi.v3_0_0.schema.schema import ApplicationSchema

from schemas import asyncapi, topics
from schemas.events import EVENTS


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return asyncapi.document("127.0.0.1:8092")


def references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for each in value.values():
            yield from references(each)
    elif isinstance(value, list):
        for each in value:
            yield from references(each)


def found(document: dict[str, Any], reference: str) -> Any:
    place: Any = document
    for part in reference.removeprefix("#/").split("/"):
        place = place[part]
    return place


def test_it_is_an_asyncapi_document(document: dict[str, Any]) -> None:
    assert ApplicationSchema.model_validate(document).asyncapi == asyncapi.VERSION


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    named = set(references(document))
    assert len(named) > len(EVENTS)
    for reference in named:
        assert found(document, reference)


def test_every_topic_event_owner_and_consumer_stands_in_it(document: dict[str, Any]) -> None:
    for topic in topics.TOPICS:
        channel = document["channels"][topic.name]
        assert (channel["address"], set(channel["messages"])) == (topic.name, set(topic.events))
        assert f"{topic.owner}-sends-{topic.name}" in document["operations"]
        assert all(f"{each}-hears-{topic.name}" in document["operations"] for each in topic.consumers)
    assert {f"{event.TYPE}.v{event.VERSION}" for event in EVENTS} < set(document["components"]["messages"])


def test_a_partners_own_topic_takes_a_report(document: dict[str, Any]) -> None:
    assert document["channels"]["feed"]["address"] == "feed-{partner}"
    payload = document["components"]["messages"]["Report"]["payload"]
    assert "source_id" in found(document, payload["$ref"])["required"]
