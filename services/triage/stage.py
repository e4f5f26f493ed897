"""Triage's stage: what the kernel's loop is given."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncConnection

from schemas.events import ReportReceived
from schemas.personal import reveal
from services.kernel.decision import Context, Decision, Keys, Message, WorkingSet
from services.triage import repository
from services.triage.domain import handling
from services.triage.domain.deciding import REPEAT_PLACE, REPEAT_VICTIM, Rules
from services.triage.domain.state import victims_of
from services.triage.messages import READERS, ResolveReview

_KINDS = ("decision", "place", "victim")


class TriageStage:
    """Understands reports."""

    readers: Mapping[str, Mapping[int, type[BaseModel]]] = READERS

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        threshold = rules.partnership.threshold
        self._days = {
            "place": int(threshold(REPEAT_PLACE).within_days or 0),
            "victim": int(threshold(REPEAT_VICTIM).within_days or 0),
        }

    def keys(self, message: Message) -> Keys:
        """The report; and its place and victims, under lock, where it counts towards them."""
        body = message.body
        if isinstance(body, ResolveReview):
            return Keys(aggregates=frozenset({handling.report_key(body.report_id)}))
        own = frozenset({handling.report_key(body.report.report_id)})
        if not isinstance(body, ReportReceived) or body.report.historic:
            return Keys(aggregates=own)
        match = {handling.victim_key(victim) for victim in victims_of(reveal(body.personal))}
        match |= {handling.place_key(body.report.cell)} if body.report.cell else set()
        return Keys(match=frozenset(match), aggregates=own | match)

    async def load(self, connection: AsyncConnection, keys: Keys) -> WorkingSet:
        """See `repository.load`."""
        named = {
            kind: sorted(key.removeprefix(f"{kind}:") for key in keys.aggregates if key.startswith(f"{kind}:"))
            for kind in _KINDS
        }
        return await repository.load(connection, named, self._days)

    def decide(self, state: Mapping[str, Any], message: Message, context: Context) -> Decision:
        """See `handling.handle`."""
        return handling.handle(state, message, context)

    async def save(self, connection: AsyncConnection, changed: Mapping[str, Any]) -> None:
        """See `repository.save`."""
        await repository.save(connection, changed)

    async def rules(self, connection: AsyncConnection) -> Rules:
        """The rule set as it was read at the start."""
        return self._rules
