"""A whole process on a real PostgreSQL and a real Kafka: relay, consumers, timers, jobs and commands together."""

import asyncio
import json
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from typing import Any

import asyncpg
import httpx2
import pytest
from aiokafka import AIOKafkaProducer
from pydantic import BaseModel

from services.kernel import workers
from services.kernel.consumer import Subscription
from services.kernel.envelope import encoded
from services.kernel.process import Process
from services.kernel.settings import Settings
from services.kernel.workers import Job, Together
from tests.engines.hub import rows_of
from tests.engines.topics import records_on
from tests.integration.kernel import probe
from tests.integration.kernel.probe import ErrandDone, Poke, ProbeStage

pytestmark = pytest.mark.integration
DEADLINE = 240.0


async def until(condition: Callable[[], Awaitable[bool]], what: str) -> None:
    """Wait for a condition; fail with its name when the deadline passes."""
    end = asyncio.get_running_loop().time() + DEADLINE
    while not await condition():
        assert asyncio.get_running_loop().time() < end, f"waited in vain for {what}"
        await asyncio.sleep(0.05)


class Running:
    """Processes of one probe service, with a producer beside them."""

    def __init__(self, service: str, settings: Settings, suffix: str) -> None:
        self.service, self.suffix = service, suffix
        self.settings = settings
        self._stack = AsyncExitStack()
        self.errands: list[Job] = []
        self.moods: dict[str, str] = {}
        """Of the errands to these places: `fails` the first time, or what their results are to bring about."""
        self.together = 1

    def process(self, slot: int = 0, batch: int = 100, **changed: Any) -> Process:
        """A process that is not started yet, with settings changed."""
        stage = ProbeStage()
        stage.topic_out = f"{probe.TOPIC_OUT}-{self.suffix}"
        return Process(
            name=self.service,
            settings=self.settings.model_copy(update={"slot": slot, **changed}),
            stage=stage,
            port=0,
            subscriptions=(Subscription(f"{probe.TOPIC_IN}-{self.suffix}", batch),),
            jobs={"errand": Together(self._errand, self.together)},
        )

    async def _errand(self, job: Job) -> BaseModel:
        self.errands.append(job)
        mood = self.moods.get(job.subject, "")
        if mood == "fails" and not job.in_doubt:
            raise OSError
        return ErrandDone(place=job.subject, mood=mood)

    async def start(self, slot: int = 0, batch: int = 100) -> Process:
        """Start a process inside this one."""
        made = self.process(slot, batch)
        await self._stack.enter_async_context(made.app.router.lifespan_context(made.app))
        await until(made.ready, "the process to be ready")
        return made

    async def stop(self) -> None:
        """Stop all."""
        await self._stack.aclose()

    async def poke(self, places: list[str], mood: str = "") -> None:
        """Send pokes, as another service's relay would."""
        producer = AIOKafkaProducer(bootstrap_servers=self.settings.kafka)
        await producer.start()
        for place in places:
            headers = {"ce_id": str(uuid.uuid4()), "ce_type": "Poke.v1", "ce_time": datetime.now(UTC).isoformat()}
            body = Poke(place=place, mood=mood).model_dump_json().encode()
            await producer.send(
                f"{probe.TOPIC_IN}-{self.suffix}", body, key=place.encode(), headers=list(encoded(headers))
            )
        await producer.stop()

    async def rows(self, query: str, *arguments: Any) -> list[Any]:
        """Look at the tables."""
        return await rows_of(self.settings, self.service, query, *arguments)

    async def change(self, statements: str) -> None:
        """Do something to the tables, as an administrator."""
        connection = await asyncpg.connect(self.settings.database_url, server_settings={"search_path": self.service})
        try:
            await connection.execute(statements)
        finally:
            await connection.close()

    async def read_only(self, how: str) -> None:
        """PostgreSQL takes changes from the service's role or not: on every connection from now on."""
        role = f"hub_{self.service}"
        await self.change(f"ALTER ROLE {role} SET default_transaction_read_only = {how}")
        await self.rows("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = $1", role)

    async def pokes(self) -> int:
        """All pokes counted so far."""
        return int((await self.rows("SELECT coalesce(sum(count), 0) AS n FROM places"))[0]["n"])

    async def published(self, expected: int) -> list[Any]:
        """Everything on the outgoing topic, once `expected` different events are there."""
        found: list[Any] = []

        async def enough() -> bool:
            found[:] = await self.on_the_topic()
            return len({dict(each.headers)["ce_id"] for each in found}) >= expected

        await until(enough, f"{expected} events")
        return found

    async def on_the_topic(self) -> list[Any]:
        """Everything on the outgoing topic, from its beginning to its present end."""
        return await records_on(self.settings.kafka, f"{probe.TOPIC_OUT}-{self.suffix}")


