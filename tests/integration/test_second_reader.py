"""The second reader in running triage, with the real sentence model, on real engines: read, late, broken, killed."""

import json
import os
import sys
import threading
import uuid
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from deploy.local.answers import http_ok
from deploy.local.program import Program
from deploy.local.reader_models import sentence_models
from services.triage.domain.rerun import redecided
from services.triage.domain.state import Decided
from services.triage.live_reading import second_reader
from services.triage.rule_set import read_rules
from services.triage.second_reader import Said, SecondReader, Vector, load
from services.triage.stage import TriageStage
from tests.engines.hub import service_settings
from tests.engines.running import Running, free_ports, running
from tests.integration.conftest import Pipeline, until

pytestmark = pytest.mark.integration
PATIENT = 240.0
"""Seconds that a report may wait here where the reader is well: a busy machine must not make it late."""
SHORT = 10.0
"""Seconds that it may wait where the reader is dumb."""
PEEKS = 20
ROOT = Path(__file__).parents[2]
POLICE = {"Authorization": "Bearer demo-police"}
NO_OBVIOUS_WORD = "Whenever he comes near she goes silent and looks at the floor."
PARTLY_SAID = "Man begging and drinking lager at the doors."
SURE = "Mattresses dumped by the garages again, fly-tipping."


@pytest.fixture(scope="module")
def models(jars: Path) -> tuple[Path, ...]:
    """The sentence models' files, as `make run` brings them."""
    return sentence_models(jars)


@pytest.fixture(scope="module")
async def pipeline(module_database: str, kafka_topics: str, models: tuple[Path, ...]) -> AsyncIterator[Pipeline]:
    """A pipeline with a second reader, once it has read what other modules left on the shared topics."""
    made = Pipeline(module_database, kafka_topics)
    await made.start(sentence_models=models, reading_seconds=PATIENT)
    await until(partial(idle, made), "triage to have read what was there")
    yield made
    await made.stop()


async def idle(pipeline: Pipeline) -> bool:
    """Whether triage has no record before it and nothing waits for a reading."""
    health = (await pipeline.clients["triage"].get("/readyz")).json()
    left = await pipeline.rows("SELECT 1 FROM triage.unread_reports UNION ALL SELECT 1 FROM triage.jobs")
    return not left and all(each["lag"] == 0 for each in health["consumers"])


async def post(pipeline: Pipeline, words: str, **changes: Any) -> str:
    """Send a report; its reference."""
    sent = {"source_id": str(uuid.uuid4()), "description": words} | changes
    answer = await pipeline.clients["intake"].post("/api/v1/reports", json=sent, headers=POLICE)
    assert answer.status_code == 202, answer.text
    reference: str = answer.json()["reference"]
    return reference


async def decided(pipeline: Pipeline, reference: str) -> Decided:
    """Triage's own record of the decision, once there is one."""

    async def found() -> Any:
        return await pipeline.rows("SELECT document FROM triage.decisions WHERE reference = $1", reference)

    rows: Any = await until(found, "the decision")
    return Decided.model_validate_json(rows[0]["document"])


async def receipt(pipeline: Pipeline, reference: str) -> dict[str, Any]:
    """The sender's receipt once the report is decided."""

    async def found() -> dict[str, Any] | None:
        answer = await pipeline.clients["intake"].get(f"/api/v1/reports/{reference}", headers=POLICE)
        body: dict[str, Any] = answer.json()
        return body if body["status"] != "received" else None

    made: dict[str, Any] = await until(found, "the receipt")
    return made


@pytest.mark.parametrize("words", [NO_OBVIOUS_WORD, PARTLY_SAID])
async def test_a_report_is_decided_with_its_reading_as_the_dry_run_said(pipeline: Pipeline, words: str) -> None:
    foretold = pipeline.processes["triage"].app.state.reader
    rules = pipeline.processes["triage"].app.state.keeper.folder
    clock = pipeline.processes["triage"].clock
    line = json.dumps({"source_id": "dry", "description": words})
    said = (await foretold.explained(line, rules, clock()))["decision"]
    made = await decided(pipeline, await post(pipeline, words))
    assert made.reading is not None
    assert made.reading.model == foretold.second.name
    assert any(rule.startswith("second-reader/") for rule in made.decision.rules)
    compared = ("themes", "disposition", "lead_agency", "flags", "confidence")
    document = made.decision.model_dump(mode="json")
    if document["disposition"] == "needs-case":
        document["disposition"] = "open-case"  # what a client is told: alone, there is no case to join
    assert {name: document[name] for name in compared} == {name: said[name] for name in compared}
    assert redecided(made, rules).decision.model_dump(exclude={"rule_set"}) == made.decision.model_dump(
        exclude={"rule_set"}
    )


