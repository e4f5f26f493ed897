"""What a decision leaves behind beside its state: outbox, jobs, timers and tallies, in one statement."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

from pydantic import BaseModel
from pydantic_core import to_json
from sqlalchemy import TextClause, text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.kernel.decision import (
    CancelledTimer,
    Decision,
    Message,
    NewEvent,
    NewJob,
    NewTimer,
    derived_id,
)
from services.kernel.envelope import headers_of
from services.kernel.errors import EventTooLarge

EVENT_LIMIT = 900_000
"""Bytes of an event's body: below the broker's default of 1 MiB for a batch, with room for headers."""

_TIMERS = UUID("8a3a4c5e-3b0e-4a52-9d4a-6d1b7c1f0e55")

_WRITES = {
    "tally": """
        INSERT INTO tallies (name, value)
        SELECT * FROM unnest(CAST(:tally_names AS text[]), CAST(:tally_amounts AS bigint[]))
        ON CONFLICT (name) DO UPDATE SET value = tallies.value + excluded.value
    """,
    "event": """
        INSERT INTO outbox_messages (topic, key, headers, body)
        SELECT e.topic, e.key, e.headers, e.body
        FROM unnest(CAST(:event_topics AS text[]), CAST(:event_keys AS text[]), CAST(:event_headers AS text[]),
            CAST(:event_bodies AS text[])) WITH ORDINALITY AS e (topic, key, headers, body, place)
        ORDER BY e.place
    """,
    "job": """
        INSERT INTO jobs (id, kind, subject, payload, due_at, correlation_id, causation_id, traceparent)
        SELECT * FROM unnest(CAST(:job_ids AS uuid[]), CAST(:job_kinds AS text[]), CAST(:job_subjects AS text[]),
            CAST(:job_payloads AS text[]), CAST(:job_due AS timestamptz[]), CAST(:job_correlations AS uuid[]),
            CAST(:job_causes AS uuid[]), CAST(:job_traces AS text[]))
        ON CONFLICT (id) DO NOTHING
    """,
    "unfired": """
        DELETE FROM timers WHERE id IN (
            SELECT id FROM timers WHERE id = ANY(CAST(:unfired_ids AS uuid[])) FOR UPDATE SKIP LOCKED
        )
    """,
    "gone": "DELETE FROM timers WHERE id = ANY(CAST(:gone_ids AS uuid[]))",
    "timer": """
        INSERT INTO timers (id, kind, subject, payload, due_at, message_id, correlation_id, causation_id, traceparent)
        SELECT * FROM unnest(CAST(:timer_ids AS uuid[]), CAST(:timer_kinds AS text[]), CAST(:timer_subjects AS text[]),
            CAST(:timer_payloads AS text[]), CAST(:timer_due AS timestamptz[]), CAST(:timer_messages AS uuid[]),
            CAST(:timer_correlations AS uuid[]),
            CAST(:timer_causes AS uuid[]), CAST(:timer_traces AS text[]))
        ON CONFLICT (id) DO UPDATE SET due_at = excluded.due_at, payload = excluded.payload,
            message_id = excluded.message_id, correlation_id = excluded.correlation_id,
            causation_id = excluded.causation_id, traceparent = excluded.traceparent
    """,
}
"""What nobody reads from, PostgreSQL carries out from the last to the first: the tallies stand first because their rows
are the hottest, and so are locked last. Nothing but the waiting of others hangs on it.
"""


@cache
def _writing(*kinds: str) -> TextClause:
    """One statement that writes rows of these kinds: to a message alone each statement more is a tenth of its time."""
    if len(kinds) == 1:
        return text(_WRITES[kinds[0]])
    return text(f"WITH {', '.join(f'{kind} AS ({_WRITES[kind]})' for kind in kinds)} SELECT 1")


@dataclass(frozen=True, slots=True)
class _Caused:
    """Whose doing it is: the ids and trace that every row of an effect carries."""

    correlation: UUID
    cause: UUID
    trace: str | None


@dataclass(slots=True)
class Effects:
    """The effects of a batch, gathered while it is folded and written after its state."""

    service: str
    events: list[tuple[str, str, str, str]] = field(default_factory=list)
    jobs: dict[UUID, tuple[NewJob, datetime, _Caused]] = field(default_factory=dict)
    timers: dict[UUID, tuple[NewTimer, UUID, _Caused] | None] = field(default_factory=dict)
    gone: set[UUID] = field(default_factory=set)
    """Of the timers that are cancelled those that must not fire any more."""
    tallies: dict[str, int] = field(default_factory=dict)

    def add(self, decision: Decision, cause: Message, now: datetime, traceparent: str | None) -> None:
        """Take in one decision. Raises `EventTooLarge` before anything of it is taken."""
        identity = decision.cause or cause.id
        events = [
            self._event(event, place, identity, cause, now, traceparent) for place, event in enumerate(decision.events)
        ]
        caused = _Caused(cause.correlation_id, cause.id, traceparent)
        self.events.extend(events)
        for job in decision.jobs:
            job_id = derived_id(identity, f"job/{job.kind}/{job.name}")
            self.jobs[job_id] = (job, job.due_at or now, caused)
        for gone in decision.cancelled:
            timer_id = self._timer_id(gone)
            self.timers[timer_id] = None
            if not gone.may_fire:
                self.gone.add(timer_id)
        for timer in decision.timers:
            message_id = derived_id(identity, f"timer/{timer.kind}/{timer.subject}/{timer.name}")
            self.timers[self._timer_id(timer)] = (timer, message_id, caused)
        for name, amount in decision.tallies.items():
            self.tallies[name] = self.tallies.get(name, 0) + amount

    def _timer_id(self, timer: NewTimer | CancelledTimer) -> UUID:
        return derived_id(_TIMERS, f"{self.service}/{timer.kind}/{timer.subject}/{timer.name}")

    def _event(
        self, event: NewEvent, place: int, identity: UUID, cause: Message, now: datetime, traceparent: str | None
    ) -> tuple[str, str, str, str]:
        type_ = f"{event.body.TYPE}.v{event.body.VERSION}"
        body = event.body.model_dump_json(exclude_none=True)
        if len(body) > EVENT_LIMIT // 4 and len(body.encode()) > EVENT_LIMIT:
            raise EventTooLarge(type_)
        headers = headers_of(
            message_id=derived_id(identity, f"{type_}/{place}"),
            service=self.service,
            type_=type_,
            time=now,
            subject=event.key,
            cause=cause,
            traceparent=traceparent,
        )
        return event.topic, event.key, to_json(headers).decode(), body

    async def write(self, connection: AsyncConnection) -> None:
        """Write everything in one statement."""
        cancelled = sorted(timer_id for timer_id, armed in self.timers.items() if armed is None)
        written = {
            "tally": self._tally_columns(),
            "event": self._event_columns(),
            "job": self._job_columns(),
            "unfired": {"ids": [timer_id for timer_id in cancelled if timer_id not in self.gone]},
            "gone": {"ids": [timer_id for timer_id in cancelled if timer_id in self.gone]},
            "timer": self._timer_columns(),
        }
        kept = {kind: columns for kind, columns in written.items() if any(columns.values())}
        if kept:
            rows = {f"{kind}_{name}": rows for kind, columns in kept.items() for name, rows in columns.items()}
            await connection.execute(_writing(*kept), rows)

    def _tally_columns(self) -> dict[str, list[Any]]:
        moved = sorted((name, amount) for name, amount in self.tallies.items() if amount)
        return {"names": [name for name, _ in moved], "amounts": [amount for _, amount in moved]}

    def _event_columns(self) -> dict[str, list[Any]]:
        names = ("topics", "keys", "headers", "bodies")
        return {name: [event[place] for event in self.events] for place, name in enumerate(names)}

    def _job_columns(self) -> dict[str, list[Any]]:
        ordered = sorted(self.jobs.items())
        return {
            "ids": [job_id for job_id, _ in ordered],
            "kinds": [job.kind for _, (job, _, _) in ordered],
            "subjects": [job.subject for _, (job, _, _) in ordered],
            "payloads": [job.payload.model_dump_json() for _, (job, _, _) in ordered],
            "due": [due for _, (_, due, _) in ordered],
            **_caused_columns([caused for _, (_, _, caused) in ordered]),
        }

    def _timer_columns(self) -> dict[str, list[Any]]:
        armed = sorted((timer_id, row) for timer_id, row in self.timers.items() if row is not None)
        return {
            "ids": [timer_id for timer_id, _ in armed],
            "kinds": [timer.kind for _, (timer, _, _) in armed],
            "subjects": [timer.subject for _, (timer, _, _) in armed],
            "payloads": [_json(timer.payload) for _, (timer, _, _) in armed],
            "due": [timer.due_at for _, (timer, _, _) in armed],
            "messages": [message_id for _, (_, message_id, _) in armed],
            **_caused_columns([caused for _, (_, _, caused) in armed]),
        }


def _caused_columns(caused: Sequence[_Caused]) -> dict[str, list[Any]]:
    return {
        "correlations": [each.correlation for each in caused],
        "causes": [each.cause for each in caused],
        "traces": [each.trace for each in caused],
    }


def _json(payload: BaseModel | None) -> str:
    return "{}" if payload is None else payload.model_dump_json()