@pytest.fixture
async def running(service: str, settings: Settings, topics: str, kafka_bootstrap: str) -> AsyncIterator[Running]:
    """A service whose processes are stopped at the end."""
    made = Running(service, settings.model_copy(update={"kafka": kafka_bootstrap}), topics)
    yield made
    await made.stop()


async def test_records_flow_through_in_the_order_of_their_keys(running: Running) -> None:
    await running.start()
    await running.poke([f"p{n % 5}" for n in range(200)])
    records = await running.published(200)
    assert len(records) == 200
    by_key: dict[bytes, list[int]] = {}
    for record in records:
        by_key.setdefault(record.key, []).append(json.loads(record.value)["count"])
    assert all(counts == list(range(1, 41)) for counts in by_key.values())

    async def outbox_empty() -> bool:
        return not await running.rows("SELECT 1 FROM outbox_messages")

    await until(outbox_empty, "the outbox to be empty")


async def test_a_restart_goes_on_at_our_positions_whatever_kafka_remembers(running: Running) -> None:
    await running.start()
    await running.poke(["a"] * 30)
    await until(lambda: _is(running.pokes, 30), "30 pokes")
    await running.stop()
    await running.rows("DELETE FROM inbox")
    await running.start()
    await running.poke(["a"] * 5)
    await until(lambda: _is(running.pokes, 35), "35 pokes")


async def test_a_stopped_process_leaves_no_connection_behind(running: Running) -> None:
    await running.start()
    await running.poke(["a"])
    await until(lambda: _is(running.pokes, 1), "a poke")

    async def connections() -> int:
        mine = [f"hub_{running.service}", f"hub_{running.service}_reader"]
        return len(await running.rows("SELECT 1 FROM pg_stat_activity WHERE usename = ANY($1::text[])", mine))

    assert await connections() > 0
    await running.stop()
    await until(lambda: _is(connections, 0), "the server to have seen them end")


async def _is(count: Callable[[], Awaitable[int]], wanted: int) -> bool:
    return await count() == wanted


async def test_a_second_process_that_joins_in_the_middle_of_batches_doubles_and_loses_nothing(running: Running) -> None:
    await running.start(slot=0, batch=20)
    feeding = asyncio.create_task(running.poke([f"p{n % 11}" for n in range(3000)]))
    await until(lambda: _more(running.pokes, 100), "the first pokes")
    await running.start(slot=1, batch=20)
    await feeding
    await until(lambda: _is(running.pokes, 3000), "3000 pokes")
    assert len({record.offset * 10 + record.partition for record in await running.published(3000)}) == 3000
    assert not await running.rows("SELECT 1 FROM dead_letters")


async def _more(count: Callable[[], Awaitable[int]], wanted: int) -> bool:
    return await count() >= wanted


async def test_timers_fire_once_and_cancelled_ones_never(running: Running) -> None:
    process = await running.start()
    await process.handle(Poke(place="t", mood="timer"), subject="t")
    await process.handle(Poke(place="c", mood="timer"), subject="c")
    await process.handle(Poke(place="c", mood="cancel"), subject="c")
    await until(lambda: _is(running.pokes, 4), "the timer")
    assert not await running.rows("SELECT 1 FROM timers")
    counts = {row["name"]: row["count"] for row in await running.rows("SELECT name, count FROM places")}
    assert counts == {"t": 2, "c": 2}


async def test_a_timer_that_cannot_be_read_is_one_dead_letter_and_one_of_an_unknown_kind_stops_no_other(
    running: Running,
) -> None:
    await running.start()
    for kind, subject, payload in (
        ("from-a-later-release", "l", "{}"),
        ("nudge", "b", '{"nowhere": 1}'),
        ("nudge", "g", '{"place": "g"}'),
    ):
        await running.rows(
            "INSERT INTO timers (id, kind, subject, due_at, payload, message_id, correlation_id, causation_id) SELECT"
            " gen_random_uuid(), $1, $2, now(), $3, gen_random_uuid(), gen_random_uuid(), gen_random_uuid()",
            kind,
            subject,
            payload,
        )
    await until(lambda: _is(running.pokes, 1), "the timer that can be read")

    async def buried() -> bool:
        return bool(await running.rows("SELECT 1 FROM dead_letters"))

    await until(buried, "the timer that cannot be read to be kept")
    await running.poke(["p"])
    await until(lambda: _is(running.pokes, 2), "a later message")
    reasons = [row["reason"] for row in await running.rows("SELECT reason FROM dead_letters")]
    assert [reason.split(":")[0] for reason in reasons] == ["invalid-body"]
    due = await running.rows("SELECT kind FROM timers WHERE due_at < 'infinity'")
    assert [row["kind"] for row in due] == ["from-a-later-release"]


