"""The loop on a real PostgreSQL, each row of the failure table that needs no broker."""

import asyncio
import uuid
from collections.abc import Mapping
from typing import Any

import pytest
from pydantic import BaseModel
from sqlalchemy import text

from services.kernel.consumer import read_positions
from services.kernel.decision import Context, Decision, Keys, Message, NewEvent
from services.kernel.errors import BadDeploySuspected, CommandStillRunning, Fenced, IdempotencyKeyReused
from services.kernel.holding import HOLDING, Holding
from services.kernel.loop import DEAD_KEYS_AT_MOST, RECENT_MESSAGES
from services.kernel.sources import CommandBatch, Idempotency, RecordBatch, Replayed
from tests.integration.kernel.bench import TOPIC, Bench
from tests.integration.kernel.probe import Poke, Poked, ProbeStage

pytestmark = pytest.mark.integration


async def test_later_messages_of_a_batch_see_what_earlier_ones_changed(bench: Bench) -> None:
    outcomes = await bench.feed([bench.record("a"), bench.record("b"), bench.record("a")])
    assert [outcome.answer for outcome in outcomes] == [1, 1, 2]
    rows = await bench.rows("SELECT key, body FROM outbox_messages ORDER BY id")
    assert [row["key"] for row in rows] == ["a", "b", "a"]
    assert (await bench.rows("SELECT value FROM tallies WHERE name = 'pokes'"))[0]["value"] == 3


async def test_a_record_below_the_position_is_done_already(bench: Bench) -> None:
    first = [bench.record("a"), bench.record("a")]
    await bench.feed(first)
    await bench.feed([*first, bench.record("a")])
    assert await bench.count_of("a") == 3


async def test_an_id_that_the_inbox_has_seen_is_dropped(bench: Bench) -> None:
    identity = str(uuid.uuid4())
    await bench.feed([bench.record("a", message_id=identity), bench.record("a", message_id=identity)])
    await bench.feed([bench.record("a", message_id=identity)])
    assert await bench.count_of("a") == 1


async def test_a_zombie_whose_position_was_moved_is_fenced(bench: Bench) -> None:
    zombie_positions = dict(bench.positions)
    records = [bench.record("a")]
    await bench.feed(records)
    with pytest.raises(Fenced):
        await bench.loop.run(RecordBatch(TOPIC, records, zombie_positions))
    assert await bench.count_of("a") == 1


async def test_a_timer_that_may_fire_is_not_waited_for_where_it_is_being_fired(bench: Bench) -> None:
    await bench.feed([bench.record("a", "timer")])
    async with bench.database.writing() as firing:
        await firing.execute(text("UPDATE timers SET due_at = 'infinity'"))
        await asyncio.wait_for(bench.feed([bench.record("a", "let-fire")]), 30)
    assert [row["subject"] for row in await bench.rows("SELECT subject FROM timers")] == ["a"]
    await bench.feed([bench.record("a", "let-fire")])
    assert await bench.rows("SELECT 1 FROM timers") == []


async def test_deciding_again_gives_the_same_event_ids(bench: Bench) -> None:
    identity = str(uuid.uuid4())
    await bench.feed([bench.record("a", message_id=identity)])
    first = await bench.rows("SELECT headers::json->>'ce_id' AS id FROM outbox_messages")
    await bench.rows("DELETE FROM inbox")
    await bench.rows("UPDATE positions SET next_offset = 0")
    bench.positions, bench.offset = {0: 0, 1: 0}, 0
    await bench.feed([bench.record("a", message_id=identity)])
    again = await bench.rows("SELECT headers::json->>'ce_id' AS id FROM outbox_messages ORDER BY id DESC LIMIT 1")
    assert first[0]["id"] == again[0]["id"]


@pytest.mark.parametrize(
    ("name", "changes", "reason"),
    [
        ("not JSON", {"value": b"{bad"}, "invalid-body"),
        ("no body", {"value": None}, "invalid-body"),
        ("a wrong type", {"value": b'{"place": 7}'}, "invalid-body: /place"),
        ("an unknown version", {"type_": "Poke.v9"}, "unknown-version"),
        ("no type", {"headers": (("x", None),)}, "no-type"),
        ("headers that are not UTF-8", {"headers": (("ce_type", b"\xff\xfe"),)}, "no-type"),
    ],
)
async def test_what_cannot_be_read_becomes_a_dead_letter_and_its_neighbours_go_on(
    bench: Bench, name: str, changes: dict[str, Any], reason: str
) -> None:
    await bench.feed([bench.record("a"), bench.record("b", **changes), bench.record("c")])
    dead = await bench.rows("SELECT reason, value, state FROM dead_letters")
    assert len(dead) == 1, name
    assert dead[0]["reason"].startswith(reason)
    assert dead[0]["value"] == changes.get("value", dead[0]["value"])
    assert await bench.count_of("a") == await bench.count_of("c") == 1


async def test_a_type_that_we_do_not_name_is_skipped(bench: Bench) -> None:
    await bench.feed([bench.record("a", type_="SomethingElse.v1"), bench.record("b")])
    assert not await bench.rows("SELECT 1 FROM dead_letters")
    assert await bench.count_of("b") == 1


class ToldStage(ProbeStage):
    """Asks to be told of held keys, and publishes what it is told."""

    readers: Mapping[str, Mapping[int, type[BaseModel]]] = {**ProbeStage.readers, **HOLDING}

    def keys(self, message: Message) -> Keys:
        return Keys() if isinstance(message.body, Holding) else super().keys(message)

    def decide(self, state: Mapping[str, Any], message: Message, context: Context) -> Decision:
        if not isinstance(message.body, Holding):
            return super().decide(state, message, context)
        told = Poked(place=message.body.key, count=0, by=message.type)
        return Decision(events=(NewEvent("told", message.body.key, told),))


