"""What dead letters hold, and what a replay does with them, on a real PostgreSQL."""

import uuid
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from pydantic import BaseModel

from services.kernel import dead_letters
from services.kernel.decision import CancelledTimer, Context, Decision, Message, NewTimer
from services.kernel.timers import TimerRunner
from tests.integration.kernel.bench import Bench
from tests.integration.kernel.probe import Nudge, Poke, ProbeStage

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


async def test_a_letter_keeps_the_bytes_that_came_however_often_it_is_mended_and_dies(bench: Bench) -> None:
    await bench.feed([bench.record("a", value=b"{bad")])
    for wrong in (b"{worse", b"{worst"):
        (row,) = await bench.rows("SELECT id FROM dead_letters")
        async with bench.database.writing() as connection:
            await dead_letters.repair(connection, row["id"], wrong)
        await bench.replay("a")
    rows = await bench.rows("SELECT value, original, replays FROM dead_letters")
    assert [tuple(row.values()) for row in rows] == [(b"{worst", b"{bad", 2)]


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


class ClockStage(ProbeStage):
    """Each mood arms, moves or cancels timers of its place; a timer that fires is noted, or raises."""

    readers: Mapping[str, Mapping[int, type[BaseModel]]] = {**ProbeStage.readers, "mover": {1: Nudge}}
    raising = False

    def __init__(self) -> None:
        self.fired: list[str] = []

    def decide(self, state: Mapping[str, Any], message: Message, context: Context) -> Decision:
        place, mood = message.body.place, getattr(message.body, "mood", message.type)
        if message.type in ("nudge", "mover"):
            if self.raising:
                raise RuntimeError(place)
            self.fired.append(message.type)

        def nudge(kind: str, after: timedelta) -> NewTimer:
            return NewTimer(kind, place, context.now + after, Nudge(place=place))

        due, later = nudge("nudge", timedelta(seconds=-1)), nudge("nudge", timedelta(days=7))
        armed = {"": (due,), "later": (later,), "mover": (later,), "two": (nudge("mover", timedelta(seconds=-2)), due)}
        return Decision(
            timers=armed.get(mood, ()), cancelled=(CancelledTimer("nudge", place),) if mood == "cancel" else ()
        )


@pytest.fixture
def clocks(bench: Bench) -> ClockStage:
    """The bench's stage, with timers."""
    stage = ClockStage()
    bench.stage = bench.loop.stage = stage
    return stage


async def _fire(bench: Bench) -> None:
    await TimerRunner(bench.service, bench.stage, bench.loop, bench.database).fire_due()


async def _die(bench: Bench, stage: ClockStage) -> None:
    """A timer of place a is due, and dies."""
    stage.raising = True
    await bench.feed([bench.record("a")])
    await _fire(bench)
    await _fire(bench)
    stage.raising = False
    assert len(await bench.rows("SELECT 1 FROM dead_letters")) == 1


async def test_a_timer_that_died_fires_once_when_it_is_replayed(bench: Bench, clocks: ClockStage) -> None:
    await _die(bench, clocks)
    assert len(await bench.replay("a", "timer")) == 1
    assert clocks.fired == ["nudge"]
    assert not await bench.rows("SELECT 1 FROM timers")


@pytest.mark.parametrize(("mood", "armed"), [("later", 1), ("cancel", 0)])
async def test_a_dead_timer_that_was_moved_or_cancelled_since_is_dropped_when_it_is_replayed(
    bench: Bench, clocks: ClockStage, mood: str, armed: int
) -> None:
    await _die(bench, clocks)
    await bench.feed([bench.record("a", mood)])
    assert await bench.replay("a", "timer") == []
    assert clocks.fired == []
    assert len(await bench.rows("SELECT 1 FROM timers WHERE due_at < 'infinity'")) == armed
    assert not await bench.rows("SELECT 1 FROM dead_letters")
    assert not await bench.rows("SELECT 1 FROM held_keys")


async def test_a_timer_that_another_one_of_its_round_has_moved_does_not_fire(bench: Bench, clocks: ClockStage) -> None:
    await bench.feed([bench.record("a", "two")])
    await _fire(bench)
    assert clocks.fired == ["mover"]
    assert len(await bench.rows("SELECT 1 FROM timers WHERE due_at > now()")) == 1
