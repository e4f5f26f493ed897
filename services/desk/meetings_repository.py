"""What desk keeps of panels' meetings: which there are and at which version, so that an open page can be told."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.desk.projection import MeetingRow

_SAVE = text("""
    INSERT INTO model_meetings (meeting_id, panel, at, status, version, visible_to, state)
    SELECT m.id, m.panel, m.at, m.status, m.version, string_to_array(m.visible, ','), m.state
    FROM unnest(CAST(:ids AS text[]), CAST(:panels AS text[]), CAST(:times AS timestamptz[]),
        CAST(:statuses AS text[]), CAST(:versions AS integer[]), CAST(:visible AS text[]), CAST(:states AS json[]))
        AS m (id, panel, at, status, version, visible, state)
    ON CONFLICT (meeting_id) DO UPDATE SET status = excluded.status, version = excluded.version,
        visible_to = excluded.visible_to, state = excluded.state
    WHERE excluded.version > model_meetings.version
""")
_HINT = text("""
    SELECT m.version, m.status, (
        SELECT count(*) FROM model_referrals r
        WHERE r.panel = m.panel AND m.status = 'scheduled' AND NOT r.reference = ANY(CAST(:items AS text[]))
          AND (r.status = 'accepted' OR (r.status = 'scheduled' AND r.state->>'meeting' = m.meeting_id))) AS due
    FROM model_meetings m WHERE m.meeting_id = :id
""")


async def save(connection: AsyncConnection, changed: Mapping[str, Any]) -> None:
    """The meetings of a batch."""
    rows = [value for value in changed.values() if isinstance(value, MeetingRow)]
    if rows:
        states = [row.state for row in rows]
        await connection.execute(
            _SAVE,
            {
                "ids": [state.meeting_id for state in states],
                "panels": [state.panel for state in states],
                "times": [state.at for state in states],
                "statuses": [state.status for state in states],
                "versions": [state.version for state in states],
                "visible": [",".join(row.visible_to) for row in rows],
                "states": [state.model_dump_json() for state in states],
            },
        )


async def hint(connection: AsyncConnection, identity: str, items: Sequence[str]) -> Any | None:
    """Its version and status, and how many referrals are due at it that are none of `items`."""
    return (await connection.execute(_HINT, {"id": identity, "items": list(items)})).one_or_none()
