"""The one loop: claim, read, lock, load, fold, save, effects, commit; and the one place where failure is decided."""

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from operator import attrgetter
from pathlib import Path
from traceback import extract_tb
from typing import Any, Protocol
from uuid import UUID

import structlog
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from services.kernel import dead_letters, holding
from services.kernel.clock import Clock, utc_now
from services.kernel.database import Database
from services.kernel.decision import Context, Keys, Message, Stage, WorkingSet
from services.kernel.effects import Effects
from services.kernel.envelope import Received
from services.kernel.errors import BadDeploySuspected, is_data_error, sqlstate
from services.kernel.sources import Batch, Outcome
from services.kernel.telemetry import BATCH_SECONDS, HOP_SECONDS, MESSAGES, BatchTrace

_SEE = text("""
    INSERT INTO inbox (id) SELECT unnest(CAST(:ids AS uuid[])) ON CONFLICT DO NOTHING RETURNING id
""")
_ADD_MATCH = text("INSERT INTO match_keys (key) SELECT unnest(CAST(:keys AS text[])) ON CONFLICT DO NOTHING")
_LOCK_MATCH = text("SELECT key FROM match_keys WHERE key = ANY(CAST(:keys AS text[])) ORDER BY key FOR UPDATE")

DEAD_KEYS_AT_MOST = 20
RECENT_MESSAGES = 100
TURN = 20
"""Messages decided before other work of the process has its turn: a live report beside a bulk batch does not wait."""

log = structlog.get_logger()


class Wake(Protocol):
    """Called after each commit that left something to do; `jobs`: whether jobs may be among it."""

    def __call__(self, *, jobs: bool) -> None:
        """Look for it now."""


@dataclass(slots=True)
class _Work:
    """What one transaction gathers while it goes."""

    started: datetime
    effects: Effects
    trace: BatchTrace
    changed: dict[str, Any] = field(default_factory=dict)
    outcomes: list[Outcome] = field(default_factory=list)
    dead: list[tuple[Received, str]] = field(default_factory=list)
    waiting: list[Received] = field(default_factory=list)
    blocked: set[str] = field(default_factory=set)

    def holds(self, received: Received) -> bool:
        """Whether something before it under its key is dead."""
        return bool(self.blocked and received.raw.key and received.held_key in self.blocked)

    def bury(self, received: Received, reason: str) -> None:
        """A message that cannot be decided; its key blocks what comes behind it, and nothing that came before."""
        self.dead.append((received, reason))
        if received.raw.key:
            self.blocked.add(received.held_key)
        self.outcomes.append(Outcome(received, reason=reason))


@dataclass(frozen=True, slots=True)
class _Turn:
    """A record of a batch: what its message may touch, or what is wrong with it."""

    received: Received
    keys: Keys = field(default_factory=Keys)
    fault: str | None = None


def _raised(error: Exception) -> str:
    """Why a message is dead on which a service's own code raised: class and place, nothing of what it holds."""
    last = extract_tb(error.__traceback__)[-1]
    return f"decide-raised: {type(error).__name__} at {Path(last.filename).name}:{last.lineno}"


