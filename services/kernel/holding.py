"""A stage that names `KeyHeld` or `KeyFreed` in its readers is told when its dead letters hold a key, and free it.

It decides on them in the transaction that buries or replays, as on any message. What it raised there would undo the
whole batch, so such a decision reads topic and key, and nothing that could be wrong in the record.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from services.kernel.decision import Message, derived_id
from services.kernel.envelope import Received, position_id


class Holding(BaseModel):
    """The `key` of `topic` that it is about."""

    model_config = ConfigDict(frozen=True)
    topic: str
    key: str

    @property
    def key_id(self) -> UUID | None:
        """The key as an id; None where a broken record's key is none."""
        try:
            return UUID(self.key)
        except ValueError:
            return None


class KeyHeld(Holding):
    """A record of `topic` and `key` could not be decided, or waits behind one that could not."""


class KeyFreed(Holding):
    """Everything that was held under `key` of `topic` has been decided."""


HOLDING: dict[str, dict[int, type[BaseModel]]] = {"KeyHeld": {1: KeyHeld}, "KeyFreed": {1: KeyFreed}}
"""What a stage adds to its readers to be told."""


def notices(
    held: Iterable[Received], freed: Received | None, readers: Mapping[str, Any], now: datetime
) -> list[Message]:
    """What the stage is told of a batch: nothing, unless it asked for it. A record without a key holds nothing."""
    found = [_notice(KeyHeld, each, now) for each in held if each.raw.key and "KeyHeld" in readers]
    if freed is not None and "KeyFreed" in readers:
        found.append(_notice(KeyFreed, freed, now))
    return found


def _notice(kind: type[Holding], received: Received, now: datetime) -> Message:
    """Its id is made from the record's, or from its place where it has none: the same record tells the same thing."""
    raw, cause = received.raw, received.message
    cause_id = cause.id if cause else position_id(raw.topic, raw.partition, raw.offset)
    identity = derived_id(cause_id, f"{kind.__name__}/{raw.subject}")
    return Message(
        id=identity,
        type=kind.__name__,
        subject=raw.subject,
        body=kind(topic=raw.topic, key=raw.subject),
        time=now,
        origin="record",
        correlation_id=cause.correlation_id if cause else cause_id,
        causation_id=cause_id,
        traceparent=cause.traceparent if cause else None,
    )
