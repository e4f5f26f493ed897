"""One behaviour suite over the loop in memory and the real one: what unit tests rely on is what happens."""

from collections.abc import AsyncIterator
from typing import Any, Protocol
from uuid import UUID, uuid5

import pytest

from services.kernel.consumer import read_positions
from services.kernel.settings import Settings
from services.kernel.testing import MemoryLoop
from tests.integration.kernel.bench import TOPIC, Bench
from tests.integration.kernel.probe import Poke, ProbeStage

pytestmark = pytest.mark.integration
_IDS = UUID("f3f1c0de-0000-5000-8000-000000000001")


class Hands(Protocol):
    """What the suite does with a loop and sees of it."""

    async def poke(self, number: int, place: str, mood: str = "") -> Any:
        """Send the poke with that number (its id); the answer."""

    async def seen(self) -> dict[str, Any]:
        """State, published keys, armed timers, jobs and tallies."""


class InMemory:
    """Hands on the loop in memory."""

    def __init__(self) -> None:
        self._loop = MemoryLoop(ProbeStage())

    async def poke(self, number: int, place: str, mood: str = "") -> Any:
        return self._loop.send(Poke(place=place, mood=mood), place, message_id=uuid5(_IDS, str(number)))

    async def seen(self) -> dict[str, Any]:
        return {
            "counts": {place.name: place.count for place in self._loop.state.values()},
            "events": [(event.key, event.body.count) for event in self._loop.events],
            "timers": sorted(subject for _, subject, _ in self._loop.timers),
            "jobs": [(job.kind, job.subject) for job in self._loop.jobs],
            "tallies": self._loop.tallies,
        }


class OnPostgres:
    """Hands on the real loop."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench

    async def poke(self, number: int, place: str, mood: str = "") -> Any:
        record = self._bench.record(place, mood, message_id=str(uuid5(_IDS, str(number))))
        outcomes = await self._bench.feed([record])
        return outcomes[0].answer if outcomes else None

    async def seen(self) -> dict[str, Any]:
        rows = self._bench.rows
        events = await rows("SELECT key, (body::json->>'count')::int AS count FROM outbox_messages ORDER BY id")
        return {
            "counts": {row["name"]: row["count"] for row in await rows("SELECT name, count FROM places")},
            "events": [(row["key"], row["count"]) for row in events],
            "timers": [row["subject"] for row in await rows("SELECT subject FROM timers ORDER BY subject")],
            "jobs": [
                (row["kind"], row["subject"]) for row in await rows("SELECT kind, subject FROM jobs ORDER BY due_at")
            ],
            "tallies": {row["name"]: row["value"] for row in await rows("SELECT name, value FROM tallies")},
        }


@pytest.fixture(params=["memory", "postgres"])
async def hands(request: pytest.FixtureRequest, service: str, settings: Settings) -> AsyncIterator[Hands]:
    """Each in turn."""
    if request.param == "memory":
        yield InMemory()
        return
    bench = Bench(service, settings)
    bench.positions = await read_positions(bench.database, TOPIC, [0])
    yield OnPostgres(bench)
    await bench.database.close()


async def test_answers_state_and_events_agree(hands: Hands) -> None:
    assert [await hands.poke(n, place) for n, place in enumerate("abaab")] == [1, 1, 2, 3, 2]
    seen = await hands.seen()
    assert seen["counts"] == {"a": 3, "b": 2}
    assert seen["events"] == [("a", 1), ("b", 1), ("a", 2), ("a", 3), ("b", 2)]
    assert seen["tallies"] == {"pokes": 5}


async def test_a_message_that_was_seen_is_dropped(hands: Hands) -> None:
    assert await hands.poke(1, "a") == 1
    assert await hands.poke(1, "a") is None
    assert (await hands.seen())["counts"] == {"a": 1}


@pytest.mark.parametrize("mood", ["cancel", "let-fire"])
async def test_a_timer_is_armed_replaced_and_cancelled(hands: Hands, mood: str) -> None:
    await hands.poke(1, "a", "timer")
    await hands.poke(2, "a", "timer")
    await hands.poke(3, "b", "timer")
    assert (await hands.seen())["timers"] == ["a", "b"]
    await hands.poke(4, "a", mood)
    assert (await hands.seen())["timers"] == ["b"]


async def test_a_job_is_kept_with_the_decision(hands: Hands) -> None:
    await hands.poke(1, "a", "job")
    assert (await hands.seen())["jobs"] == [("errand", "a")]
