"""Triage's stage: what the kernel's loop is given."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncConnection

from schemas.case_life import SignAnswer
from schemas.events import ReportReceived
from schemas.personal import reveal
from services.kernel.decision import Context, Decision, Keys, Message, WorkingSet
from services.kernel.holding import Holding
from services.triage import replay_repository, repository, rule_repository, unread_repository
from services.triage.domain import handling, holding, rule_book, rule_versions, shadow
from services.triage.domain.deciding import Rules
from services.triage.domain.rule_versions import RULE_COMMANDS, RuleCommand, ShipRules
from services.triage.domain.shadow import SHADOW_MESSAGES, ShadowPaged, StartShadow, run_key
from services.triage.domain.state import second_matter
from services.triage.domain.succession import report_key
from services.triage.domain.undoing import before_key
from services.triage.domain.unread import unread_key
from services.triage.keeping import RuleKeeper
from services.triage.messages import (
    READERS,
    CheckSample,
    LinkedReport,
    ReadingLate,
    ResolveReview,
    ReviewUnanswered,
    TextRead,
    UndoReview,
)

RULES = "rules"
FIRST = 1
"""Before this revision nothing of a report can wait for a reading: it is not asked for, a statement less of seven."""
_KINDS = ("decision", "place", "victim")


def rule_keys(body: RuleCommand | StartShadow | ShadowPaged) -> Keys:
    """All versions under one lock, and the one whose documents a command needs; or the shadow run."""
    if isinstance(body, StartShadow):
        return Keys()
    if isinstance(body, ShadowPaged):
        return Keys(aggregates=frozenset({run_key(body.run_id)}))
    number = None if isinstance(body, ShipRules) else body.number
    return Keys(match=frozenset({RULES}), aggregates=frozenset({f"{RULES}:{number or ''}"}))


def report_keys(body: Any) -> Keys:
    """The report, decided or unread; its place and victims where it is decided now, or would be. Or those of a sign."""
    if isinstance(body, (TextRead, ReadingLate, LinkedReport)):
        identity, match = body.report_id, frozenset(body.keys)
    elif isinstance(body, SignAnswer):
        return Keys(aggregates=frozenset(report_key(each.report_id) for each in body.reports))
    else:
        identity, match = body.report.report_id, frozenset()
    if isinstance(body, ReportReceived):
        match = handling.sighting_keys(body.report, reveal(body.personal))
        if body.report.revision == FIRST:
            return Keys(match=match, aggregates=match | {report_key(identity)})
    return Keys(match=match, aggregates=match | {report_key(identity), unread_key(identity)})


class TriageStage:
    """Understands reports."""

    readers: Mapping[str, Mapping[int, type[BaseModel]]] = READERS

    def __init__(self, keeper: RuleKeeper, reading_wait: timedelta | None = None) -> None:
        self._keeper, self.reading_wait = keeper, reading_wait

    def keys(self, message: Message) -> Keys:
        """The report; and its place and victims, under lock, where it counts towards them. All rules under one lock."""
        body = message.body
        if isinstance(body, Holding):
            return Keys()
        if isinstance(body, (*RULE_COMMANDS, *SHADOW_MESSAGES)):
            return rule_keys(body)
        if isinstance(body, ResolveReview):
            named = {body.report_id} | ({second_matter(body.report_id)} if body.action == "split" else set())
            match = frozenset(body.keys)
            return Keys(match=match, aggregates=match | set(map(report_key, named)))
        if isinstance(body, UndoReview):
            return Keys(aggregates=frozenset({report_key(body.report_id), before_key(body.report_id, body.version)}))
        if isinstance(body, (ReviewUnanswered, CheckSample)):
            return Keys(aggregates=frozenset({report_key(body.report_id)}))
        return report_keys(body)

    async def load(self, connection: AsyncConnection, keys: Keys) -> WorkingSet:
        """See `repository.load` and `rule_repository.load`."""
        rules = [key.removeprefix(f"{RULES}:") for key in keys.aggregates if key.startswith(f"{RULES}:")]
        state = await rule_repository.load(connection, (int(number) for number in rules if number)) if rules else {}
        runs = [key.removeprefix("shadow:") for key in keys.aggregates if key.startswith("shadow:")]
        state |= await replay_repository.load_runs(connection, runs) if runs else {}
        unread = [key.removeprefix("unread:") for key in keys.aggregates if key.startswith("unread:")]
        state |= await unread_repository.load(connection, unread) if unread else {}
        state |= await repository.superseded(connection, keys.aggregates)
        named = {
            kind: sorted(key.removeprefix(f"{kind}:") for key in keys.aggregates if key.startswith(f"{kind}:"))
            for kind in _KINDS
        }
        return state | await repository.load(connection, named)

    def decide(self, state: Mapping[str, Any], message: Message, context: Context) -> Decision:
        """See `handling.handle` and `rule_book.decide`."""
        if isinstance(message.body, Holding):
            return holding.told(message.body, context)
        if isinstance(message.body, RULE_COMMANDS):
            return rule_book.decide(
                state, message.body, context, lambda documents: self._keeper.check(documents, context.now)
            )
        if isinstance(message.body, SHADOW_MESSAGES):
            return shadow.decide(state, message.body, context)
        return handling.handle(state, message, context)

    async def save(self, connection: AsyncConnection, changed: Mapping[str, Any]) -> None:
        """See `repository.save` and `rule_repository.save`."""
        await repository.save(connection, changed)
        await unread_repository.save(connection, changed)
        await rule_repository.save(connection, changed)
        await replay_repository.save(connection, changed)

    async def rules(self, connection: AsyncConnection, state: Mapping[str, Any]) -> Rules:
        """The rule set in force, compiled once. And how long a report may wait for its reading here."""
        if rule_versions.IN_FORCE in state:
            rules = await self._keeper.numbered(connection, state[rule_versions.IN_FORCE])
        else:
            rules = await self._keeper.active(connection)
        return replace(rules, reading_wait=self.reading_wait)
