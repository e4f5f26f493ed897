"""A smallest service for the kernel's own tests: it counts pokes per place and can fail on demand."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, ClassVar

import asyncpg
from pydantic import BaseModel, ConfigDict
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.kernel.decision import CancelledTimer, Context, Decision, Keys, Message, NewEvent, NewJob, NewTimer
from services.kernel.settings import Settings
from services.kernel.tables import create_kernel_tables

TOPIC_IN, TOPIC_OUT = "pokes", "poked"


class Poke(BaseModel):
    """Someone pokes a place. `mood` picks what goes wrong: raise, bad-row, job, timer, cancel, let-fire."""

    TYPE: ClassVar[str] = "Poke"
    VERSION: ClassVar[int] = 1
    model_config = ConfigDict(frozen=True)
    place: str
    mood: str = ""


class Poked(BaseModel):
    """A place was poked for the n-th time."""

    TYPE: ClassVar[str] = "Poked"
    VERSION: ClassVar[int] = 1
    place: str
    count: int
    by: str


class Errand(BaseModel):
    """What a job is told."""

    place: str


class ErrandDone(BaseModel):
    """A job's result; `mood` as a poke's."""

    place: str
    mood: str = ""


class Nudge(BaseModel):
    """A timer's payload."""

    place: str


class Place(BaseModel):
    """The state of one place; `label` is too short for some moods."""

    model_config = ConfigDict(frozen=True)
    name: str
    count: int = 0
    label: str = "ok"


class ProbeStage:
    """Counts pokes."""

    readers: Mapping[str, Mapping[int, type[BaseModel]]] = {
        "Poke": {1: Poke},
        "ErrandDone": {1: ErrandDone},
        "nudge": {1: Nudge},
    }

    topic_out = TOPIC_OUT

    def keys(self, message: Message) -> Keys:
        """The place, as match key and aggregate."""
        return Keys(match=frozenset({f"place:{message.body.place}"}), aggregates=frozenset({message.body.place}))

    async def load(self, connection: AsyncConnection, keys: Keys) -> dict[str, Any]:
        """All places of the batch."""
        rows = await connection.execute(
            text("SELECT * FROM places WHERE name = ANY(CAST(:names AS text[])) ORDER BY name FOR UPDATE"),
            {"names": sorted(keys.aggregates)},
        )
        return {f"place:{row.name}": Place(name=row.name, count=row.count, label=row.label) for row in rows}

    def decide(self, state: Mapping[str, Any], message: Message, context: Context) -> Decision:
        """Count, and do what the mood says."""
        body = message.body
        mood = getattr(body, "mood", "")
        if mood == "raise":
            raise RuntimeError(body.place)
        key = f"place:{body.place}"
        known: Place = state.get(key) or Place(name=body.place)
        place = known.model_copy(
            update={"count": known.count + 1, "label": "far too long" if mood == "bad-row" else "ok"}
        )
        return Decision(
            state={key: place},
            events=(NewEvent(self.topic_out, body.place, Poked(place=body.place, count=place.count, by=message.type)),),
            jobs=(NewJob("errand", body.place, Errand(place=body.place)),) if mood == "job" else (),
            timers=(NewTimer("nudge", body.place, context.now + timedelta(milliseconds=200), Nudge(place=body.place)),)
            if mood == "timer"
            else (),
            cancelled=(CancelledTimer("nudge", body.place, may_fire=mood == "let-fire"),)
            if mood in ("cancel", "let-fire")
            else (),
            tallies={"pokes": 1},
            answer=place.count,
        )

    async def save(self, connection: AsyncConnection, changed: Mapping[str, Any]) -> None:
        """All changed places in one statement."""
        await connection.execute(
            text("""
                INSERT INTO places (name, count, label)
                SELECT * FROM unnest(CAST(:names AS text[]), CAST(:counts AS integer[]), CAST(:labels AS text[]))
                ON CONFLICT (name) DO UPDATE SET count = excluded.count, label = excluded.label
            """),
            {
                "names": [place.name for place in changed.values()],
                "counts": [place.count for place in changed.values()],
                "labels": [place.label for place in changed.values()],
            },
        )

    async def rules(self, connection: AsyncConnection, state: Mapping[str, Any]) -> None:
        """None needed."""


async def provision(settings: Settings, service: str) -> None:
    """Schema, roles and tables of a probe service."""
    connection = await asyncpg.connect(settings.database_url)
    try:
        for role in (f"hub_{service}", f"hub_{service}_reader"):
            if not await connection.fetchval("SELECT 1 FROM pg_roles WHERE rolname = $1", role):
                await connection.execute(f"CREATE ROLE {role} LOGIN")
        await connection.execute(f"CREATE SCHEMA {service}")
        await connection.execute(f"GRANT USAGE ON SCHEMA {service} TO hub_{service}, hub_{service}_reader")
        await connection.execute(f"SET search_path TO {service}")
        await connection.execute(
            "CREATE TABLE places (name text PRIMARY KEY, count integer NOT NULL, label varchar(5) NOT NULL)"
        )
        statements: list[str] = []
        create_kernel_tables(statements.append, service)
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()
