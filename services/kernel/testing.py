"""The loop in memory, for unit tests of a stage's pure part; one behaviour suite proves it and the real loop alike."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol
from uuid import UUID, uuid4

from pydantic import BaseModel

from services.kernel.decision import Context, Decision, Keys, Message, NewEvent, NewJob, NewTimer, Origin, derived_id

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


class PureStage(Protocol):
    """The two functions of a stage that touch nothing outside."""

    def keys(self, message: Message) -> Keys:
        """See `Stage.keys`."""

    def decide(self, state: dict[str, Any], message: Message, context: Context) -> Decision:
        """See `Stage.decide`."""


class MemoryLoop:
    """Decides at once, keeps state in a dictionary, events and jobs in lists, and fires timers when time is moved."""

    def __init__(self, stage: Any, rules: Any = None, now: datetime = START) -> None:
        self.stage, self.rules, self.now = stage, rules, now
        self.state: dict[str, Any] = {}
        self.events: list[NewEvent] = []
        self.jobs: list[NewJob] = []
        self.timers: dict[tuple[str, str, str], tuple[NewTimer, UUID]] = {}
        self.tallies: dict[str, int] = {}
        self._seen: set[UUID] = set()

    def send(
        self,
        body: BaseModel,
        subject: str,
        *,
        message_id: UUID | None = None,
        origin: Origin = "record",
        type_: str = "",
    ) -> Any:
        """Decide one message; its answer. A message id that was seen is dropped, as the inbox does."""
        identity = message_id or uuid4()
        if identity in self._seen:
            return None
        self._seen.add(identity)
        name = type_ or getattr(body, "TYPE", type(body).__name__)
        message = Message(identity, name, subject, body, self.now, origin, identity)
        return self._take(self.stage.decide(self.state, message, Context(self.now, identity, self.rules)), identity)

    def _take(self, decision: Decision, cause: UUID) -> Any:
        self.state.update(decision.state)
        self.events.extend(decision.events)
        self.jobs.extend(decision.jobs)
        for gone in decision.cancelled:
            self.timers.pop((gone.kind, gone.subject, gone.name), None)
        for timer in decision.timers:
            fired_id = derived_id(cause, f"timer/{timer.kind}/{timer.subject}/{timer.name}")
            self.timers[timer.kind, timer.subject, timer.name] = (timer, fired_id)
        for name, amount in decision.tallies.items():
            self.tallies[name] = self.tallies.get(name, 0) + amount
        return decision.answer

    def pass_time(self, span: timedelta) -> None:
        """Move the clock and fire what falls due, in order; timers carry their payload or an empty body."""
        until = self.now + span
        while due := sorted((timer.due_at, key) for key, (timer, _) in self.timers.items() if timer.due_at <= until):
            timer, fired_id = self.timers.pop(due[0][1])
            self.now = max(self.now, timer.due_at)
            body = timer.payload or BaseModel()
            self.send(body, timer.subject, message_id=fired_id, origin="timer", type_=timer.kind)
        self.now = until

    def types(self) -> Sequence[str]:
        """The types of all events so far, in order."""
        return [event.body.TYPE for event in self.events]
