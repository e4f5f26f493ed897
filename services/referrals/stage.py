"""Referrals' stage: what the kernel's loop is given."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncConnection

from services.kernel.decision import NOTHING, Context, Decision, Keys, Message, WorkingSet
from services.referrals import repository
from services.referrals.domain import commands, meetings, reports, silence, tasks
from services.referrals.domain.casefile_commands import keys_of
from services.referrals.domain.state import Rules, case_key, case_of, link_key, referral_key
from services.referrals.messages import READERS, Command, MeetingCommand, MeetingDue, MinutesDue, TaskDue


class ReferralsStage:
    """Opens and joins cases, and carries their referrals."""

    readers: Mapping[str, Mapping[int, type[BaseModel]]] = READERS

    def __init__(self, rules: Rules) -> None:
        self._rules = rules

    def keys(self, message: Message) -> Keys:
        """The case and referral of a command; the places and people of a report that needs a case."""
        body = message.body
        if isinstance(body, Command | silence.Due):
            named = {case_key(body.case_id)}
            named |= {referral_key(body.referral_id)} if body.referral_id else set()
            extra = keys_of(body) if isinstance(body, Command) else frozenset()
            return Keys(aggregates=frozenset(named) | extra)
        if isinstance(body, MeetingCommand | MeetingDue | MinutesDue):
            return Keys(aggregates=meetings.keys_of(body))
        if isinstance(body, TaskDue):
            return Keys(aggregates=frozenset({case_key(body.case_id)}))
        if body.report.historic:
            return Keys()
        link = link_key(body.report.report_id)
        return Keys(reports.marks_of(body, self._rules.partnership) | {link}, frozenset({link}))

    async def load(self, connection: AsyncConnection, keys: Keys) -> WorkingSet:
        """See `repository.load`."""
        return await repository.load(connection, keys.match, keys.aggregates)

    def decide(self, state: Mapping[str, Any], message: Message, context: Context) -> Decision:
        """The table of contents: each kind of message and what becomes of it."""
        body = message.body
        if isinstance(body, Command):
            return commands.handle(state, body, context)
        if isinstance(body, silence.Due):
            referral = state.get(referral_key(body.referral_id))
            return silence.due(case_of(state, body.case_id), referral, body, context)
        if isinstance(body, MeetingCommand | MeetingDue | MinutesDue):
            return meetings.decide(state, body, context)
        if isinstance(body, TaskDue):
            return tasks.due(state, body, message.type, context)
        return NOTHING if body.report.historic else reports.decided(state, body, context)

    async def save(self, connection: AsyncConnection, changed: Mapping[str, Any]) -> None:
        """See `repository.save`."""
        await repository.save(connection, changed)

    async def rules(self, connection: AsyncConnection, state: Mapping[str, Any]) -> Rules:
        """The partnership as it was read at the start."""
        return self._rules