async def test_a_job_is_done_outside_and_its_result_comes_back_once(running: Running) -> None:
    process = await running.start()
    await process.handle(Poke(place="j", mood="job"), subject="j")
    await until(lambda: _is(running.pokes, 2), "the job's result")
    assert [job.subject for job in running.errands] == ["j"]
    assert not running.errands[0].in_doubt
    assert not await running.rows("SELECT 1 FROM jobs")


async def test_jobs_that_are_done_together_share_a_transaction_and_each_fails_for_itself(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workers, "RETRY_SECONDS", 0.0)
    running.together, running.moods = 3, {"b": "fails", "f": "bad-row"}
    await running.start()
    await running.rows(
        "INSERT INTO jobs (id, kind, subject, payload, due_at, correlation_id, causation_id)"
        " SELECT gen_random_uuid(), 'errand', subject, '{}', now() - make_interval(secs => 9 - place),"
        " gen_random_uuid(), gen_random_uuid() FROM unnest($1::text[]) WITH ORDINALITY AS all_of (subject, place)",
        list("abcdefgh"),
    )
    await until(lambda: _is(running.pokes, 7), "all results but the one that the database refuses")
    assert [job.subject for job in running.errands] == list("abcdefghb")
    assert running.errands[-1].in_doubt
    assert [row["reason"].split(":")[0] for row in await running.rows("SELECT reason FROM dead_letters")] == [
        "database-refused"
    ]
    shared = await running.rows("SELECT string_agg(name, '' ORDER BY name) AS names FROM places GROUP BY xmin::text")
    assert {"ac", "gh"} <= {row["names"] for row in shared}
    await until(lambda: _none_left(running), "their jobs to be gone")


async def _none_left(running: Running) -> bool:
    return not await running.rows("SELECT 1 FROM jobs")


async def test_a_job_whose_worker_died_is_taken_again_as_in_doubt(running: Running) -> None:
    process = await running.start()
    await process.handle(Poke(place="a"), subject="a")
    await running.rows(
        "INSERT INTO jobs"
        " (id, kind, subject, payload, due_at, attempts, lease, lease_until, correlation_id, causation_id)"
        " VALUES (gen_random_uuid(), 'errand', 'a', '{}', now(), 1, gen_random_uuid(), now() - interval '1 second',"
        " gen_random_uuid(), gen_random_uuid())"
    )
    await until(lambda: _is(running.pokes, 2), "the job's result")
    assert running.errands[0].in_doubt


async def test_http_takes_commands_while_kafka_is_away_and_health_says_so(running: Running) -> None:
    away = running.process(kafka="127.0.0.1:9")
    async with away.app.router.lifespan_context(away.app):
        assert await away.handle(Poke(place="a"), subject="a") == 1
        transport = httpx2.ASGITransport(app=away.app)
        async with httpx2.AsyncClient(transport=transport, base_url="http://hub", timeout=60) as client:
            answer = await client.get("/healthz")
            assert answer.status_code == 200
            assert (await client.get("/readyz")).status_code == 503
        assert len(await running.rows("SELECT 1 FROM outbox_messages")) == 1


async def test_what_was_sent_before_the_first_start_is_read_from_the_beginning(running: Running) -> None:
    await running.poke(["a", "b"])
    await running.start()
    await until(lambda: _is(running.pokes, 2), "what was sent before the start")


async def test_a_process_whose_database_takes_no_change_is_not_ready_says_why_and_recovers_by_itself(
    running: Running,
) -> None:
    hub = await running.start()
    await running.read_only("on")
    await running.poke(["a"])

    async def refused() -> bool:
        return not await hub.ready() and "read-only" in hub.health()["database"]

    await until(refused, "the process not to be ready, and to say why")
    assert not await hub.ready(), "asking does not make it ready"
    await running.read_only("off")
    await until(hub.ready, "the process to be ready again")
    assert hub.health()["database"] == "connected"
    await until(lambda: _is(running.pokes, 1), "the record that waited")