async def test_a_stage_that_asks_is_told_what_its_dead_letters_hold_and_free(bench: Bench) -> None:
    bench.loop.stage = bench.stage = ToldStage()
    told = "SELECT key, body::json->>'by' AS by FROM outbox_messages WHERE topic = 'told' ORDER BY id"
    await bench.feed([bench.record("a", value=b"{bad"), bench.record("b"), bench.record("a")])
    assert [tuple(row) for row in await bench.rows(told)] == [("a", "KeyHeld"), ("a", "KeyHeld")]
    await bench.replay("a")
    assert "KeyFreed" not in [row["by"] for row in await bench.rows(told)], "it died again"
    mended = Poke(place="a").model_dump_json().encode()
    await bench.rows("UPDATE dead_letters SET value = $1 WHERE state = 'dead'", mended)
    await bench.replay("a")
    assert [row["by"] for row in await bench.rows(told)][-1] == "KeyFreed"
    ids = await bench.rows("SELECT headers::json->>'ce_id' AS id FROM outbox_messages WHERE topic = 'told'")
    assert len({row["id"] for row in ids}) == 3, "the same record that dies again tells the same thing"


async def test_a_row_that_the_database_refuses_is_found_by_dividing_the_batch(bench: Bench) -> None:
    records = [bench.record(f"p{n}", "bad-row" if n == 5 else "") for n in range(9)]
    await bench.feed(records)
    dead = await bench.rows("SELECT held_key, reason FROM dead_letters")
    assert [(row["held_key"], row["reason"]) for row in dead] == [("pokes/p5", "database-refused: 22001")]
    assert (await bench.rows("SELECT sum(count) AS n FROM places"))[0]["n"] == 8
    assert (await bench.rows("SELECT next_offset FROM positions WHERE partition = 0"))[0]["next_offset"] == 9


async def test_twenty_dead_keys_among_the_last_hundred_messages_stop_the_consumer(bench: Bench) -> None:
    with pytest.raises(BadDeploySuspected):
        await bench.feed([bench.record(f"p{n}", "raise") for n in range(DEAD_KEYS_AT_MOST)])
    assert not await bench.rows("SELECT 1 FROM dead_letters")
    assert (await bench.rows("SELECT next_offset FROM positions WHERE partition = 0"))[0]["next_offset"] == 0


async def test_dead_keys_stop_the_consumer_wherever_in_a_long_batch_they_stand(bench: Bench) -> None:
    bad = [bench.record(f"p{n}", "raise") for n in range(DEAD_KEYS_AT_MOST)]
    with pytest.raises(BadDeploySuspected):
        await bench.feed([*bad, *[bench.record("good") for _ in range(RECENT_MESSAGES)]])
    assert not await bench.rows("SELECT 1 FROM dead_letters")


async def test_processes_that_meet_one_place_at_once_take_turns(bench: Bench) -> None:
    others = [Bench(bench.service, bench.settings) for _ in range(3)]
    for number, other in enumerate(others):
        other.offset, other.positions = 0, await read_positions(other.database, f"other-{number}", [0])
    batches = [
        other.loop.run(RecordBatch(f"other-{number}", [other.record(f"p{n % 7}") for n in range(50)], other.positions))
        for number, other in enumerate(others)
    ]
    await asyncio.gather(bench.feed([bench.record(f"p{6 - n % 7}") for n in range(50)]), *batches)
    assert (await bench.rows("SELECT sum(count) AS n FROM places"))[0]["n"] == 200
    assert len(await bench.rows("SELECT 1 FROM outbox_messages")) == 200
    for other in others:
        await other.database.close()


def _command(bench: Bench, key: str, body_hash: bytes = b"1") -> CommandBatch:
    received = bench.record("a")
    return CommandBatch(received, Idempotency("me", "/pokes", key, body_hash, lambda answer: (202, str(answer))))


async def test_the_same_idempotency_key_gives_the_first_answer_again(bench: Bench) -> None:
    first, second = _command(bench, "k"), _command(bench, "k")
    await bench.loop.run(first)
    assert await bench.loop.run(second) == []
    assert second.replayed == Replayed(202, "1")
    assert await bench.count_of("a") == 1


async def test_an_idempotency_key_with_another_body_is_refused(bench: Bench) -> None:
    await bench.loop.run(_command(bench, "k"))
    with pytest.raises(IdempotencyKeyReused):
        await bench.loop.run(_command(bench, "k", b"2"))


async def test_a_command_whose_twin_is_still_running_is_told_so(bench: Bench) -> None:
    twin = _command(bench, "k")
    async with bench.database.writing() as connection:
        await twin.claim(connection, twin.received)
        with pytest.raises(CommandStillRunning):
            await bench.loop.run(_command(bench, "k"))


async def test_a_command_that_raises_is_no_dead_letter_but_its_callers_error(bench: Bench) -> None:
    with pytest.raises(RuntimeError):
        await bench.loop.run(CommandBatch(bench.record("a", "raise"), None))
    assert not await bench.rows("SELECT 1 FROM dead_letters")


async def test_what_a_page_reads_is_of_one_moment(bench: Bench) -> None:
    """Else a case would be shown as it was, beside a timeline that tells of its change."""
    count = text("SELECT count(*) FROM tallies")
    async with bench.database.reading(agency="one") as page:
        before = (await page.execute(count)).scalar_one()
        async with bench.database.writing() as connection:
            await connection.execute(text("INSERT INTO tallies (name, value) VALUES ('meanwhile', 1)"))
        assert (await page.execute(count)).scalar_one() == before
    async with bench.database.reading() as page:
        assert (await page.execute(count)).scalar_one() == before + 1
