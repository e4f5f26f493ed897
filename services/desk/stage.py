"""Desk's stage: a projection. It loads nothing, since every row is upserted only by a later one."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncConnection

from services.desk import answers_repository, meetings_repository, projection, rules_repository, write_repository
from services.desk.messages import READERS
from services.kernel.decision import Context, Decision, Keys, Message, WorkingSet
from services.partnership.models import Partnership


class DeskStage:
    """Keeps the read model."""

    readers: Mapping[str, Mapping[int, type[BaseModel]]] = READERS

    def __init__(self, partnership: Partnership) -> None:
        self._partnership = partnership

    def keys(self, message: Message) -> Keys:
        """None: nothing is read before it is written."""
        return Keys()

    async def load(self, connection: AsyncConnection, keys: Keys) -> WorkingSet:
        """Nothing."""
        return {}

    def decide(self, state: Mapping[str, Any], message: Message, context: Context) -> Decision:
        """See `projection.project`."""
        return projection.project(state, message, context)

    async def save(self, connection: AsyncConnection, changed: Mapping[str, Any]) -> None:
        """See `save` of the repositories that write the read model."""
        await write_repository.save(connection, changed)
        await rules_repository.save(connection, changed)
        await meetings_repository.save(connection, changed)
        await answers_repository.save(connection, changed)

    async def rules(self, connection: AsyncConnection, state: Mapping[str, Any]) -> Partnership:
        """The partnership as it was read at the start."""
        return self._partnership
