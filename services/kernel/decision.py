"""What a service gives the kernel and gets from it: messages in, a pure decision out."""

from collections.abc import Collection, Iterable, Mapping, MutableMapping
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha1
from typing import Any, ClassVar, Literal, Protocol
from uuid import UUID

from asyncpg.pgproto import pgproto
from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncConnection

Origin = Literal["record", "timer", "replay", "command", "result"]
"""The five sources: a Kafka record, a due timer, a replayed dead letter, an HTTP command, a job's result."""

WorkingSet = MutableMapping[str, Any]
"""Everything a batch may touch, by key such as `case:<uuid>`; values are immutable, absent means not there yet."""


@dataclass(frozen=True, slots=True)
class Message:
    """One thing to decide on, whatever brought it. `subject` is the key that gives its order."""

    id: UUID
    type: str
    subject: str
    body: Any
    time: datetime
    origin: Origin
    correlation_id: UUID
    causation_id: UUID | None = None
    traceparent: str | None = None
    topic: str | None = None


@dataclass(frozen=True, slots=True)
class Keys:
    """What a message's decision may touch: match keys are locked first, sorted; `aggregates` are for `load` alone."""

    match: frozenset[str] = frozenset()
    aggregates: frozenset[str] = frozenset()

    @classmethod
    def union(cls, all_keys: Iterable["Keys"]) -> "Keys":
        """The keys of a whole batch."""
        keys = list(all_keys)
        return cls(frozenset().union(*(k.match for k in keys)), frozenset().union(*(k.aggregates for k in keys)))


def derived_id(cause: UUID, name: str) -> UUID:
    """`uuid5(cause, name)` as the database's driver makes UUIDs: in half the time, and every record needs several."""
    digest = bytearray(sha1(cause.bytes + name.encode(), usedforsecurity=False).digest()[:16])
    digest[6] = digest[6] & 0x0F | 0x50
    digest[8] = digest[8] & 0x3F | 0x80
    return pgproto.UUID(bytes(digest))


@dataclass(frozen=True, slots=True)
class Context:
    """What a decision may know beside its state: the time (UTC), the cause, and the service's active rule set."""

    now: datetime
    cause: UUID
    rules: Any = None

    def derive(self, kind: str, ordinal: int = 0) -> UUID:
        """An id made from the cause, `kind` and `ordinal`: deciding again gives the same one."""
        return derived_id(self.cause, f"{kind}/{ordinal}")


class PublishedBody(Protocol):
    """An event's model: `TYPE` and `VERSION` make its `ce_type`."""

    TYPE: ClassVar[str]
    VERSION: ClassVar[int]


@dataclass(frozen=True, slots=True)
class NewEvent:
    """An event to publish; its id is derived from the cause, its type and its place in the decision."""

    topic: str
    key: str
    body: Any


@dataclass(frozen=True, slots=True)
class NewJob:
    """Work with the outside world, done by a worker after the commit; its result comes back as a message `result_type`.

    `name` tells jobs of one kind in one decision apart; the id is derived from cause, kind and name.
    """

    kind: str
    subject: str
    payload: BaseModel
    name: str = ""
    due_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class NewTimer:
    """A message of type `kind` at `due_at`. One timer per (kind, subject, name): a later one replaces it."""

    kind: str
    subject: str
    due_at: datetime
    payload: BaseModel | None = None
    name: str = ""


@dataclass(frozen=True, slots=True)
class CancelledTimer:
    """The timer of that kind, subject and name is no longer wanted.

    With `may_fire` one that is being fired at this moment is not waited for; what it then decides must be nothing.
    """

    kind: str
    subject: str
    name: str = ""
    may_fire: bool = False


@dataclass(frozen=True, slots=True)
class Decision:
    """What is to become of a message: changed state by key, events, jobs, timers, tallies, and a command's answer."""

    state: Mapping[str, Any] = field(default_factory=dict)
    events: tuple[NewEvent, ...] = ()
    jobs: tuple[NewJob, ...] = ()
    timers: tuple[NewTimer, ...] = ()
    cancelled: tuple[CancelledTimer, ...] = ()
    tallies: Mapping[str, int] = field(default_factory=dict)
    answer: Any = None
    cause: UUID | None = None
    """What the ids of its effects are made from where one of several messages brings it about; else that one's."""


NOTHING = Decision()


def together(first: Decision, second: Decision) -> Decision:
    """Two decisions as one; the answer, and the cause of the effects' ids, are the second's."""
    return Decision(
        state={**first.state, **second.state},
        events=(*first.events, *second.events),
        jobs=(*first.jobs, *second.jobs),
        timers=(*first.timers, *second.timers),
        cancelled=(*first.cancelled, *second.cancelled),
        tallies={**first.tallies, **{name: first.tallies.get(name, 0) + n for name, n in second.tallies.items()}},
        answer=second.answer,
        cause=second.cause,
    )


class Stage(Protocol):
    """The four functions of a service, and the readers of what it consumes.

    `readers`: `ce_type` without version → {version: model}; also command, timer and job-result types, by name with
    version 1 under the key 1. A type that is not named is skipped and counted; a version that is not named is a dead
    letter.
    """

    readers: Mapping[str, Mapping[int, type[BaseModel]]]

    def keys(self, message: Message) -> Keys:
        """Aggregate ids and match keys that the decision may touch. Pure."""

    async def load(self, connection: AsyncConnection, keys: Keys) -> WorkingSet:
        """One query a table for a whole batch; locks the aggregates it loads, sorted (`FOR UPDATE`)."""

    def decide(self, state: Mapping[str, Any], message: Message, context: Context) -> Decision:
        """The decision. Pure: no clock, no random, no I/O. What it raises makes the message a dead letter."""

    async def save(self, connection: AsyncConnection, changed: Mapping[str, Any]) -> None:
        """One statement a table for a whole batch: the final value of each changed key, sorted by key."""

    async def rules(self, connection: AsyncConnection, state: Mapping[str, Any]) -> Any:
        """The active rule set for `context`, read with the batch; its compiled form is cached by id. None if unused.

        `state` is what `load` found for the batch: a stage whose `load` asked which set is active asks no second time.
        """


def touched(collections: Iterable[Collection[str]]) -> list[str]:
    """All keys, once each and sorted: the one order in which locks are taken."""
    return sorted({key for collection in collections for key in collection})