async def test_what_only_the_reading_says_has_a_theme_and_goes_to_a_person(pipeline: Pipeline) -> None:
    reference = await post(pipeline, NO_OBVIOUS_WORD)
    got = await receipt(pipeline, reference)
    made = await decided(pipeline, reference)
    alone = redecided(made.model_copy(update={"reading": None}), read_rules(ROOT / "partnerships" / "luton"))
    assert alone.decision.themes == ()
    assert made.decision.themes
    assert (got["status"], got["decision"]["themes"][0]) == ("in-review", made.decision.themes[0])
    assert made.version == 1


async def test_nobody_hears_of_a_report_before_it_was_read(pipeline: Pipeline) -> None:
    references = [await post(pipeline, f"{NO_OBVIOUS_WORD} Number {number}.") for number in range(10)]
    made = [await decided(pipeline, each) for each in references]
    assert [(each.version, each.reading is not None) for each in made] == [(1, True)] * 10
    history = (
        "SELECT 1 FROM triage.decision_history h JOIN triage.decisions d USING (report_id) WHERE reference = ANY($1)"
    )
    assert await pipeline.rows(history, references) == []


async def test_health_names_the_model_that_reads(pipeline: Pipeline) -> None:
    told = (await pipeline.clients["triage"].get("/readyz")).json()["second_reader"]
    assert told["model"].startswith("e5-small-v2-q+all-mpnet-base-v2+")
    assert told["trouble"] is None


class Silent:
    """A sentence model that does not answer until it is let go."""

    def __init__(self) -> None:
        self.go = threading.Event()

    def embed(self, text: str) -> Said:
        """Nothing, for as long as it takes."""
        self.go.wait()
        return Said(self.meaning(text), np.zeros(35, np.float32))

    def meaning(self, text: str) -> Vector:
        """None."""
        return np.zeros(5376, np.float32)


@pytest.fixture
def silent(pipeline: Pipeline) -> Iterator[Silent]:
    """The pipeline's reader, struck dumb."""
    reader, dumb, model = pipeline.processes["triage"].app.state.reader, Silent(), load(Path("partnerships/luton"))
    assert model is not None
    whole = reader.second
    reader.second = SecondReader(model, dumb)
    stage = pipeline.processes["triage"].stage
    assert isinstance(stage, TriageStage)
    stage.reading_wait = timedelta(seconds=SHORT)
    yield dumb
    stage.reading_wait = timedelta(seconds=PATIENT)
    reader.second = whole
    dumb.go.set()


async def test_a_reader_that_never_answers_delays_nothing_but_what_waits_for_it_and_no_longer_than_its_timer(
    pipeline: Pipeline, silent: Silent
) -> None:
    unsure = await post(pipeline, NO_OBVIOUS_WORD)
    others = [
        await post(pipeline, SURE, category="fly-tipping"),
        await post(pipeline, NO_OBVIOUS_WORD, danger_now=True),
    ]
    meanwhile = [await decided(pipeline, each) for each in others]
    late = await decided(pipeline, unsure)
    assert (late.reading, late.version, late.in_review) == (None, 1, True)
    assert (late.decided_at - late.report.received_at).total_seconds() > SHORT
    assert all(each.reading is None and each.decided_at < late.decided_at for each in meanwhile)
    told = await until(partial(trouble, pipeline), "health to say so")
    assert "did not answer" in told
    silent.go.set()
    await until(partial(idle, pipeline), "the late result to be dropped")
    assert (await decided(pipeline, unsure)) == late


async def trouble(pipeline: Pipeline) -> str | None:
    """What health says is in the second reader's way."""
    told: str | None = (await pipeline.clients["triage"].get("/readyz")).json()["second_reader"]["trouble"]
    return told


