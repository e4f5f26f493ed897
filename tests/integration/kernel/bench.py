"""A loop with hands, for the tests of the kernel on a real PostgreSQL."""

import uuid
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from services.kernel.database import Database
from services.kernel.envelope import Raw, Received, decode, encoded
from services.kernel.loop import Loop
from services.kernel.settings import Settings
from services.kernel.sources import RecordBatch, ReplayBatch
from tests.engines.hub import rows_of
from tests.integration.kernel.probe import Poke, ProbeStage

TOPIC = "pokes"


class Bench:
    """A loop with hands to feed it and eyes on its tables."""

    def __init__(self, service: str, settings: Settings) -> None:
        self.service, self.settings = service, settings
        self.stage = ProbeStage()
        self.database = Database(service, settings)
        self.loop = Loop(service, self.stage, self.database)
        self.positions: dict[int, int] = {}
        self.offset = 0

    def record(self, place: str, mood: str = "", *, message_id: str | None = None, **changes: Any) -> Received:
        """The next record of partition 0."""
        headers = {
            "ce_id": message_id or str(uuid.uuid4()),
            "ce_type": changes.pop("type_", "Poke.v1"),
            "ce_time": datetime.now(UTC).isoformat(),
        }
        value = changes.pop("value", Poke(place=place, mood=mood).model_dump_json().encode())
        raw = Raw(TOPIC, 0, self.offset, place.encode(), changes.pop("headers", encoded(headers)), value)
        self.offset += 1
        return decode(raw, self.stage.readers, "record")

    async def feed(self, records: Sequence[Received]) -> list[Any]:
        """Run them as one batch."""
        return await self.loop.run(RecordBatch(TOPIC, records, self.positions))

    async def replay(self, place: str, topic: str = TOPIC) -> list[Any]:
        """Run what is held under a place's key again."""
        return await self.loop.run(
            ReplayBatch(f"{topic}/{place}", lambda raw: decode(raw, self.stage.readers, "replay"))
        )

    async def rows(self, query: str, *arguments: Any) -> list[Any]:
        """Look at the tables."""
        return await rows_of(self.settings, self.service, query, *arguments)

    async def count_of(self, place: str) -> int:
        """How often a place was poked, as stored."""
        rows = await self.rows("SELECT count FROM places WHERE name = $1", place)
        return int(rows[0]["count"]) if rows else 0
