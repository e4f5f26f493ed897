"""Partners' keys: made once, shown once, kept as an HMAC with a pepper, revoked at once."""

import hmac
import secrets
from collections.abc import Sequence
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from services.access.callers import Caller, caller_of_person
from services.intake import repository
from services.kernel.database import Database
from services.kernel.settings import Settings
from services.partnership.models import Partnership

PREFIX = "hub_"
_BYTES = 32
SCOPES = ("reports", "batches", "calls", "open311", "decisions")
"""What a partner's key may be for."""


def _hash(key: str, settings: Settings) -> bytes:
    return hmac.digest(settings.key_pepper.get_secret_value().encode(), key.encode(), "sha256")


async def create(
    connection: AsyncConnection, settings: Settings, name: str, partner: str, scopes: Sequence[str]
) -> str:
    """A new key of a partner; it is shown this once. Its `name` tells it from the partner's other keys."""
    key = PREFIX + secrets.token_urlsafe(_BYTES)
    await repository.add_key(connection, _hash(key, settings), name, partner, sorted(scopes))
    return key


async def list_(connection: AsyncConnection) -> list[dict[str, Any]]:
    """All keys with partner, scopes and dates; never the keys themselves."""
    return await repository.list_keys(connection)


async def revoke(connection: AsyncConnection, name: str) -> bool:
    """Whether there was a key of that name that could be revoked."""
    return await repository.revoke_key(connection, name)


class Keys:
    """Finds the caller behind a key. A demonstration's keys are known in a demonstration only."""

    def __init__(self, settings: Settings, partnership: Partnership, database: Database) -> None:
        self._settings, self._partnership, self._database = settings, partnership, database

    async def __call__(self, key: str) -> Caller | None:
        """The caller, or None."""
        if self._settings.demonstration and (found := self._demonstration(key)) is not None:
            return found
        async with self._database.writing() as connection:
            row = await repository.find_key(connection, _hash(key, self._settings))
        if row is None:
            return None
        return self._partner(row.partner, frozenset(row.scopes), row.name)

    def _demonstration(self, key: str) -> Caller | None:
        entry = self._partnership.demonstration_key(key)
        if entry is None:
            return None
        scopes = frozenset(entry.scopes)
        if entry.person is not None:
            return caller_of_person(self._partnership.person(entry.person), scopes)
        return self._partner(str(entry.partner), scopes, entry.key)

    def _partner(self, code: str, scopes: frozenset[str], key_name: str) -> Caller:
        partner = self._partnership.partner(code)
        return Caller("partner", key_name, partner.name, partner.agency, frozenset(), scopes, partner=code)
