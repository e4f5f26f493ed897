"""The five sources of messages; each is consumed in the transaction that handles what it brought."""

import hashlib
from collections import defaultdict
from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.kernel import dead_letters
from services.kernel.envelope import Reader, Received, timer_of
from services.kernel.errors import CommandStillRunning, Fenced, IdempotencyKeyReused

_MOVE = text("""
    UPDATE positions p SET next_offset = v.following
    FROM unnest(CAST(:partitions AS integer[]), CAST(:expected AS bigint[]), CAST(:following AS bigint[]))
         AS v (partition, expected, following)
    WHERE p.topic = :topic AND p.partition = v.partition AND p.next_offset = v.expected
""")
_SET_ASIDE = text("""
    UPDATE timers SET due_at = 'infinity' WHERE message_id = ANY(CAST(:ids AS uuid[])) RETURNING message_id
""")
_FIRED = text("DELETE FROM timers WHERE message_id = ANY(CAST(:ids AS uuid[]))")
_FINISH = text("DELETE FROM jobs WHERE id = ANY(CAST(:ids AS uuid[])) AND lease = :lease RETURNING id")
_TRY_LOCK = text("SELECT pg_try_advisory_xact_lock(:number)")
_FIND_ANSWER = text("""
    SELECT body_hash, status, answer FROM idempotency WHERE caller = :caller AND route = :route AND key = :key
""")
_KEEP_ANSWER = text("""
    INSERT INTO idempotency (caller, route, key, body_hash, status, answer)
    VALUES (:caller, :route, :key, :body_hash, :status, :answer)
""")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one received record: `answer` is the decision's, `reason` why it was buried."""

    received: Received
    answer: Any = None
    reason: str | None = None


class Batch:
    """Messages to handle in one transaction. Subclasses say how they are consumed, and what follows."""

    buries = True
    """Whether a message that cannot be decided becomes a dead letter; a command's caller gets the error instead."""
    uses_inbox = False
    exempt: str | None = None
    """A held key that does not hold this batch: the one that is being replayed."""
    freed: Received | None = None
    """The last record under a key that this batch has freed."""
    unfinished = False
    """Whether another transaction is to follow: a replay takes one for each letter."""

    def __init__(self, name: str, received: Sequence[Received]) -> None:
        self.name, self.received = name, tuple(received)

    async def claim(self, connection: AsyncConnection, received: Sequence[Received]) -> Sequence[Received]:
        """Consume; returns what is still to do. Raises `Fenced` when another was first."""
        raise NotImplementedError

    def withdrawn(self, received: Received, timers: Container[UUID]) -> bool:
        """Whether it is one of these timers, which the batch's own decisions have moved or cancelled."""
        return False

    async def conclude(self, connection: AsyncConnection, outcomes: Sequence[Outcome]) -> None:
        """Last statements of the transaction."""

    async def bury(
        self, connection: AsyncConnection, dead: Sequence[tuple[Received, str]], waiting: Sequence[Received]
    ) -> None:
        """Keep what could not be decided."""
        await dead_letters.bury(connection, dead, waiting)

    def committed(self, received: Sequence[Received]) -> None:
        """Called after the commit of these."""


class RecordBatch(Batch):
    """Records of one topic: their positions move in the transaction; what lies below them is done already."""

    uses_inbox = True

    def __init__(self, topic: str, received: Sequence[Received], positions: dict[int, int]) -> None:
        super().__init__(topic, received)
        self._positions = positions
        # A copy: the consumer may lose a partition, and with it its position, while the batch runs.
        self._expected = {each.raw.partition: positions[each.raw.partition] for each in received}

    async def claim(self, connection: AsyncConnection, received: Sequence[Received]) -> Sequence[Received]:
        """Move the positions from where this consumer believes them to be."""
        following = self._following(received)
        expected = {partition: self._expected[partition] for partition in following}
        moved = await connection.execute(
            _MOVE,
            {
                "topic": self.name,
                "partitions": sorted(following),
                "expected": [expected[partition] for partition in sorted(following)],
                "following": [following[partition] for partition in sorted(following)],
            },
        )
        if moved.rowcount != len(following):
            raise Fenced(self.name)
        return [each for each in received if each.raw.offset >= expected[each.raw.partition]]

    def _following(self, received: Sequence[Received]) -> dict[int, int]:
        following: dict[int, int] = defaultdict(int)
        for each in received:
            partition = each.raw.partition
            following[partition] = max(following[partition], each.raw.offset + 1, self._expected[partition])
        return following

    def committed(self, received: Sequence[Received]) -> None:
        """The consumer's own idea of its positions follows the database's."""
        following = self._following(received)
        self._expected.update(following)
        self._positions.update(
            {partition: offset for partition, offset in following.items() if partition in self._positions}
        )


class TimerBatch(Batch):
    """Timers that are due: a timer that was moved or cancelled meanwhile is not fired."""

    async def claim(self, connection: AsyncConnection, received: Sequence[Received]) -> Sequence[Received]:
        """Set their rows aside; one whose payload cannot be read too: it becomes a dead letter once."""
        return await _set_aside(connection, received)

    def withdrawn(self, received: Received, timers: Container[UUID]) -> bool:
        """A timer that one before it in the round has moved or cancelled is not fired."""
        return timer_of(received.raw) in timers

    async def conclude(self, connection: AsyncConnection, outcomes: Sequence[Outcome]) -> None:
        """Delete the rows of those that were decided."""
        await _delete_fired(connection, outcomes)


