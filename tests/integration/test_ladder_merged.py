"""What was done about a person before a merge: the survivor's ladder counts it, and its evidence pack holds it."""

from typing import Any

import pytest

from tests.integration.conftest import Pipeline
from tests.integration.test_casework import WHY, case_of, command, get, street

pytestmark = pytest.mark.integration
DUTY = {"Authorization": "Bearer demo-duty"}
BEGGING = {"category": "begging-vagrancy", "description": "Begging by the doors."}


def named(name: str) -> dict[str, Any]:
    return BEGGING | {"people": [{"id": "p", "role": "subject", "name": name, "date_of_birth": "1982-04-01"}]}


async def read(pipeline: Pipeline, path: str) -> dict[str, Any]:
    found: dict[str, Any] = (await pipeline.clients["referrals"].get(f"/api/v1/cases/{path}", headers=DUTY)).json()
    return found


async def test_a_warning_and_its_evidence_come_with_the_merged_case_under_the_survivors_own_person(
    pipeline: Pipeline,
) -> None:
    report, gone = await case_of(pipeline, street(), **named("Kit Marsh"))
    other, survivor = await case_of(pipeline, street(), **named("Orla Penn"))
    offered = {"offered": "drug-and-alcohol-service", "answer": "refused", "note": "At the doors."}
    warning = {"instrument": "verbal-warning", "officer": "colm-ferris"} | WHY
    for name, body in (("support", offered), ("steps", warning), ("merge", {"into": survivor} | WHY)):
        answer = await command(pipeline, gone, name, body)
        assert answer.status_code == 200, answer.text
    people = {each["name"]: each["person"] for each in (await get(pipeline, survivor)).json()["people"]}
    hers, his = people["Orla Penn"], people["Kit Marsh"]
    ladder = await read(pipeline, f"{survivor}/ladder?subject={his}")
    assert [(each["instrument"], each["case_reference"]) for each in ladder["taken"]] == [("verbal-warning", gone)]
    assert [each["case_reference"] for each in ladder["help"]] == [gone]
    assert (await read(pipeline, f"{survivor}/ladder?subject={hers}"))["taken"] == []
    items = (await read(pipeline, f"{survivor}/evidence"))["items"]
    assert [each["kind"] for each in items].count("report") == 2
    assert {each["report"] for each in items if each["kind"] == "report"} == {report, other}
    about = (await read(pipeline, f"{survivor}/evidence?subject={his}"))["items"]
    assert [(each["kind"], each["subject"]) for each in about if each["subject"]] == [("support", his), ("step", his)]
    theirs = (await read(pipeline, f"{survivor}/evidence?subject={hers}"))["items"]
    assert not [each for each in theirs if each["kind"] in ("support", "step")]
