"""Every query on panels' meetings: agendas, attendance, decisions and actions."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import TextClause, text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.referrals.casefile_repository import named
from services.referrals.domain.meeting_state import (
    Action,
    AgendaItem,
    Due,
    Meeting,
    Minute,
    Stands,
    agenda_key,
    meeting_key,
    minutes_key,
)
from services.referrals.domain.state import Case, Referral

MEETINGS_AT_MOST = 60
# On the agenda of one meeting until its minutes are signed; what was not reached there is due at every later one.
_DUE = """
    r.document->'state'->>'panel' = m.panel AND (
        (r.status = 'accepted'
            AND coalesce(r.document->'state'->>'accepted_at', r.document->'state'->>'sent_at')::timestamptz <= m.at)
        OR (r.status = 'scheduled' AND (r.document->'state'->>'meeting' = m.meeting_id
            OR ((r.document->'state'->>'scheduled_at')::timestamptz <= m.at AND NOT EXISTS (
                SELECT FROM meetings named WHERE named.meeting_id = r.document->'state'->>'meeting'
                    AND named.panel = m.panel AND named.status <> 'signed-off'))))
        OR (r.status = 'in-progress' AND (r.document->'state'->'plan'->>'review_due_at')::timestamptz <= m.at)
        OR r.referral_id IN (SELECT d.referral_id FROM meeting_decisions d WHERE d.meeting_id = m.meeting_id))
"""
_MEETINGS = text("""
    SELECT meeting_id, document FROM meetings WHERE meeting_id = ANY(CAST(:keys AS text[])) ORDER BY meeting_id
    FOR UPDATE
""")
_MINUTES = text("SELECT document FROM meeting_decisions WHERE meeting_id = :id ORDER BY at, decision_id")
_ACTIONS = text("SELECT document FROM meeting_actions WHERE meeting_id = :id ORDER BY at, action_id")
_DUE_REFERRALS = text(f"""
    SELECT r.document FROM meetings m JOIN referrals r ON {_DUE} WHERE m.meeting_id = :id ORDER BY r.reference
""")  # noqa: S608 the part is a constant of this module
_SAVE_MEETINGS = text("""
    INSERT INTO meetings (meeting_id, panel, at, status, visible_to, document)
    SELECT m.id, m.panel, m.at, m.status, string_to_array(m.visible, ','), m.document
    FROM unnest(CAST(:ids AS text[]), CAST(:panels AS text[]), CAST(:times AS timestamptz[]),
        CAST(:statuses AS text[]), CAST(:visible AS text[]), CAST(:documents AS json[]))
        AS m (id, panel, at, status, visible, document)
    ON CONFLICT (meeting_id) DO UPDATE SET status = excluded.status, document = excluded.document
""")
_SAVE_ATTENDANCE = text("""
    INSERT INTO meeting_attendance (meeting_id, agency, status, person)
    SELECT * FROM unnest(CAST(:ids AS text[]), CAST(:agencies AS text[]), CAST(:statuses AS text[]),
        CAST(:people AS text[]))
    ON CONFLICT (meeting_id, agency) DO UPDATE SET status = excluded.status, person = excluded.person
""")
_SAVE_MINUTES = text("""
    INSERT INTO meeting_decisions (decision_id, meeting_id, case_id, referral_id, at, document)
    SELECT * FROM unnest(CAST(:ids AS uuid[]), CAST(:meetings AS text[]), CAST(:cases AS uuid[]),
        CAST(:referrals AS uuid[]), CAST(:times AS timestamptz[]), CAST(:documents AS json[]))
""")
_SAVE_ACTIONS = text("""
    INSERT INTO meeting_actions (action_id, meeting_id, case_id, at, document)
    SELECT * FROM unnest(CAST(:ids AS uuid[]), CAST(:meetings AS text[]), CAST(:cases AS uuid[]),
        CAST(:times AS timestamptz[]), CAST(:documents AS json[]))
