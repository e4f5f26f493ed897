"""Rows of the failure table that need a whole process, a real PostgreSQL and a real Kafka: what waits, what stops."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid5

import asyncpg
import pytest

from services.kernel.errors import Fenced
from services.kernel.process import Process
from services.kernel.relay import Relay
from services.kernel.settings import Settings
from services.kernel.sources import Batch, Outcome
from tests.integration.kernel.test_process import Running, until

pytestmark = pytest.mark.integration


@pytest.fixture
async def running(service: str, settings: Settings, topics: str, kafka_bootstrap: str) -> AsyncIterator[Running]:
    """A service whose processes are stopped at the end."""
    made = Running(service, settings.model_copy(update={"kafka": kafka_bootstrap}), topics)
    yield made
    await made.stop()


async def _pokes(running: Running, wanted: int) -> bool:
    return await running.pokes() == wanted


async def _in_trouble(process: Process) -> bool:
    return any(each["trouble"] for each in process.health()["consumers"])


async def _nothing_twice(running: Running, wanted: int) -> None:
    """Every message decided once; a record that lies on the topic again has the id that it had before."""
    await until(lambda: _pokes(running, wanted), f"{wanted} pokes")
    await until(lambda: _outbox_empty(running), "the outbox to be empty")
    found = await running.published(wanted)
    assert {dict(record.headers)["ce_id"] for record in found} == await _event_ids(running)
    assert len({dict(record.headers)["ce_id"] for record in found}) == wanted
    assert not await running.rows("SELECT 1 FROM dead_letters")
    assert not await running.rows("SELECT 1 FROM held_keys")


async def _outbox_empty(running: Running) -> bool:
    return not await running.rows("SELECT 1 FROM outbox_messages")


async def _event_ids(running: Running) -> set[bytes]:
    """The ids that events must have: made from the ids of the messages that the inbox holds."""
    rows = await running.rows("SELECT id FROM inbox")
    return {str(uuid5(row["id"], "Poked.v1/0")).encode() for row in rows}


_CUT = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '{role}'"
_RAISES = """
    CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN RAISE EXCEPTION 'as if' USING ERRCODE = '{code}'; END $$;
    CREATE TRIGGER refuse BEFORE INSERT OR UPDATE ON places EXECUTE FUNCTION refuse();
