"""How failures are told apart: the data is wrong, the world is away, or another consumer was first."""

import asyncpg
from aiokafka.errors import KafkaError
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

_DATA_CLASSES = ("22", "23", "54")
"""SQLSTATE classes: data exception, integrity constraint violation, program limit exceeded."""

INFRASTRUCTURE = (
    *(SQLAlchemyError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError),
    *(KafkaError, OSError, TimeoutError),
)
"""What waiting may mend: consume nothing, back off, say so in the health answer. Never a dead letter."""
TROUBLED_POLL = 1.0
"""Seconds until what runs by itself tries again after one of these."""


class Fenced(Exception):
    """Another consumer has moved the position; this one gives the batch up."""


class BadDeploySuspected(Exception):
    """20 distinct keys became dead letters among the last 100 messages: the consumer stopped, nothing more is lost."""


class EventTooLarge(Exception):
    """An event is larger than the broker takes."""


class IdempotencyKeyReused(Exception):
    """The same idempotency key came with another body."""


class CommandStillRunning(Exception):
    """A command with the same idempotency key is being handled right now."""


def sqlstate(error: DBAPIError) -> str:
    """PostgreSQL's five-character code of a database error, empty when it has none (a lost connection)."""
    return getattr(error.orig, "sqlstate", None) or ""


def is_data_error(error: DBAPIError) -> bool:
    """Whether the rows themselves are at fault, so that trying again would fail again."""
    return sqlstate(error).startswith(_DATA_CLASSES)
