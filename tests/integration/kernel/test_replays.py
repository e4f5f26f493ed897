"""What dead letters hold, and what a replay does with them, on a real PostgreSQL."""

import uuid

import pytest

from tests.integration.kernel.bench import Bench
from tests.integration.kernel.probe import Poke

pytestmark = pytest.mark.integration


async def test_later_messages_of_a_dead_key_wait_in_order_and_replay_frees_the_key(bench: Bench) -> None:
    await bench.feed([bench.record("a", "raise"), bench.record("a"), bench.record("b")])
    await bench.feed([bench.record("a")])
    assert await bench.count_of("a") == 0
    assert [row["state"] for row in await bench.rows("SELECT state FROM dead_letters ORDER BY id")] == [
        "dead",
        "waiting",
        "waiting",
    ]
    await bench.rows(
        "UPDATE dead_letters SET value = $1 WHERE state = 'dead'", Poke(place="a").model_dump_json().encode()
    )
    outcomes = await bench.replay("a")
    assert [outcome.answer for outcome in outcomes] == [1, 2, 3]
    assert not await bench.rows("SELECT 1 FROM held_keys")
    await bench.feed([bench.record("a")])
    assert await bench.count_of("a") == 4


async def test_what_came_before_an_unreadable_record_of_its_key_is_decided_and_what_comes_behind_waits(
    bench: Bench,
) -> None:
    await bench.feed([bench.record("a"), bench.record("a", value=b"{bad"), bench.record("a"), bench.record("b")])
    assert await bench.count_of("a") == await bench.count_of("b") == 1
    rows = await bench.rows("SELECT state, record_offset FROM dead_letters ORDER BY id")
    assert [(row["state"], row["record_offset"]) for row in rows] == [("dead", 1), ("waiting", 2)]
    await bench.rows(
        "UPDATE dead_letters SET value = $1 WHERE state = 'dead'", Poke(place="a").model_dump_json().encode()
    )
    outcomes = await bench.replay("a")
    assert [outcome.answer for outcome in outcomes] == [2, 3]


async def test_a_replay_that_fails_again_keeps_the_key_held_and_counts(bench: Bench) -> None:
    await bench.feed([bench.record("a", "raise"), bench.record("a")])
    await bench.replay("a")
    rows = await bench.rows("SELECT state, replays FROM dead_letters ORDER BY state, id")
    assert [(row["state"], row["replays"]) for row in rows] == [("dead", 1), ("waiting", 0)]
    assert await bench.rows("SELECT 1 FROM held_keys")


async def test_what_died_unread_and_comes_again_under_its_id_is_dropped(bench: Bench) -> None:
    identity = str(uuid.uuid4())
    await bench.feed([bench.record("a", message_id=identity, value=b"{bad")])
    await bench.feed([bench.record("a", message_id=identity, value=b"{bad")])
    mended = Poke(place="a").model_dump_json().encode()
    await bench.rows("UPDATE dead_letters SET value = $1", mended)
    await bench.replay("a")
    assert await bench.count_of("a") == 1


async def test_a_replay_blames_the_letter_that_the_database_refuses_and_decides_what_came_before_it(
    bench: Bench,
) -> None:
    await bench.feed([bench.record("a", "raise"), *[bench.record("a", mood) for mood in ("", "bad-row", "")]])
    mended = Poke(place="a").model_dump_json().encode()
    await bench.rows("UPDATE dead_letters SET value = $1 WHERE state = 'dead'", mended)
    outcomes = await bench.replay("a")
    assert [outcome.reason for outcome in outcomes] == [None, None, "database-refused: 22001"]
    assert await bench.count_of("a") == 2
    rows = await bench.rows("SELECT state, record_offset FROM dead_letters ORDER BY state, id")
    assert [(row["state"], row["record_offset"]) for row in rows] == [("dead", 2), ("waiting", 3)]
    await bench.rows("UPDATE dead_letters SET value = $1 WHERE state = 'dead'", mended)
    assert [outcome.answer for outcome in await bench.replay("a")] == [3, 4]
    assert not await bench.rows("SELECT 1 FROM held_keys")