"""


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("the disk is full", "53100"),
        ("too many connections", "53300"),
        ("a deadlock", "40P01"),
        ("a lock that did not come in time", "55P03"),
        ("an operator's shutdown", "57P01"),
    ],
)
async def test_what_waiting_may_mend_is_never_a_dead_letter(running: Running, name: str, code: str) -> None:
    process = await running.start()
    await running.change(_RAISES.format(code=code))
    await running.poke([f"p{n}" for n in range(30)])
    await until(lambda: _in_trouble(process), f"health to speak of {name}")
    assert await running.pokes() == 0
    assert not await running.rows("SELECT 1 FROM dead_letters")
    assert process.health()["alive"]
    await running.change("DROP TRIGGER refuse ON places; DROP FUNCTION refuse()")
    await _nothing_twice(running, 30)
    await until(lambda: _well(process), "health to be well again")


async def _well(process: Process) -> bool:
    return not await _in_trouble(process)


async def test_a_database_that_only_reads_consumes_nothing_until_it_writes_again(running: Running) -> None:
    process = await running.start()
    role = f"hub_{running.service}"
    await running.change(f"ALTER ROLE {role} SET default_transaction_read_only = on")
    await _disconnect(running, role)
    await running.poke(["a"] * 20)
    await until(lambda: _in_trouble(process), "health to speak of it")
    assert not await running.rows("SELECT 1 FROM dead_letters")
    await running.change(f"ALTER ROLE {role} RESET default_transaction_read_only")
    await _disconnect(running, role)
    await _nothing_twice(running, 20)


async def _disconnect(running: Running, role: str) -> None:
    """As a fail-over does: every connection is cut, and the next one meets the new settings."""
    await running.change(_CUT.format(role=role))


async def test_connections_that_are_cut_in_the_middle_lose_nothing_and_double_nothing(running: Running) -> None:
    await running.start(batch=20)
    feeding = asyncio.create_task(running.poke([f"p{n % 13}" for n in range(1500)]))
    for wanted in (100, 400, 900):
        await until(lambda wanted=wanted: _more(running, wanted), f"{wanted} pokes")  # type: ignore[misc]
        await _disconnect(running, f"hub_{running.service}")
    await feeding
    await _nothing_twice(running, 1500)


async def test_a_relay_that_a_library_s_own_cancellation_ended_begins_again(running: Running) -> None:
    process = await running.start()
    (relaying,) = [task for task in asyncio.all_tasks() if _runs(task, process.relay)]
    relaying.cancel()
    await asyncio.wait((relaying,))
    await running.poke([f"p{n}" for n in range(20)])
    await _nothing_twice(running, 20)


def _runs(task: "asyncio.Task[Any]", relay: Relay) -> bool:
    frame = getattr(task.get_coro(), "cr_frame", None)
    return frame is not None and frame.f_code is Relay.run.__code__ and frame.f_locals["self"] is relay


async def _more(running: Running, wanted: int) -> bool:
    return await running.pokes() >= wanted


async def test_twenty_dead_keys_stop_the_consumer_and_health_says_why(running: Running) -> None:
    process = await running.start()
    await running.poke([f"bad{n}" for n in range(25)], "raise")
    await running.poke(["good"])

    async def stopped() -> bool:
        return "last deploy" in str(process.health()["consumers"][0]["trouble"])

    await until(stopped, "the consumer to stop")
    assert len(await running.rows("SELECT 1 FROM dead_letters")) < 20


class Gate:
    """Stands before a process's loop: the first batch that comes waits until it is opened."""

    def __init__(self, process: Process) -> None:
        self._run, self.opened, self.reached = process.loop.run, asyncio.Event(), asyncio.Event()
        self.fenced = False
        process.loop.run = self.run  # type: ignore[method-assign]

    async def run(self, batch: Batch) -> list[Outcome]:
        """Wait, then go on as if nothing had happened."""
        self.reached.set()
        await self.opened.wait()
        try:
            return await self._run(batch)
        except Fenced:
            self.fenced = True
            raise


async def _partitions(process: Process) -> int:
    return int(process.health()["consumers"][0]["partitions"])


async def test_a_zombie_that_wakes_after_others_did_its_work_is_fenced(running: Running) -> None:
    zombie = await running.start(slot=0, batch=1000)
    gate = Gate(zombie)
    await running.poke([f"p{n % 7}" for n in range(300)])
    await until(lambda: _is_set(gate.reached), "the zombie to hold a batch")
    others = [await running.start(slot=slot, batch=1000) for slot in (1, 2, 3)]

    async def shared() -> bool:
        return sum([await _partitions(each) for each in others]) > 0

    await until(shared, "the others to have partitions")
    before = await running.pokes()
    gate.opened.set()
    await until(lambda: _pokes(running, 300), "all pokes")
    assert before < 300
    await _nothing_twice(running, 300)
    assert gate.fenced or before == 0


async def _is_set(event: asyncio.Event) -> bool:
    return event.is_set()


async def test_a_rebalance_in_the_middle_of_a_transaction_decides_each_message_once(running: Running) -> None:
    first = await running.start(slot=0, batch=1000)
    reached, opened = asyncio.Event(), asyncio.Event()
    rules = first.stage.rules

    async def slow_rules(connection: Any, state: Any) -> Any:
        reached.set()
        await opened.wait()
        return await rules(connection, state)

    first.stage.rules = slow_rules  # type: ignore[method-assign]
    await running.poke([f"p{n % 7}" for n in range(300)])
    await until(lambda: _is_set(reached), "a transaction that is open")
    await running.start(slot=1, batch=1000)
    await until(lambda: _waits(running), "the second to wait for the first's positions")
    opened.set()
    await _nothing_twice(running, 300)


