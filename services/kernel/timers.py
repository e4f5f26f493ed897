"""Timers: what is due is taken from its table and comes back to the loop as a message."""

import asyncio
from typing import Any

import structlog
from sqlalchemy import text

from services.kernel.database import Database
from services.kernel.decision import Stage
from services.kernel.envelope import Raw, decode, raw_of_row
from services.kernel.errors import INFRASTRUCTURE, TROUBLED_POLL
from services.kernel.loop import Loop
from services.kernel.sources import TimerBatch

TIMER_ROUND, TIMER_POLL = 100, 0.2
"""A round's timers are seen when its last one is saved, so that a large round makes its first one late."""
BETWEEN_ROUNDS = 0.02

_ANY_DUE = text("SELECT EXISTS (SELECT 1 FROM timers WHERE due_at <= now() AND kind = ANY(CAST(:kinds AS text[])))")
_DUE = text("""
    SELECT id, kind, subject, payload, due_at, message_id, correlation_id, causation_id, traceparent
    FROM timers WHERE due_at <= now() AND kind = ANY(CAST(:kinds AS text[])) ORDER BY due_at, id LIMIT :most
""")
_ELECT = text("SELECT pg_try_advisory_xact_lock(hashtext(:name))")
log = structlog.get_logger()


class TimerRunner:
    """Fires due timers in the order `due_at, id`, by the database's clock; one runner per service at a time."""

    def __init__(self, service: str, stage: Stage, loop: Loop, database: Database) -> None:
        self._service, self._stage, self._loop, self._database = service, stage, loop, database
        self.trouble: str | None = None

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            fired = 0
            try:
                fired = await self.fire_due()
                self.trouble = None
            except INFRASTRUCTURE as error:
                self.trouble = type(error).__name__
                log.warning("timers_not_fired", error=type(error).__name__)
            await asyncio.sleep(TROUBLED_POLL if self.trouble else BETWEEN_ROUNDS if fired else TIMER_POLL)

    async def fire_due(self) -> int:
        """Fire one round; how many were due."""
        # A timer of a kind that this release does not name waits for one that does, and stops no other.
        kinds = sorted(self._stage.readers)
        async with self._database.asking() as connection:
            if not (await connection.execute(_ANY_DUE, {"kinds": kinds})).scalar_one():
                return 0
        async with self._database.writing() as election:
            name = {"name": f"timers {self._service}"}
            if not (await election.execute(_ELECT, name)).scalar_one():
                return 0
            rows = (await election.execute(_DUE, {"most": TIMER_ROUND, "kinds": kinds})).all()
            if rows:
                received = [decode(_raw(row), self._stage.readers, "timer") for row in rows]
                await self._loop.run(TimerBatch("timer", received))
            return len(rows)


def _raw(row: Any) -> Raw:
    return raw_of_row("timer", row, row.kind, row.message_id, row.due_at, row.payload, timerid=str(row.id))
