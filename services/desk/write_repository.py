"""Every statement that writes the read model, and desk's own sessions, drafts and read audit."""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import TextClause, text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.desk.projection import CaseRow, DecisionRow, EventRow, NotificationRow, ReferralRow, ReportRow

_REPORTS = text("""
    INSERT INTO model_reports (report_id, reference, partner, source_id, channel, received_at, revision, historic,
        street, withdrawn, trace_id, facts, personal)
    SELECT * FROM unnest(CAST(:ids AS uuid[]), CAST(:references AS text[]), CAST(:partners AS text[]),
        CAST(:sources AS text[]), CAST(:channels AS text[]), CAST(:received AS timestamptz[]),
        CAST(:revisions AS integer[]), CAST(:historic AS boolean[]), CAST(:streets AS text[]),
        CAST(:withdrawn AS boolean[]), CAST(:traces AS text[]), CAST(:facts AS json[]), CAST(:personal AS json[]))
    ON CONFLICT (report_id) DO UPDATE SET revision = excluded.revision, street = excluded.street,
        withdrawn = excluded.withdrawn, facts = excluded.facts, personal = excluded.personal
    WHERE excluded.revision >= model_reports.revision
""")
_DECISIONS = text("""
    INSERT INTO model_decisions (report_id, reference, version, decided_at, received_at, in_review, historic,
        intelligence, visible_to, decision, because)
    SELECT d.id, d.reference, d.version, d.decided, d.received, d.review, d.historic, d.intelligence,
        string_to_array(d.visible, ','), d.decision, d.because
    FROM unnest(CAST(:ids AS uuid[]), CAST(:references AS text[]), CAST(:versions AS integer[]),
        CAST(:decided AS timestamptz[]), CAST(:received AS timestamptz[]), CAST(:reviews AS boolean[]),
        CAST(:historic AS boolean[]), CAST(:intelligence AS boolean[]), CAST(:visible AS text[]),
        CAST(:decisions AS json[]), CAST(:because AS json[]))
        AS d (id, reference, version, decided, received, review, historic, intelligence, visible, decision, because)
    ON CONFLICT (report_id) DO UPDATE SET version = excluded.version, decided_at = excluded.decided_at,
        in_review = excluded.in_review, intelligence = excluded.intelligence, visible_to = excluded.visible_to,
        decision = excluded.decision, because = excluded.because
    WHERE (excluded.version, excluded.decided_at) >= (model_decisions.version, model_decisions.decided_at)
""")
_CASES = text("""
    INSERT INTO model_cases (case_id, reference, status, lead_agency, owner, themes, risk, priority, due_at, opened_at,
        danger, waiting, street, sequence, version, visible_to, changed_at, state)
    SELECT c.id, c.reference, c.status, c.lead, c.owner, string_to_array(c.themes, ','), c.risk, c.priority,
        coalesce(c.due, 'infinity'), c.opened, c.danger, c.waiting, c.street, c.sequence, c.version,
        string_to_array(c.visible, ','), clock_timestamp(), c.state
    FROM unnest(CAST(:ids AS uuid[]), CAST(:references AS text[]), CAST(:statuses AS text[]), CAST(:leads AS text[]),
        CAST(:owners AS text[]), CAST(:themes AS text[]), CAST(:risks AS text[]), CAST(:priorities AS integer[]),
        CAST(:due AS timestamptz[]), CAST(:opened AS timestamptz[]), CAST(:dangers AS boolean[]),
        CAST(:waiting AS boolean[]), CAST(:streets AS text[]), CAST(:sequences AS integer[]),
        CAST(:versions AS integer[]), CAST(:visible AS text[]), CAST(:states AS json[]))
        AS c (id, reference, status, lead, owner, themes, risk, priority, due, opened, danger, waiting, street,
              sequence, version, visible, state)
    ON CONFLICT (case_id) DO UPDATE SET status = excluded.status, lead_agency = excluded.lead_agency,
        owner = excluded.owner, themes = excluded.themes, risk = excluded.risk, priority = excluded.priority,
        due_at = excluded.due_at, danger = excluded.danger, waiting = excluded.waiting, street = excluded.street,
        sequence = excluded.sequence, version = excluded.version, visible_to = excluded.visible_to,
        changed_at = excluded.changed_at, state = excluded.state
    WHERE excluded.sequence > model_cases.sequence
""")
_EVENTS = text("""
    INSERT INTO model_events (event_id, case_id, sequence, type, at, report_id, trace_id, document)
    SELECT * FROM unnest(CAST(:ids AS uuid[]), CAST(:cases AS uuid[]), CAST(:sequences AS integer[]),
        CAST(:types AS text[]), CAST(:times AS timestamptz[]), CAST(:reports AS uuid[]), CAST(:traces AS text[]),
        CAST(:documents AS json[]))
    ON CONFLICT DO NOTHING
""")
_REFERRALS = text("""
    INSERT INTO model_referrals (referral_id, reference, case_id, panel, status, due_at, sequence, state)
    SELECT * FROM unnest(CAST(:ids AS uuid[]), CAST(:references AS text[]), CAST(:cases AS uuid[]),
        CAST(:panels AS text[]), CAST(:statuses AS text[]), CAST(:due AS timestamptz[]), CAST(:sequences AS integer[]),
        CAST(:states AS json[]))
    ON CONFLICT (referral_id) DO UPDATE SET status = excluded.status, due_at = excluded.due_at,
        sequence = excluded.sequence, state = excluded.state
    WHERE excluded.sequence > model_referrals.sequence
""")
_NOTIFICATIONS = text("""
    INSERT INTO model_notifications (notification_id, about, case_id, at, status, reason, state)
    SELECT * FROM unnest(CAST(:ids AS uuid[]), CAST(:about AS text[]), CAST(:cases AS uuid[]),
        CAST(:times AS timestamptz[]), CAST(:statuses AS text[]), CAST(:reasons AS text[]), CAST(:states AS json[]))
    ON CONFLICT (notification_id) DO UPDATE SET at = excluded.at, status = excluded.status, state = excluded.state
""")
_ADD_SESSION = text("INSERT INTO sessions (token_hash, person, csrf) VALUES (:token_hash, :person, :csrf)")
_FIND_SESSION = text("""
    SELECT person, csrf FROM sessions
    WHERE token_hash = :token_hash AND revoked_at IS NULL AND created_at > now() - interval '12 hours'
""")
_END_SESSION = text("UPDATE sessions SET revoked_at = now() WHERE token_hash = :token_hash")
_NOTE_READING = text("""
    INSERT INTO read_audit (subject, reader, agency, at) VALUES (:subject, :reader, :agency, :at)
""")
_NOTE_READINGS = text("""
    INSERT INTO read_audit (subject, reader, agency, at)
    SELECT s.subject, :reader, :agency, :at FROM unnest(CAST(:subjects AS text[])) AS s (subject)
""")
_KEEP_DRAFT = text("""
    INSERT INTO drafts (person, case_id, words) VALUES (:person, :case_id, :words)
    ON CONFLICT (person, case_id) DO UPDATE SET words = excluded.words, kept_at = now()
""")
_DROP_DRAFT = text("DELETE FROM drafts WHERE person = :person AND case_id = :case_id")
_DRAFT = text("SELECT words FROM drafts WHERE person = :person AND case_id = :case_id")


