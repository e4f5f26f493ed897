"""Notify's stage: what the kernel's loop is given."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncConnection

from schemas.events import ReportDecided, ReportReceived
from schemas.meeting_events import MeetingEvent
from schemas.receipt_events import BatchDone, ReportQuarantined
from services.kernel.decision import Context, Decision, Keys, Message, WorkingSet
from services.notify import repository
from services.notify.domain import deciding
from services.notify.domain.state import Rules
from services.notify.messages import READERS, DeliveryTried, SetWebhook


class NotifyStage:
    """Tells people. Its rules are the partnership's files."""

    readers: Mapping[str, Mapping[int, type[BaseModel]]] = READERS

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self._partners = frozenset(f"webhook:{partner.code}" for partner in rules.partnership.partners)

    def keys(self, message: Message) -> Keys:
        """The notification, the case, and the partners whose systems listen."""
        body = message.body
        if isinstance(body, DeliveryTried):
            return Keys(aggregates=frozenset({f"notification:{body.notification_id}"}) | self._partners)
        if isinstance(body, SetWebhook):
            return Keys(match=frozenset({f"webhook:{body.partner}"}))
        if isinstance(body, BatchDone):
            return Keys(aggregates=frozenset({f"webhook:{body.partner}"}))
        if isinstance(body, ReportReceived | ReportQuarantined | ReportDecided):
            partner = body.report.partner
            named = partner and not body.report.historic
            return Keys(aggregates=frozenset({f"webhook:{partner}"}) if named else frozenset())
        if isinstance(body, MeetingEvent):
            return Keys()
        return Keys(aggregates=frozenset({f"case:{body.case.case_id}"}) | self._partners)

    async def load(self, connection: AsyncConnection, keys: Keys) -> WorkingSet:
        """See `repository.load`."""
        return await repository.load(connection, keys.aggregates)

    def decide(self, state: Mapping[str, Any], message: Message, context: Context) -> Decision:
        """See `deciding.decide`."""
        return deciding.decide(state, message, context)

    async def save(self, connection: AsyncConnection, changed: Mapping[str, Any]) -> None:
        """See `repository.save`."""
        await repository.save(connection, changed)

    async def rules(self, connection: AsyncConnection, state: Mapping[str, Any]) -> Rules:
        """The partnership as it was read at the start."""
        return self._rules