async def _waits(running: Running) -> bool:
    role = f"hub_{running.service}"
    query = (
        "SELECT 1 FROM pg_stat_activity WHERE usename = $1 AND wait_event_type = 'Lock' AND query LIKE '%positions%'"
    )
    return bool(await running.rows(query, role))


_TABLES = ("positions", "inbox", "places", "outbox_messages", "jobs", "timers", "tallies", "dead_letters", "held_keys")

_BACK = "TRUNCATE {name}; INSERT INTO {name} OVERRIDING SYSTEM VALUE TABLE kept_{name}"


async def test_a_restore_to_an_earlier_hour_brings_the_same_ids_again(running: Running) -> None:
    await running.start()
    await running.poke([f"p{n % 5}" for n in range(40)])
    await until(lambda: _pokes(running, 40), "the pokes before the copy")
    await running.change(";".join(f"CREATE TABLE kept_{name} AS TABLE {name}" for name in _TABLES))
    await running.poke([f"p{n % 5}" for n in range(60)], "job")
    await until(lambda: _pokes(running, 160), "the pokes and errands after the copy")
    first = {dict(record.headers)["ce_id"] for record in await running.published(160)}
    errands = {job.id for job in running.errands}
    await running.stop()
    await running.change(";".join(_BACK.format(name=name) for name in _TABLES))
    assert await running.pokes() == 40
    await running.start()
    await until(lambda: _pokes(running, 160), "the pokes to be decided again")
    await until(lambda: _outbox_empty(running), "the outbox to be empty")
    again = await running.on_the_topic()
    assert len(again) > 160
    assert {dict(record.headers)["ce_id"] for record in again} == first
    assert {job.id for job in running.errands} == errands


async def test_the_relay_sends_again_under_the_same_id_when_its_delete_was_lost(running: Running) -> None:
    await running.change("CREATE TABLE kept AS TABLE outbox_messages")
    await running.change(
        "CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS"
        " $$ BEGIN INSERT INTO kept SELECT OLD.*; RETURN OLD; END $$;"
        "CREATE TRIGGER keep BEFORE DELETE ON outbox_messages FOR EACH ROW EXECUTE FUNCTION keep()"
    )
    await running.start()
    await running.poke(["a"] * 10)
    sent = {dict(record.headers)["ce_id"] for record in await running.published(10)}
    await until(lambda: _kept(running, 10), "the outbox to be empty")
    await running.change("INSERT INTO outbox_messages OVERRIDING SYSTEM VALUE TABLE kept")
    await until(lambda: _kept(running, 20), "the outbox to be empty again")
    again = await running.on_the_topic()
    assert {dict(record.headers)["ce_id"] for record in again} == sent
    assert [json.loads(record.value)["count"] for record in again] == [*range(1, 11), *range(1, 11)]


async def _kept(running: Running, wanted: int) -> bool:
    return len(await running.rows("SELECT 1 FROM kept")) >= wanted


async def test_the_server_ends_a_transaction_in_which_a_hanging_process_does_nothing(running: Running) -> None:
    process = running.process()
    async with process.database.writing() as connection:
        found = await connection.exec_driver_sql("SHOW idle_in_transaction_session_timeout")
        assert found.scalar_one() == "1min"
    await process.database.close()


async def test_a_database_that_hangs_makes_a_process_not_ready_within_seconds(running: Running) -> None:
    hub = await running.start()
    holder = await asyncpg.connect(running.settings.database_url, server_settings={"search_path": running.service})
    hanging = holder.transaction()
    await hanging.start()
    await holder.execute("LOCK TABLE positions IN ACCESS EXCLUSIVE MODE")
    # A statement may take sixty seconds, and nobody waits that long for this answer.
    assert await asyncio.wait_for(hub.ready(), 30) is False
    assert "does not answer" in hub.health()["database"]
    await hanging.rollback()
    await holder.close()
    await until(hub.ready, "the process to be ready again")