def _reports(rows: Sequence[ReportRow]) -> dict[str, list[Any]]:
    facts = [row.facts for row in rows]
    return {
        "ids": [each.report_id for each in facts],
        "references": [each.reference for each in facts],
        "partners": [each.partner for each in facts],
        "sources": [each.source_id for each in facts],
        "channels": [each.channel for each in facts],
        "received": [each.received_at for each in facts],
        "revisions": [each.revision for each in facts],
        "historic": [each.historic for each in facts],
        "streets": [each.street for each in facts],
        "withdrawn": [row.withdrawn for row in rows],
        "traces": [row.trace_id for row in rows],
        "facts": [each.model_dump_json(exclude_none=True) for each in facts],
        "personal": [json.dumps(row.personal) for row in rows],
    }


def _decisions(rows: Sequence[DecisionRow]) -> dict[str, list[Any]]:
    return {
        "ids": [row.report_id for row in rows],
        "references": [row.reference for row in rows],
        "versions": [row.version for row in rows],
        "decided": [row.decided_at for row in rows],
        "received": [row.received_at for row in rows],
        "reviews": [row.in_review for row in rows],
        "historic": [row.historic for row in rows],
        "intelligence": [row.intelligence for row in rows],
        "visible": [",".join(row.visible_to) for row in rows],
        "decisions": [row.decision.model_dump_json() for row in rows],
        "because": [json.dumps(row.because) for row in rows],
    }


