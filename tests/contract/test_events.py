"""The contracts between services: committed schemas, and examples that every consumer reads."""

import json
from importlib import import_module
from pathlib import Path
from typing import get_args

import pytest
from jsonschema import Draft202012Validator
from pydantic import BaseModel
from referencing import Registry, Resource

from schemas import topics
from schemas.codes import Flag
from schemas.events import EVENTS, EarlierDecision, Event, TriageDecision
from schemas.export import ADDRESS, DEFINITIONS, FOLDER, file_name, files, rendered
from schemas.facts import SecondReading

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "schemas" / "examples"
NAMES = ("minimal", "full", "unknown-field")
SCHEMAS = files()
BY_NAME = {f"{event.TYPE}.v{event.VERSION}": event for event in EVENTS}


def _example(type_: str, name: str) -> str:
    return (EXAMPLES / type_ / f"{name}.json").read_text()


@pytest.mark.parametrize("name", [DEFINITIONS, *map(file_name, EVENTS)])
def test_the_committed_schema_equals_the_models_export(name: str) -> None:
    assert (FOLDER / name).read_text() == rendered(SCHEMAS[name]), "run `make schemas` and commit what changed"


@pytest.mark.parametrize("event", EVENTS, ids=file_name)
def test_a_full_example_keeps_its_committed_schema(event: type[Event]) -> None:
    resources = [(ADDRESS + name, Resource.from_contents(schema)) for name, schema in SCHEMAS.items()]
    validator = Draft202012Validator(SCHEMAS[file_name(event)], registry=Registry().with_resources(resources))
    validator.validate(json.loads(_example(f"{event.TYPE}.v{event.VERSION}", "full")))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("type_", sorted(BY_NAME))
def test_an_example_is_read_by_its_own_model(type_: str, name: str) -> None:
    read = BY_NAME[type_].model_validate_json(_example(type_, name))
    assert json.loads(read.model_dump_json(exclude_none=True))


def test_no_example_and_no_schema_stands_unreferenced() -> None:
    assert {path.name for path in EXAMPLES.iterdir()} == set(BY_NAME)
    assert {path.name for path in FOLDER.iterdir()} == set(SCHEMAS)
    for type_ in BY_NAME:
        assert {path.stem for path in (EXAMPLES / type_).iterdir()} == set(NAMES)


def _readers(service: str) -> dict[str, dict[int, type[BaseModel]]]:
    found: dict[str, dict[int, type[BaseModel]]] = import_module(f"services.{service}.messages").READERS
    return found


CONSUMERS = sorted({(service, topic.name) for topic in topics.TOPICS for service in topic.consumers})
READ = sorted(
    {
        (service, type_)
        for topic in topics.TOPICS
        for service in topic.consumers
        for type_ in topic.events
        if 1 in _readers(service).get(type_.partition(".")[0], {})
    }
)
"""What each consumer names; the rest it skips and counts."""


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(("service", "type_"), READ)
def test_every_consumers_reader_takes_every_example_that_it_names(service: str, type_: str, name: str) -> None:
    _readers(service)[type_.partition(".")[0]][1].model_validate_json(_example(type_, name))


@pytest.mark.parametrize(("service", "topic"), CONSUMERS)
def test_a_consumer_in_the_catalogue_names_something_of_its_topic(service: str, topic: str) -> None:
    (found,) = [each for each in topics.TOPICS if each.name == topic]
    assert {(service, type_) for type_ in found.events} & set(READ)


def test_every_event_has_a_topic_and_every_topic_names_known_events() -> None:
    named = {type_ for topic in topics.TOPICS for type_ in topic.events}
    assert named == set(BY_NAME)


@pytest.mark.parametrize("type_", sorted(BY_NAME))
def test_personal_data_stands_only_in_the_personal_part(type_: str) -> None:
    outside = json.loads(_example(type_, "full"))
    outside.pop("personal", None)
    words = json.dumps(outside)
    assert "Rook" not in words
    assert 'begging"' not in words.replace("Street drinking and begging", "")


def _models(model: type[BaseModel]) -> set[type[BaseModel]]:
    found = {model}
    for field in model.model_fields.values():
        inner = field.annotation
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            found |= _models(inner)
    return found


@pytest.mark.parametrize("type_", sorted(BY_NAME))
def test_a_field_that_may_be_null_may_be_left_out_since_producers_leave_nulls_out(type_: str) -> None:
    for model in _models(BY_NAME[type_]):
        for name, field in model.model_fields.items():
            nullable = "None" in str(field.annotation)
            assert not (nullable and field.is_required()), f"{model.__name__}.{name}"


DECIDED = ("ReportTriaged.v1", "ReviewRequested.v1", "ReviewOverdue.v1")
OF_ONE_ALONE = {"ReviewRequested.v1": set[str]()}
"""What only a report in review has: the answer that was taken back."""


@pytest.mark.parametrize("type_", DECIDED)
def test_a_full_example_of_a_decision_has_every_field_so_that_no_reader_meets_one_unseen(type_: str) -> None:
    full = json.loads(_example(type_, "full"))
    named = set(BY_NAME[type_].model_fields) - OF_ONE_ALONE.get(type_, {"undone"})
    assert named <= set(full)
    decision = BY_NAME[type_].model_validate(full).model_dump()
    assert full["answered"]["sign"]
    assert set(TriageDecision.model_fields) <= set(full["decision"])
    assert set(SecondReading.model_fields) <= set(full["decision"]["second_reading"])
    assert set(EarlierDecision.model_fields) <= set(full["earlier"])
    assert decision["linked"].startswith("R-")


@pytest.mark.parametrize("type_", ["SignConfirmed.v1", "SignStruckOut.v1"])
def test_a_full_example_of_a_signs_answer_names_the_sign_and_the_reports_that_it_came_from(type_: str) -> None:
    full = json.loads(_example(type_, "full"))
    assert full["changed"]["sign"] in get_args(Flag)
    assert full["reports"]
    assert {"report_id", "revision"} == set(full["reports"][0])


@pytest.mark.parametrize("type_", [*DECIDED, "DecisionChecked.v1"])
@pytest.mark.parametrize("name", ["full", "unknown-field"])
def test_an_example_names_the_sentence_models_that_the_partnerships_reader_uses(type_: str, name: str) -> None:
    used = json.loads((ROOT / "partnerships/luton/reader/report.json").read_text())["model"].rsplit("+", 2)[0]
    said = json.loads(_example(type_, name))["decision"]["second_reading"]["model"]
    assert said.rsplit("+", 2)[0] == used
