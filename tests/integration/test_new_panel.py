"""A new panel is a file: an invented one walks a referral from its sending to its end over HTTP, without any code."""

import shutil
import uuid
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration.conftest import Pipeline, until

pytestmark = pytest.mark.integration
LUTON = Path(__file__).parents[2] / "partnerships" / "luton"
POLICE = {"Authorization": "Bearer demo-police"}

LIBRARY_PANEL = """
status: default
source: Invented for a test
panels:
  - code: library-panel
    name: Library safety panel
    short_name: Library
    receives: luton-council
    chair: miriam-lunt
    purpose: Help for people who are not safe in the library
    process: library
    first_answer: {minutes: 60, calendar: office-hours}
    alternate_lead: bedfordshire-police
    duty_manager: helen-strood
    form:
      - {code: branch, name: Branch, kind: choice, required: true, choices: [{code: central, name: Central}]}
processes:
  - code: library
    name: Library safety
    information: {minutes: 60, calendar: agency}
    second_silence: {minutes: 60, calendar: elapsed}
    stages:
      - {code: waiting, name: Waiting, status: sent, clock: runs}
      - {code: asked, name: Asked, status: information-requested, clock: stands}
      - {code: taken, name: Taken, status: accepted, clock: runs}
      - {code: visited, name: Visited, status: in-progress}
      - {code: over, name: Over, status: concluded}
      - {code: back, name: Sent back, status: declined}
      - {code: gone, name: Withdrawn, status: withdrawn}
    transitions:
      - {command: accept, name: Take, from: [waiting, asked], to: taken, by: [panel]}
      - {command: decline, name: Send back, from: [waiting, asked], to: back, by: [panel]}
      - {command: request-information, name: Ask, from: [waiting], to: asked, by: [panel]}
      - {command: return-information, name: Answer, from: [asked], to: waiting, by: [asked]}
      - {command: rate, name: Rate, from: [waiting, taken], by: [chair]}
      - command: advance
        step: visit
        name: Visit the branch
        from: [taken]
        to: visited
        by: [panel]
        fields: [{code: visits, name: Visits, kind: number, lowest: 1, highest: 9, required: true}]
      - {command: conclude, name: End, from: [visited], to: over, by: [panel]}
      - {command: withdraw, name: Withdraw, from: [waiting, asked, taken, visited], to: gone, by: [sender]}
    ratings:
      - {code: soon, name: Soon, clock: {minutes: 30, calendar: office-hours}, source: Invented for a test}
"""


@pytest.fixture(scope="module")
async def pipeline(
    module_database: str, kafka_topics: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Pipeline]:
    """The services on a partnership that differs from Luton by one file."""
    folder = Path(shutil.copytree(LUTON, tmp_path_factory.mktemp("partnership") / "invented"))
    (folder / "panels" / "library.yaml").write_text(LIBRARY_PANEL, encoding="utf-8")
    made = Pipeline(module_database, kafka_topics)
    await made.start(partnership=folder)
    yield made
    await made.stop()


async def opened(pipeline: Pipeline) -> str:
    place = {"text": "On or near Bridge Street", "latitude": 51.8801, "longitude": -0.4163}
    sent = {"source_id": str(uuid.uuid4()), "category": "begging-vagrancy", "place": place}
    sent["description"] = "Man begging at the library doors."
    posted = (await pipeline.clients["intake"].post("/api/v1/reports", json=sent, headers=POLICE)).json()

    async def found() -> Any:
        answer = await pipeline.clients["intake"].get(posted["url"], headers=POLICE)
        return (answer.json()["decision"] or {}).get("case")

    reference: str = await until(found, "the report to be in a case")
    return reference


async def does(pipeline: Pipeline, key: str, path: str, version: int, body: dict[str, Any]) -> Any:
    headers = {"Authorization": f"Bearer {key}", "If-Match": f'"{version}"'}
    return await pipeline.clients["referrals"].post(f"/api/v1/{path}", json=body, headers=headers)


async def test_a_panel_that_is_one_new_file_takes_a_referral_to_its_end(pipeline: Pipeline) -> None:
    case = await opened(pipeline)
    body: dict[str, Any] = {"panel": "library-panel", "reason": "Not safe.", "consent": {"status": "given"}}
    refused = await does(pipeline, "demo-sergeant", f"cases/{case}/referrals", 1, body)
    assert (refused.status_code, refused.json()["code"]) == (422, "field-missing")
    body["fields"] = {"branch": "central"}
    sent = (await does(pipeline, "demo-sergeant", f"cases/{case}/referrals", 1, body)).json()
    assert (sent["status"], sent["stage"]) == ("sent", "waiting")
    path, version = f"referrals/{sent['reference']}", sent["version"]
    steps: list[tuple[str, str, dict[str, Any], str, str]] = [
        ("demo-mash", "rate", {"rating": "soon", "reason": "Children are about."}, "sent", "waiting"),
        (
            "demo-mash",
            "request-information",
            {"agency": "bedfordshire-police", "question": "?"},
            "information-requested",
            "asked",
        ),
        ("demo-sergeant", "return-information", {"answer": "Known."}, "sent", "waiting"),
        ("demo-mash", "accept", {}, "accepted", "taken"),
        ("demo-mash", "advance", {"step": "visit", "fields": {"visits": 2}}, "in-progress", "visited"),
        ("demo-mash", "conclude", {"outcome": "Safe again.", "score": "achieved"}, "concluded", "over"),
    ]
    for key, name, given, status, stage in steps:
        answer = await does(pipeline, key, f"{path}/{name}", version, given)
        assert answer.status_code == 200, (name, answer.text)
        assert (answer.json()["status"], answer.json()["stage"]) == (status, stage)
        version = answer.json()["version"]
    shown = await pipeline.clients["referrals"].get(f"/api/v1/{path}", headers={"Authorization": "Bearer demo-mash"})
    found = shown.json()
    assert [entry["event"] for entry in found["clock"]] == ["start", "re-grade", "pause", "resume", "stop"]
    assert found["facts"] == {"branch": "central", "visits": 2}
    assert found["figures"]["on_time"] is True
    assert found["steps"] == []
