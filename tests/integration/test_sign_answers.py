"""A sign is answered on its case, on real engines: its reports are decided again, the case follows, people are told."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer

from services.triage.domain.reading import NONE, Reading
from services.triage.stage import TriageStage
from tests.engines.topics import records_on
from tests.integration.conftest import Pipeline, until
from tests.integration.test_redeciding import DUTY, Sender, assert_made_again_the_same, decided, timeline

pytestmark = pytest.mark.integration
ABUSED = "Drug dealing on the corner, racist abuse shouted."
"""Of hate first, because of the abuse; without it of drugs."""
DUMPED = "Rubbish and mattresses dumped by the garages again, and she looked unhappy."
ENGAGEMENT, PUBLIC_HEALTH, POLICE = (
    "luton-council-citizen-engagement",
    "luton-council-public-health",
    "bedfordshire-police",
)


async def answers(pipeline: Pipeline, case: str, name: str, sign: str) -> dict[str, Any]:
    """The duty manager answers a sign of the case as it stands."""
    stands = (await pipeline.clients["referrals"].get(f"/api/v1/cases/{case}", headers=DUTY)).json()
    body = {"sign": sign, "reason": "She told me so herself."}
    headers = DUTY | {"If-Match": f'"{stands["version"]}"'}
    answer = await pipeline.clients["referrals"].post(f"/api/v1/cases/{case}/{name}", json=body, headers=headers)
    assert answer.status_code == 200, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def told(pipeline: Pipeline, case: str) -> set[str]:
    rows = await pipeline.rows("SELECT recipient FROM notify.notifications WHERE about = $1", case)
    return {row["recipient"] for row in rows}


async def test_a_struck_sign_lowers_the_risk_moves_the_case_to_its_lead_and_the_old_lead_is_told(
    pipeline: Pipeline,
) -> None:
    sender = Sender(pipeline, 21)
    posted = await sender.sends(ABUSED)
    first = (await sender.becomes("routed", in_case=True))["decision"]
    assert (first["lead_agency"], "hate-race" in first["flags"]) == (ENGAGEMENT, True)
    case = first["case"]
    await answers(pipeline, case, "strike-sign", "hate-race")
    found = await timeline(pipeline, case, "ReportCorrected")
    assert (found["lead_agency"], found["themes"]) == (PUBLIC_HEALTH, ["drugs-alcohol-mental-health"])
    assert found["signs"] == []
    assert found["risk"] != first["risk"] or found["due_at"] > first["due_at"]
    entry = next(each for each in found["timeline"] if each["type"] == "ReportCorrected")
    assert entry["why"].startswith("Decided again, since a sign of it was struck out; the case follows")

    async def both() -> bool:
        return {ENGAGEMENT, PUBLIC_HEALTH} <= await told(pipeline, case)

    await until(both, "both leads to be told")
    made = await decided(pipeline, posted["reference"])
    assert (made.version, made.answers and made.answers.signs[0].by.id) == (2, "helen-strood")
    kept = await pipeline.rows(
        "SELECT h.version FROM triage.decision_history h JOIN triage.decisions d USING (report_id) "
        "WHERE d.reference = $1",
        posted["reference"],
    )
    assert [row["version"] for row in kept] == [1]
    assert_made_again_the_same(pipeline, made)


async def written(pipeline: Pipeline, topic: str, key: str, type_: str) -> list[Any]:
    """The records of a key and a type on a topic."""
    found = await records_on(pipeline.kafka, topic)
    return [each for each in found if each.key == key.encode() and _type(each) == type_]


def _type(record: Any) -> str:
    return next((value.decode() for name, value in record.headers if name == "ce_type"), "")


async def test_an_answer_that_is_delivered_again_changes_nothing(pipeline: Pipeline) -> None:
    sender = Sender(pipeline, 22)
    posted = await sender.sends(ABUSED)
    case = (await sender.becomes("routed", in_case=True))["decision"]["case"]
    await answers(pipeline, case, "strike-sign", "hate-race")
    await timeline(pipeline, case, "ReportCorrected")
    once = await decided(pipeline, posted["reference"])
    case_id = str((await pipeline.rows("SELECT case_id FROM referrals.cases WHERE reference = $1", case))[0]["case_id"])
    (record,) = await written(pipeline, "cases", case_id, "SignStruckOut.v1")
    producer = AIOKafkaProducer(bootstrap_servers=pipeline.kafka)
    await producer.start()
    try:
        again = [
            (name, str(once.report.report_id).encode()) if name == "ce_id" else (name, value)
            for name, value in record.headers
        ]
        for headers in (list(record.headers), again):
            await producer.send_and_wait("cases", record.value, record.key, partition=record.partition, headers=headers)
    finally:
        await producer.stop()

    async def read() -> bool:
        health = (await pipeline.clients["triage"].get("/readyz")).json()["consumers"]
        ends = await pipeline.rows(
            "SELECT next_offset FROM triage.positions WHERE topic = 'cases' AND partition = $1", record.partition
        )
        return bool(ends[0]["next_offset"] > record.offset + 1) and all(each["lag"] == 0 for each in health)

    await until(read, "triage to have read both")
    assert await decided(pipeline, posted["reference"]) == once
    assert len(await written(pipeline, "decisions", str(once.report.report_id), "ReportTriaged.v1")) == once.version


class Known:
    """A second reader that reads one thing in every text: what the test is about is what becomes of it."""

    name = "known"

    def read(self, text: str, lexicon: Any) -> Reading:
        """Rubbish, and somebody who may take her life."""
        return Reading("known", {"asb-environmental": 0.95, NONE: 0.05}, {"suicide-self-harm": 0.9})


@pytest.fixture
def reading(pipeline: Pipeline) -> Iterator[None]:
    """Triage with that reader, and time enough for it."""
    triage = pipeline.processes["triage"]
    reader, stage = triage.app.state.reader, triage.stage
    assert isinstance(stage, TriageStage)
    before, waited = reader.second, stage.reading_wait
    reader.second, stage.reading_wait, reader._seconds = Known(), timedelta(seconds=60), 60.0
    yield
    reader.second, stage.reading_wait = before, waited


async def test_a_confirmed_sign_counts_as_known_and_who_acts_first_sees_the_case_and_is_told(
    pipeline: Pipeline, reading: None
) -> None:
    sender = Sender(pipeline, 23)
    posted = await sender.sends(DUMPED)
    first = (await sender.becomes("routed", in_case=True))["decision"]
    case = first["case"]
    assert (first["flags"], first["act_first"]) == (["suicide-self-harm"], [])
    before = (await pipeline.clients["referrals"].get(f"/api/v1/cases/{case}", headers=DUTY)).json()
    assert before["signs"] == [{"sign": "suicide-self-harm", "confirmed": False}]
    assert POLICE not in await told(pipeline, case)
    await answers(pipeline, case, "confirm-sign", "suicide-self-harm")
    found = await timeline(pipeline, case, "ReportCorrected")
    assert found["signs"] == [{"sign": "suicide-self-harm", "confirmed": True}]

    async def police() -> bool:
        return POLICE in await told(pipeline, case)

    await until(police, "the police to be told")
    made = await decided(pipeline, posted["reference"])
    assert (made.decision.act_first, "mash" in made.decision.panels) == ((POLICE,), True)
    assert made.decision.second_reading is not None
    assert made.decision.second_reading.alone == ()
    seen = await pipeline.rows("SELECT visible_to FROM referrals.cases WHERE reference = $1", case)
    assert POLICE in seen[0]["visible_to"]
    assert_made_again_the_same(pipeline, made)