async def _set_aside(connection: AsyncConnection, timers: Sequence[Received]) -> Sequence[Received]:
    """Those of the timers that still stand; they are due no more.

    The row of one that dies stays: it may be moved or cancelled before its letter is replayed, as if it were still due.
    """
    wanted = sorted(each.identity for each in timers if each.identity is not None)
    found = set((await connection.execute(_SET_ASIDE, {"ids": wanted})).scalars())
    return [each for each in timers if each.identity in found]


async def _delete_fired(connection: AsyncConnection, outcomes: Sequence[Outcome]) -> None:
    """One that its own decision armed anew has another message's id by now."""
    decided = (outcome.received.identity for outcome in outcomes if outcome.reason is None)
    await connection.execute(_FIRED, {"ids": sorted(each for each in decided if each is not None)})


class ResultBatch(Batch):
    """Results of jobs that one worker did: each counts only while the worker's lease is its job's."""

    def __init__(self, results: Mapping[UUID, Received], lease: UUID) -> None:
        """`results` by their jobs' ids."""
        super().__init__("job result", tuple(results.values()))
        self._jobs, self._lease = {result.identity: job_id for job_id, result in results.items()}, lease

    async def claim(self, connection: AsyncConnection, received: Sequence[Received]) -> Sequence[Received]:
        """Delete the jobs under their lease."""
        ids = sorted(self._jobs[each.identity] for each in received)
        done = set((await connection.execute(_FINISH, {"ids": ids, "lease": self._lease})).scalars())
        return [each for each in received if self._jobs[each.identity] in done]


class ReplayBatch(Batch):
    """Everything under one held key, oldest first, each in a transaction of its own; the key is freed with the last.

    So one that the database refuses is blamed alone. The first that dies again ends the replay. A timer that was moved
    or cancelled since is dropped.
    """

    def __init__(self, key: str, read: Reader, letter: int | None = None) -> None:
        super().__init__("replay", ())
        self.exempt, self._read, self._letter, self._replays = key, read, letter, 0
        self._original: bytes | None = None
        self._taken: tuple[Received, ...] = ()
        self._is_timer = False

    async def claim(self, connection: AsyncConnection, received: Sequence[Received]) -> Sequence[Received]:
        """Take the next row out under the key's lock, and read it again."""
        row = await dead_letters.take(connection, str(self.exempt), self._letter)
        self.freed, self.unfinished = None, row is not None
        self._replays, self._original = (row.replays + 1, row.original) if row else (0, None)
        self._taken = (self._read(dead_letters.raw_of(row)),) if row else ()
        self._is_timer = any(timer_of(each.raw) for each in self._taken)
        return await _set_aside(connection, self._taken) if self._is_timer else self._taken

    async def bury(
        self, connection: AsyncConnection, dead: Sequence[tuple[Received, str]], waiting: Sequence[Received]
    ) -> None:
        """What failed again is kept again, and counted."""
        self.unfinished = False
        await dead_letters.bury(connection, dead, waiting, self._replays, self._original)

    async def conclude(self, connection: AsyncConnection, outcomes: Sequence[Outcome]) -> None:
        """Free the key when nothing is left under it."""
        if self._is_timer:
            await _delete_fired(connection, outcomes)
        if await dead_letters.free_if_empty(connection, str(self.exempt)):
            self.freed, self.unfinished = next(iter(self._taken), None), False


@dataclass(frozen=True, slots=True)
class Replayed:
    """The answer that a command with this idempotency key got the first time."""

    status: int
    body: str


@dataclass(frozen=True, slots=True)
class Idempotency:
    """Who sends which key to which route, with which body; `render` turns an answer into status and JSON text."""

    caller: str
    route: str
    key: str
    body_hash: bytes
    render: Callable[[Any], tuple[int, str]] = field(compare=False)

    @property
    def lock(self) -> int:
        """A 63-bit number for an advisory lock."""
        digest = hashlib.blake2b(f"{self.caller}\n{self.route}\n{self.key}".encode(), digest_size=8).digest()
        return int.from_bytes(digest) >> 1


class CommandBatch(Batch):
    """One HTTP command, with its idempotency row in the same transaction."""

    buries = False

    def __init__(self, received: Received, idempotency: Idempotency | None) -> None:
        super().__init__("command", (received,))
        self._idempotency = idempotency
        self.replayed: Replayed | None = None

    async def claim(self, connection: AsyncConnection, received: Sequence[Received]) -> Sequence[Received]:
        """Find the earlier answer. Raises `IdempotencyKeyReused` or `CommandStillRunning`."""
        known = self._idempotency
        if known is None:
            return received
        if not (await connection.execute(_TRY_LOCK, {"number": known.lock})).scalar_one():
            raise CommandStillRunning
        where = {"caller": known.caller, "route": known.route, "key": known.key}
        row = (await connection.execute(_FIND_ANSWER, where)).one_or_none()
        if row is None:
            return received
        if row.body_hash != known.body_hash:
            raise IdempotencyKeyReused
        self.replayed = Replayed(row.status, row.answer)
        return ()

    async def conclude(self, connection: AsyncConnection, outcomes: Sequence[Outcome]) -> None:
        """Keep the answer under its key."""
        known = self._idempotency
        if known is None or not outcomes:
            return
        status, answer = known.render(outcomes[0].answer)
        row = {"caller": known.caller, "route": known.route, "key": known.key, "body_hash": known.body_hash}
        await connection.execute(_KEEP_ANSWER, row | {"status": status, "answer": answer})