@pytest.fixture(params=["moved away", "cut off", "changed within"])
def broken(request: pytest.FixtureRequest, models: tuple[Path, ...], tmp_path: Path) -> tuple[Path, ...]:
    """The sentence models' files, the last as it must not be."""
    *others, model = models
    jar, whole = tmp_path / model.name, model.read_bytes()
    if request.param == "cut off":
        jar.write_bytes(whole[: len(whole) // 2])
    elif request.param == "changed within":
        jar.write_bytes(whole[:1_000_000] + bytes(1000) + whole[1_001_000:])
    return (*others, jar)


@pytest.fixture
def unread(pipeline: Pipeline, broken: tuple[Path, ...]) -> Iterator[None]:
    """Triage as it starts with a broken sentence model."""
    triage = pipeline.processes["triage"]
    reader, stage, whole = triage.app.state.reader, triage.stage, triage.app.state.reader.second
    assert isinstance(stage, TriageStage)
    reader.second, reader.trouble = second_reader(triage.settings.model_copy(update={"sentence_models": broken}))
    stage.reading_wait = reader.wait
    yield
    reader.second, reader.trouble, stage.reading_wait = whole, None, timedelta(seconds=PATIENT)


async def test_without_a_whole_sentence_model_lexicon_and_tables_decide_at_once_and_health_says_what_to_do(
    pipeline: Pipeline, unread: None
) -> None:
    unsure, sure = [await post(pipeline, NO_OBVIOUS_WORD), await post(pipeline, SURE, category="fly-tipping")]
    assert ((await decided(pipeline, unsure)).reading, (await decided(pipeline, unsure)).in_review) == (None, True)
    assert (await receipt(pipeline, sure))["status"] == "routed"
    answer = await pipeline.clients["triage"].get("/readyz")
    told = answer.json()["second_reader"]
    assert (answer.status_code, told["model"]) == (200, None)
    assert "`make run` fetches it anew" in told["trouble"]
    assert told["trouble"].endswith("Until then lexicon and tables decide alone.")


@pytest.fixture
async def killable(
    fresh_database: str, kafka_topics: str, models: tuple[Path, ...], tmp_path: Path
) -> AsyncIterator[Any]:
    """Intake in this process and triage as a process of its own, which a test may kill."""
    settings = await service_settings("triage", fresh_database, kafka_topics)
    assert settings.service_secret
    told = {
        "HUB_DATABASE_URL": fresh_database,
        "HUB_KAFKA": kafka_topics,
        "HUB_PORT_BASE": str(free_ports(following=5)),
        "HUB_DEMONSTRATION": "true",
        "HUB_SERVICE_SECRET": settings.service_secret.get_secret_value(),
        "HUB_KEY_PEPPER": settings.key_pepper.get_secret_value(),
        "HUB_SENTENCE_MODELS": json.dumps([str(jar) for jar in models]),
        "HUB_JOB_LEASE_SECONDS": "3",
        "HUB_HOME": str(tmp_path),
    }
    port = int(told["HUB_PORT_BASE"]) + 2
    program = Program(
        "triage",
        (sys.executable, "-m", "hub", "run", "triage"),
        ready=partial(http_ok, port),
        port=port,
        environment={**os.environ, **told},
        directory=ROOT,
        stop_seconds=10,
    )
    made = Pipeline(fresh_database, kafka_topics)
    await made.start_some("intake")
    with running(program, tmp_path / "triage.log") as triage:
        triage.wait_ready()
        yield made, triage
    await made.stop()


async def stopped_at_a_reading(pipeline: Pipeline, triage: Running) -> bool:
    """Whether the process could be stopped in its tracks while it reads a text."""
    leased = "SELECT 1 FROM triage.jobs WHERE lease IS NOT NULL"
    for _ in range(PEEKS):
        if await pipeline.rows(leased):
            triage.freeze()
            if await pipeline.rows(leased):
                return True
            triage.thaw()
    return False


async def test_killed_while_it_reads_each_report_is_decided_once(killable: tuple[Pipeline, Running]) -> None:
    pipeline, triage = killable

    async def quiet() -> bool:
        return not await pipeline.rows("SELECT 1 FROM triage.unread_reports UNION ALL SELECT 1 FROM triage.jobs")

    await until(quiet, "what other modules left to be read")
    references: list[str] = []

    async def in_the_middle() -> bool:
        references.append(await post(pipeline, f"{NO_OBVIOUS_WORD} Number {len(references)}."))
        return await stopped_at_a_reading(pipeline, triage)

    await until(in_the_middle, "a reading to be under way")
    triage.kill()
    await triage.start_again()
    for each in references:
        assert (await decided(pipeline, each)).version == 1
    await until(quiet, "the leases of the killed process to run out")
    versions = await pipeline.rows(
        "SELECT version, (SELECT count(*) FROM triage.decision_history h WHERE h.report_id = d.report_id) AS earlier "
        "FROM triage.decisions d WHERE reference = ANY($1)",
        references,
    )
    assert [tuple(row) for row in versions] == [(1, 0)] * len(references)