""")
_SAVE_ITEMS = text("""
    INSERT INTO meeting_agenda_items (item_id, meeting_id, case_id, referral_id, reached, title)
    SELECT i.id, i.meeting, i.case_id, i.referral, i.reached, c.document->'state'->>'title'
    FROM unnest(CAST(:ids AS uuid[]), CAST(:meetings AS text[]), CAST(:cases AS uuid[]),
        CAST(:referrals AS uuid[]), CAST(:reached AS boolean[])) AS i (id, meeting, case_id, referral, reached)
    JOIN cases c ON c.case_id = i.case_id
""")
_ONE = text("SELECT document FROM meetings WHERE meeting_id = :id")
_LIST = text("""
    SELECT m.document, (SELECT count(*) FROM meeting_decisions d WHERE d.meeting_id = m.meeting_id) AS decisions,
        (SELECT count(*) FROM meeting_actions a WHERE a.meeting_id = m.meeting_id) AS actions
    FROM meetings m WHERE (CAST(:panel AS text) IS NULL OR m.panel = :panel) ORDER BY m.at DESC LIMIT :most
""")
_AGENDA = text(f"""
    SELECT r.document AS referral, c.document AS case_document, kept.title FROM meetings m
    JOIN referrals r ON CASE WHEN m.status = 'signed-off' THEN r.referral_id IN (
        SELECT i.referral_id FROM meeting_agenda_items i WHERE i.meeting_id = m.meeting_id) ELSE ({_DUE}) END
    LEFT JOIN meeting_agenda_items kept ON kept.meeting_id = m.meeting_id AND kept.referral_id = r.referral_id
    JOIN cases c ON c.case_id = r.case_id WHERE m.meeting_id = :id ORDER BY r.reference
""")  # noqa: S608 the part is a constant of this module
_ACTIONS_OF = text("""
    SELECT a.document, t.status, t.due_at, c.document->'state'->'themes' AS themes
    FROM meeting_actions a JOIN case_tasks t ON t.task_id = a.action_id JOIN cases c ON c.case_id = a.case_id
    WHERE a.meeting_id = :id ORDER BY a.at, a.action_id
""")
_OPEN_BEFORE = text("""
    SELECT a.document, t.status, t.due_at, c.document->'state'->'themes' AS themes
    FROM meetings m JOIN meetings earlier USING (panel)
    JOIN meeting_actions a ON a.meeting_id = earlier.meeting_id JOIN case_tasks t ON t.task_id = a.action_id
    JOIN cases c ON c.case_id = a.case_id
    WHERE m.meeting_id = :id AND earlier.at < m.at AND t.status = 'open' ORDER BY t.due_at NULLS LAST, a.action_id
    LIMIT 200