class Loop:
    """Runs batches of one service. One instance serves all its sources."""

    def __init__(
        self,
        service: str,
        stage: Stage,
        database: Database,
        clock: Clock = utc_now,
        wake: Wake | None = None,
    ) -> None:
        self.service, self.stage, self.database = service, stage, database
        self._clock, self._wake = clock, wake or (lambda *, jobs: None)
        self._recent: deque[str | None] = deque(maxlen=RECENT_MESSAGES)

    async def run(self, batch: Batch) -> list[Outcome]:
        """Handle a batch: everything in one transaction, or divided where the database says that a row is at fault.

        A replay is one transaction after the other, until nothing is left or something died again.

        Raises `Fenced`, `BadDeploySuspected`, a command's own error, or the infrastructure's (nothing was consumed).
        """
        outcomes = await self._divided(batch, batch.received)
        while batch.unfinished:
            outcomes += await self._divided(batch, batch.received)
        return outcomes

    async def _divided(self, batch: Batch, received: Sequence[Received]) -> list[Outcome]:
        try:
            return await self._transact(batch, received, None)
        except DBAPIError as error:
            if not (batch.buries and is_data_error(error)):
                raise
            reason = f"database-refused: {sqlstate(error)}"
        if len(received) <= 1:
            return await self._transact(batch, received, reason)
        middle = len(received) // 2
        first = await self._divided(batch, received[:middle])
        return first + await self._divided(batch, received[middle:])

    async def _transact(self, batch: Batch, received: Sequence[Received], condemned: str | None) -> list[Outcome]:
        started = self._clock()
        work = _Work(started, Effects(self.service), BatchTrace(self.service, batch.name, started))
        async with self.database.writing() as connection:
            claimed = await batch.claim(connection, received)
            todo = await self._fresh(connection, batch, claimed, work)
            if condemned:
                todo = [replace(each, reason=each.reason or condemned) for each in todo]
            decidable = (each.message for each in todo if each.reason is None and not work.holds(each))
            with work.trace.batch([message for message in decidable if message]):
                await self._decide_all(connection, batch, todo, work)
            self._check_deploy(batch, work)
            if work.dead or work.waiting:
                await batch.bury(connection, work.dead, work.waiting)
            await batch.conclude(connection, work.outcomes)
            await self._tell_of_holding(connection, batch, work)
        self._committed(batch, received, work)
        return work.outcomes

    async def _fresh(
        self, connection: AsyncConnection, batch: Batch, claimed: Sequence[Received], work: _Work
    ) -> Sequence[Received]:
        """What is left after unnamed and seen ones; `work` knows then which of their keys are held."""
        known = [each for each in claimed if each.message is not None or each.reason is not None]
        MESSAGES.labels(batch.name, "skipped").inc(len(claimed) - len(known))
        fresh = await self._unseen(connection, batch, known)
        await self._note_held(connection, batch, fresh, work)
        return fresh

    async def _unseen(self, connection: AsyncConnection, batch: Batch, known: Sequence[Received]) -> Sequence[Received]:
        if not batch.uses_inbox:
            return known
        first: dict[UUID, Received] = {}
        for each in known:
            if (identity := each.identity) is not None:
                first.setdefault(identity, each)
        if not first:
            return known
        new = set((await connection.execute(_SEE, {"ids": sorted(first, key=attrgetter("int"))})).scalars())
        MESSAGES.labels(batch.name, "seen-before").inc(len(first) - len(new))
        return [
            each
            for each in known
            if (identity := each.identity) is None or (identity in new and first[identity] is each)
        ]

    async def _note_held(
        self, connection: AsyncConnection, batch: Batch, fresh: Sequence[Received], work: _Work
    ) -> None:
        if not (batch.uses_inbox and fresh):
            return
        work.blocked |= await dead_letters.held_keys(connection, {each.held_key for each in fresh})

    async def _decide_all(
        self, connection: AsyncConnection, batch: Batch, todo: Sequence[Received], work: _Work
    ) -> None:
        """Each in its turn: a record that cannot be read holds what comes behind it, not what came before."""
        turns = [self._turn(batch, each) for each in todo]
        decidable = [turn.keys for turn in turns if turn.fault is None and not work.holds(turn.received)]
        state: WorkingSet = {}
        rules: Any = None
        if decidable:
            keys = Keys.union(decidable)
            await self._lock(connection, keys)
            state = await self.stage.load(connection, keys)
            rules = await self.stage.rules(connection, state)
        for place, turn in enumerate(turns, 1):
            self._fold(batch, work, turn, state, rules)
            if place % TURN == 0:
                await asyncio.sleep(0)
        if work.changed:
            await self.stage.save(connection, dict(sorted(work.changed.items())))
        await work.effects.write(connection)

    async def _tell_of_holding(self, connection: AsyncConnection, batch: Batch, work: _Work) -> None:
        """The stage decides on what its dead letters hold and free, last, on the state that the batch has left."""
        held = [each for each, _ in work.dead] + work.waiting
        told = holding.notices(held, batch.freed, self.stage.readers, work.started)
        if not told:
            return
        keys = Keys.union(map(self.stage.keys, told))
        await self._lock(connection, keys)
        state = await self.stage.load(connection, keys)
        rules, effects = await self.stage.rules(connection, state), Effects(self.service)
        changed: dict[str, Any] = {}
        for message in told:
            decision = self.stage.decide(state, message, Context(work.started, message.id, rules))
            effects.add(decision, message, work.started, work.trace.message(message))
            state.update(decision.state)
            changed.update(decision.state)
        if changed:
            await self.stage.save(connection, dict(sorted(changed.items())))
        await effects.write(connection)

    def _turn(self, batch: Batch, each: Received) -> _Turn:
        """A record with the keys of its message, or with what is wrong with it: it is buried when its turn comes."""
        if each.message is None or each.reason is not None:
            return _Turn(each, fault=each.reason)
        try:
            return _Turn(each, keys=self.stage.keys(each.message))
        except Exception as error:
            if not batch.buries:
                raise
            return _Turn(each, fault=_raised(error))

    async def _lock(self, connection: AsyncConnection, keys: Keys) -> None:
        if keys.match:
            ordered = sorted(keys.match)
            await connection.execute(_ADD_MATCH, {"keys": ordered})
            await connection.execute(_LOCK_MATCH, {"keys": ordered})

    def _fold(self, batch: Batch, work: _Work, turn: _Turn, state: WorkingSet, rules: Any) -> None:
        each, message = turn.received, turn.received.message
        if batch.withdrawn(each, work.effects.timers):
            return
        if work.holds(each):
            work.waiting.append(each)
        elif turn.fault is not None:
            work.bury(each, turn.fault)
        elif message is not None:
            self._decided(batch, work, each, message, state, rules)

    def _decided(
        self, batch: Batch, work: _Work, each: Received, message: Message, state: WorkingSet, rules: Any
    ) -> None:
        """Run the service's pure code: what it raises makes a dead letter, with class and place only."""
        try:
            decision = self.stage.decide(state, message, Context(work.started, message.id, rules))
            work.effects.add(decision, message, work.started, work.trace.message(message))
        except Exception as error:
            if not batch.buries:
                raise
            work.bury(each, _raised(error))
            return
        state.update(decision.state)
        work.changed.update(decision.state)
        work.outcomes.append(Outcome(each, answer=decision.answer))

    def _check_deploy(self, batch: Batch, work: _Work) -> None:
        """20 distinct keys dead among the last 100 messages look like a bad deploy, not like bad messages."""
        if not (batch.uses_inbox and work.dead):
            return
        recent = deque(self._recent, maxlen=RECENT_MESSAGES)
        for outcome in work.outcomes:  # at each: a batch is longer than what is looked back on
            recent.append(outcome.received.held_key if outcome.reason else None)
            if outcome.reason and len({key for key in recent if key}) >= DEAD_KEYS_AT_MOST:
                raise BadDeploySuspected(batch.name)

    def _committed(self, batch: Batch, received: Sequence[Received], work: _Work) -> None:
        ended = self._clock()
        batch.committed(received)
        work.trace.end(ended)
        if batch.uses_inbox:
            self._recent.extend(outcome.received.held_key if outcome.reason else None for outcome in work.outcomes)
        BATCH_SECONDS.labels(batch.name).observe((ended - work.started).total_seconds())
        MESSAGES.labels(batch.name, "decided").inc(len(work.outcomes) - len(work.dead))
        MESSAGES.labels(batch.name, "dead").inc(len(work.dead))
        MESSAGES.labels(batch.name, "waiting").inc(len(work.waiting))
        for received_one, reason in work.dead:
            log.error("message_dead", source=batch.name, key=received_one.held_key, reason=reason)
        messages = [outcome.received.message for outcome in work.outcomes if outcome.received.message]
        if messages and batch.uses_inbox:  # a replayed record's age is no hop's time
            HOP_SECONDS.labels(batch.name).observe((ended - messages[-1].time).total_seconds())
        told = bool(work.dead or work.waiting or batch.freed)  # the stage, of what is held: that may make jobs too
        if work.effects.events or work.effects.jobs or work.effects.timers or told:
            self._wake(jobs=told or bool(work.effects.jobs))
