"""Works spooled batches off: stage the rows, number equals, release 500 a transaction, metered at the source."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from datetime import date
from time import monotonic
from typing import Any
from uuid import uuid5

import structlog
from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncConnection

from services.intake import batch_repository, repository, spool
from services.intake.domain.outcomes import OutcomeTaken
from services.intake.domain.receiving import Accepted, Refused
from services.intake.file_rows import message_of, source_of
from services.intake.messages import FinishBatch
from services.intake.staging import Reading, reason
from services.kernel.decision import Message
from services.kernel.envelope import Raw, Received
from services.kernel.errors import INFRASTRUCTURE, Fenced
from services.kernel.process import Process
from services.kernel.sources import Batch, Outcome
from services.partnership.models import Partnership

RELEASE, UNANSWERED_AT_MOST = 500, 1000
IDLE_SECONDS, METER_SECONDS = 0.2, 0.02
TIDY_SECONDS, BROKEN_OFF_HOURS = 300.0, 6

log = structlog.get_logger()


def refused_today(partner: str, day: date) -> str:
    """The tally of what a partner sent and could not be taken on a day."""
    return f"refused/{partner}/{day.isoformat()}"


class ReleaseBatch(Batch):
    """Rows of a file through the loop: the cursor moves, and their outcomes are written, in the same transaction."""

    def __init__(
        self,
        batch: Any,
        rows: Sequence[Any],
        received: Sequence[Received],
        refused: Mapping[int, Any],
        today: date,
    ) -> None:
        super().__init__("file", received)
        self._batch, self._rows, self._refused, self._today = batch, rows, refused, today
        self._cursor: int = batch.cursor
        self._claimed = self._cursor

    async def claim(self, connection: AsyncConnection, received: Sequence[Received]) -> Sequence[Received]:
        """Move the cursor past these rows, with the last of them past all: where the database refuses one, the release
        is divided, and each part is claimed for itself."""
        whole = not received or received[-1] is self.received[-1]
        self._claimed = self._rows[-1].row if whole else received[-1].raw.offset
        if not await batch_repository.move_cursor(connection, self._batch.id, self._cursor, self._claimed):
            raise Fenced(self._batch.reference)
        return received

    def committed(self, received: Sequence[Received]) -> None:
        """The next part goes on from here."""
        super().committed(received)
        self._cursor = self._claimed

    async def bury(
        self, connection: AsyncConnection, dead: Sequence[tuple[Received, str]], waiting: Sequence[Received]
    ) -> None:
        """A row that could not be decided is rejected with its receipt; see `conclude`."""

    async def conclude(self, connection: AsyncConnection, outcomes: Sequence[Outcome]) -> None:
        """Write what became of each row."""
        columns: dict[str, list[Any]] = {
            name: [] for name in ("rows", "outcomes", "references", "reasons", "source_ids")
        }
        for row, reasons in self._refused.items():
            if self._cursor < row <= self._claimed:
                _append(columns, row, "rejected", None, reasons, None)
        for outcome in outcomes:
            _append(columns, outcome.received.raw.offset, *_row_outcome(outcome))
        await batch_repository.write_outcomes(connection, self._batch.id, columns)
        rejected = columns["outcomes"].count("rejected")
        if rejected:
            await repository.count(connection, refused_today(self._batch.partner, self._today), rejected)


class DoneBatch(Batch):
    """A file is done and its sender's system is told so, in one transaction."""

    def __init__(self, batch: Any, message: Message) -> None:
        super().__init__("file done", (Received(Raw("file", 0, 0, None, (), None), message),))
        self._id = batch.id

    async def claim(self, connection: AsyncConnection, received: Sequence[Received]) -> Sequence[Received]:
        """Nothing to do where another process was quicker."""
        return received if await batch_repository.done(connection, self._id) else ()


def _append(
    columns: dict[str, list[Any]], row: int, outcome: str, ref: str | None, why: Any, source: str | None
) -> None:
    columns["rows"].append(row)
    columns["outcomes"].append(outcome)
    columns["references"].append(ref)
    columns["reasons"].append(json.dumps(why) if why else None)
    columns["source_ids"].append(source)


def _row_outcome(outcome: Outcome) -> tuple[str, str | None, Any, str | None]:
    message = outcome.received.message
    source = source_of(message.body) if message else None
    answer = outcome.answer
    if isinstance(answer, Accepted):
        return ("duplicate" if answer.duplicate else "accepted"), answer.report.facts.reference, None, source
    if isinstance(answer, OutcomeTaken):
        return ("duplicate" if answer.duplicate else "accepted"), answer.reference, None, source
    if isinstance(answer, Refused):
        return "rejected", None, reason(answer.field, answer.code, answer.message), source
    why = reason("", "not-stored", "The hub could not store this row. Tell the operations staff.")
    return "rejected", None, why, source