def _cases(rows: Sequence[CaseRow]) -> dict[str, list[Any]]:
    states = [row.state for row in rows]
    return {
        "ids": [state.case_id for state in states],
        "references": [state.reference for state in states],
        "statuses": [str(state.status) for state in states],
        "leads": [state.lead_agency for state in states],
        "owners": [state.owner for state in states],
        "themes": [",".join(state.themes) for state in states],
        "risks": [state.risk for state in states],
        "priorities": [state.priority for state in states],
        "due": [state.due_at for state in states],
        "opened": [state.opened_at for state in states],
        "dangers": [state.danger_unacknowledged for state in states],
        "waiting": [bool(state.referred_to) for state in states],
        "streets": [state.street for state in states],
        "sequences": [state.sequence for state in states],
        "versions": [state.version for state in states],
        "visible": [",".join(row.visible_to) for row in rows],
        "states": [state.model_dump_json() for state in states],
    }


def _events(rows: Sequence[EventRow]) -> dict[str, list[Any]]:
    return {
        "ids": [row.event_id for row in rows],
        "cases": [row.case_id for row in rows],
        "sequences": [row.sequence for row in rows],
        "types": [row.type for row in rows],
        "times": [row.at for row in rows],
        "reports": [row.report_id for row in rows],
        "traces": [row.trace_id for row in rows],
        "documents": [json.dumps(row.document) for row in rows],
    }


def _referrals(rows: Sequence[ReferralRow]) -> dict[str, list[Any]]:
    states = [row.state for row in rows]
    return {
        "ids": [state.referral_id for state in states],
        "references": [state.reference for state in states],
        "cases": [state.case_id for state in states],
        "panels": [state.panel or state.destination for state in states],
        "statuses": [str(state.status) for state in states],
        "due": [state.due_at for state in states],
        "sequences": [row.sequence for row in rows],
        "states": [state.model_dump_json() for state in states],
    }


def _notifications(rows: Sequence[NotificationRow]) -> dict[str, list[Any]]:
    states = [row.state for row in rows]
    return {
        "ids": [state.notification_id for state in states],
        "about": [state.about for state in states],
        "cases": [state.case_id for state in states],
        "times": [row.at for row in rows],
        "statuses": [state.status for state in states],
        "reasons": [row.reason for row in rows],
        "states": [state.model_dump_json() for state in states],
    }


_WRITES: tuple[tuple[type[Any], TextClause, Callable[[Any], dict[str, list[Any]]]], ...] = (
    (ReportRow, _REPORTS, _reports),
    (DecisionRow, _DECISIONS, _decisions),
    (CaseRow, _CASES, _cases),
    (EventRow, _EVENTS, _events),
    (ReferralRow, _REFERRALS, _referrals),
    (NotificationRow, _NOTIFICATIONS, _notifications),
)


async def save(connection: AsyncConnection, changed: Mapping[str, Any]) -> None:
    """All rows of a batch, one statement a table."""
    for kind, statement, columns in _WRITES:
        rows = [value for value in changed.values() if isinstance(value, kind)]
        if rows:
            await connection.execute(statement, columns(rows))


async def add_session(connection: AsyncConnection, token_hash: bytes, person: str, csrf: str) -> None:
    """Somebody signed in."""
    await connection.execute(_ADD_SESSION, {"token_hash": token_hash, "person": person, "csrf": csrf})


async def find_session(connection: AsyncConnection, token_hash: bytes) -> Any | None:
    """A session that is neither revoked nor older than a working day."""
    return (await connection.execute(_FIND_SESSION, {"token_hash": token_hash})).one_or_none()


async def end_session(connection: AsyncConnection, token_hash: bytes) -> None:
    """Somebody signed out."""
    await connection.execute(_END_SESSION, {"token_hash": token_hash})


async def note_reading(
    connection: AsyncConnection, subject: str, reader: str, agency: str | None, at: datetime
) -> None:
    """Somebody opened a case or a report."""
    await connection.execute(_NOTE_READING, {"subject": subject, "reader": reader, "agency": agency, "at": at})


async def note_readings(
    connection: AsyncConnection, subjects: Sequence[str], reader: str, agency: str | None, at: datetime
) -> None:
    """Somebody opened one page on which words of several cases stand."""
    asked = {"subjects": list(subjects), "reader": reader, "agency": agency, "at": at}
    await connection.execute(_NOTE_READINGS, asked)


async def keep_draft(connection: AsyncConnection, person: str, case_id: UUID, words: str) -> None:
    """A note that is not saved yet; an empty one is dropped."""
    if words:
        await connection.execute(_KEEP_DRAFT, {"person": person, "case_id": case_id, "words": words})
    else:
        await connection.execute(_DROP_DRAFT, {"person": person, "case_id": case_id})


async def draft(connection: AsyncConnection, person: str, case_id: UUID) -> str:
    """The note that this person had begun."""
    found: str | None = (await connection.execute(_DRAFT, {"person": person, "case_id": case_id})).scalar_one_or_none()
    return found or ""