""")


async def load(connection: AsyncConnection, keys: frozenset[str]) -> dict[str, Any]:
    """The meetings that `keys` name, locked; and what was minuted and is due, where `keys` ask for it."""
    state: dict[str, Any] = {}
    if meetings := named(keys, "meeting:"):
        for row in await connection.execute(_MEETINGS, {"keys": meetings}):
            state[meeting_key(row.meeting_id)] = Meeting.model_validate(row.document)
    for identity in named(keys, "minutes:"):
        minutes = [Minute.model_validate(row.document) for row in await connection.execute(_MINUTES, {"id": identity})]
        actions = [Action.model_validate(row.document) for row in await connection.execute(_ACTIONS, {"id": identity})]
        state[minutes_key(identity)] = (*minutes, *actions)
    for identity in named(keys, "agenda:"):
        rows = await connection.execute(_DUE_REFERRALS, {"id": identity})
        state[agenda_key(identity)] = tuple(Referral.model_validate(row.document) for row in rows)
    return state


def _meeting_columns(meetings: Sequence[Meeting]) -> dict[str, list[Any]]:
    states = [meeting.state for meeting in meetings]
    return {
        "ids": [state.meeting_id for state in states],
        "panels": [state.panel for state in states],
        "times": [state.at for state in states],
        "statuses": [state.status for state in states],
        "visible": [",".join(meeting.visible_to) for meeting in meetings],
        "documents": [meeting.model_dump_json() for meeting in meetings],
    }


def _attendance_columns(meetings: Sequence[Meeting]) -> dict[str, list[Any]]:
    rows = [(meeting.state.meeting_id, each) for meeting in meetings for each in meeting.state.attendance]
    return {
        "ids": [identity for identity, _ in rows],
        "agencies": [each.agency for _, each in rows],
        "statuses": [each.status for _, each in rows],
        "people": [each.person for _, each in rows],
    }


def _minute_columns(minutes: Sequence[Minute]) -> dict[str, list[Any]]:
    return {
        "ids": [each.decision_id for each in minutes],
        "meetings": [each.meeting_id for each in minutes],
        "cases": [each.case_id for each in minutes],
        "referrals": [each.referral_id for each in minutes],
        "times": [each.at for each in minutes],
        "documents": [each.model_dump_json() for each in minutes],
    }


def _action_columns(actions: Sequence[Action]) -> dict[str, list[Any]]:
    return {
        "ids": [each.action_id for each in actions],
        "meetings": [each.meeting_id for each in actions],
        "cases": [each.case_id for each in actions],
        "times": [each.at for each in actions],
        "documents": [each.model_dump_json() for each in actions],
    }


def _item_columns(items: Sequence[AgendaItem]) -> dict[str, list[Any]]:
    return {
        "ids": [each.item_id for each in items],
        "meetings": [each.meeting_id for each in items],
        "cases": [each.case_id for each in items],
        "referrals": [each.referral_id for each in items],
        "reached": [each.reached for each in items],
    }


_WRITES: tuple[tuple[type[Any], TextClause, Callable[[Any], dict[str, list[Any]]]], ...] = (
    (Meeting, _SAVE_MEETINGS, _meeting_columns),
    (Meeting, _SAVE_ATTENDANCE, _attendance_columns),
    (Minute, _SAVE_MINUTES, _minute_columns),
    (Action, _SAVE_ACTIONS, _action_columns),
    (AgendaItem, _SAVE_ITEMS, _item_columns),
)


async def save(connection: AsyncConnection, changed: Mapping[str, Any]) -> None:
    """What changed of them, one statement a table."""
    for kind, statement, columns in _WRITES:
        rows = [value for value in changed.values() if isinstance(value, kind)]
        if rows:
            await connection.execute(statement, columns(rows))


async def meeting(connection: AsyncConnection, identity: str) -> Meeting | None:
    """A meeting, for the members of its panel."""
    document = (await connection.execute(_ONE, {"id": identity})).scalar_one_or_none()
    return None if document is None else Meeting.model_validate(document)


async def meetings(connection: AsyncConnection, panel: str | None) -> list[Meeting]:
    """The panels' meetings that the session may know of, latest first; what it may not see is not counted either."""
    rows = await connection.execute(_LIST, {"panel": panel, "most": MEETINGS_AT_MOST})
    return [counted(Meeting.model_validate(row.document), row.decisions, row.actions) for row in rows]


def counted(found: Meeting, decisions: int, actions: int) -> Meeting:
    """The meeting as if only so much had been minuted: what a reader may see of it."""
    return found.model_copy(
        update={"state": found.state.model_copy(update={"decisions": decisions, "actions": actions})}
    )


async def agenda(connection: AsyncConnection, identity: str) -> list[Due]:
    """The referrals that are due at the meeting and that the session may see; of signed minutes, those that were."""
    return [
        Due(Referral.model_validate(row.referral), Case.model_validate(row.case_document), row.title)
        for row in await connection.execute(_AGENDA, {"id": identity})
    ]


async def minutes(connection: AsyncConnection, identity: str) -> list[Minute]:
    """What was decided, as far as the session may see the cases."""
    return [Minute.model_validate(row.document) for row in await connection.execute(_MINUTES, {"id": identity})]


async def actions(connection: AsyncConnection, identity: str) -> tuple[list[Stands], list[Stands]]:
    """The meeting's actions with how each stands, and those of earlier meetings that are open."""
    own, earlier = [await connection.execute(asked, {"id": identity}) for asked in (_ACTIONS_OF, _OPEN_BEFORE)]
    return _stand(own), _stand(earlier)


def _stand(rows: Iterable[Any]) -> list[Stands]:
    return [
        Stands(Action.model_validate(row.document), row.status, row.due_at, tuple(row.themes or ())) for row in rows
    ]