class Batches:
    """The background work of one process; any process goes on where another stopped."""

    def __init__(self, partnership: Partnership) -> None:
        self._partnership = partnership
        self._tidy_at = 0.0

    async def run(self, hub: Process) -> None:
        """Until cancelled."""
        while True:
            worked = False
            try:
                await self._give_up_broken_off(hub)
                worked = await self.work(hub)
            except Fenced:
                log.info("batch_taken_by_another_process")
            except INFRASTRUCTURE as error:
                log.warning("batch_interrupted", error=type(error).__name__)
                await asyncio.sleep(1)
            if not worked:
                await asyncio.sleep(IDLE_SECONDS)

    async def _give_up_broken_off(self, hub: Process) -> None:
        if monotonic() < self._tidy_at:
            return
        async with hub.database.writing() as connection:
            await batch_repository.fail_broken_off(connection, BROKEN_OFF_HOURS)
        self._tidy_at = monotonic() + TIDY_SECONDS

    async def work(self, hub: Process) -> bool:
        """Work the oldest open batch off; whether there was one."""
        async with hub.database.writing() as holding:
            batch = await batch_repository.take_open(holding)
            if batch is None:
                return False
            if not batch.numbered:
                await self._stage(hub, batch, holding)
            await self._release(hub, batch, holding)
        return True

    async def _stage(self, hub: Process, batch: Any, holding: AsyncConnection) -> None:
        """Read the spool and keep each row; a row that was kept before a crash is passed over."""
        reading = Reading(batch)
        number = 0
        while True:
            await batch_repository.hold_on(holding)
            async with hub.database.writing() as connection:
                content = await batch_repository.chunk(connection, batch.id, number)
                if content is None:
                    break
                staged = reading.rows_of(spool.opened(content))
                if staged.rows:
                    await batch_repository.stage(connection, batch.id, staged.as_columns())
                if rejected := sum(outcome is not None for outcome in staged.outcomes):
                    await repository.count(connection, refused_today(batch.partner, hub.clock().date()), rejected)
            number += 1
            await asyncio.sleep(0)
        async with hub.database.writing() as connection:
            await batch_repository.number(connection, batch.id)

    async def _release(self, hub: Process, batch: Any, holding: AsyncConnection) -> None:
        cursor = batch.cursor
        while True:
            await batch_repository.hold_on(holding)
            await self._metered(hub)
            async with hub.database.writing() as connection:
                rows = await batch_repository.next_rows(connection, batch.id, cursor, RELEASE)
            if not rows:
                break
            held = _Held(batch, cursor)
            received, refused = self._messages(hub, batch, rows)
            await hub.loop.run(ReleaseBatch(held, rows, received, refused, hub.clock().date()))
            cursor = rows[-1].row
        await self._finish(hub, batch)
        log.info("batch_done", batch=batch.reference)

    async def _finish(self, hub: Process, batch: Any) -> None:
        async with hub.database.writing() as connection:
            counts = await batch_repository.counts(connection, batch.id)
        command = FinishBatch(batch=batch.reference, partner=batch.partner, format=batch.format, **counts)
        message = hub.command(command, batch.reference, message_id=uuid5(batch.id, "done"))
        await hub.loop.run(DoneBatch(batch, message))

    def _messages(self, hub: Process, batch: Any, rows: Sequence[Any]) -> tuple[list[Received], dict[int, Any]]:
        received, refused = [], {}
        for row in rows:
            made = message_of(batch, row, self._partnership, hub)
            if isinstance(made, Message):
                received.append(Received(Raw("file", 0, row.row, None, (), None), made))
            else:
                refused[row.row] = made
        return received, refused

    async def _metered(self, hub: Process) -> None:
        """Bulk waits here while 1,000 released reports are unanswered, so that live ones find short queues."""
        while True:
            async with hub.database.writing() as connection:
                waiting = await repository.tally(connection, "waiting")
            if waiting < UNANSWERED_AT_MOST:
                return
            await asyncio.sleep(METER_SECONDS)


class _Held:
    """A batch's row with the cursor where this process left it."""

    def __init__(self, batch: Any, cursor: int) -> None:
        self.id, self.reference, self.partner, self.cursor = batch.id, batch.reference, batch.partner, cursor


class BatchStatus(BaseModel):
    """What `GET /api/v1/batches/{reference}` answers."""

    batch: str
    status: str
    reason: str | None
    rows: int
    accepted: int
    duplicate: int
    rejected: int
    decided: int
    progress: float
    url: str
    rows_url: str
