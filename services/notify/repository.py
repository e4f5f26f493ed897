"""Every query of notify."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.notify.domain.state import CaseLinks, Notification, Webhook

_NOTIFICATIONS = text("""
    SELECT id, document FROM notifications WHERE id = ANY(CAST(:keys AS uuid[])) ORDER BY id FOR UPDATE
""")
_CASES = text("""
    SELECT case_id, document FROM case_links WHERE case_id = ANY(CAST(:keys AS uuid[])) ORDER BY case_id FOR UPDATE
""")
_WEBHOOKS = text("SELECT partner, url, secret FROM webhooks WHERE partner = ANY(CAST(:keys AS text[]))")
_SAVE_NOTIFICATIONS = text("""
    INSERT INTO notifications (id, about, recipient, channel, status, attempts, created_at, document)
    SELECT * FROM unnest(CAST(:ids AS uuid[]), CAST(:about AS text[]), CAST(:recipients AS text[]),
        CAST(:channels AS text[]), CAST(:statuses AS text[]), CAST(:attempts AS integer[]),
        CAST(:created AS timestamptz[]), CAST(:documents AS json[]))
    ON CONFLICT (id) DO UPDATE SET status = excluded.status, attempts = excluded.attempts, document = excluded.document
""")
_SAVE_CASES = text("""
    INSERT INTO case_links (case_id, document)
    SELECT * FROM unnest(CAST(:ids AS uuid[]), CAST(:documents AS json[]))
    ON CONFLICT (case_id) DO UPDATE SET document = excluded.document
""")
_SET_WEBHOOK = text("""
    INSERT INTO webhooks (partner, url, secret) VALUES (:partner, :url, :secret)
    ON CONFLICT (partner) DO UPDATE SET url = excluded.url, secret = excluded.secret
""")
_DROP_WEBHOOK = text("DELETE FROM webhooks WHERE partner = :partner")
_LISTED = text("""
    SELECT id, about, recipient, channel, status, attempts, created_at FROM notifications
    WHERE (CAST(:status AS text) IS NULL OR status = :status)
      AND (CAST(:about AS text) IS NULL OR about = :about)
      AND (created_at, id) < (CAST(:before AS timestamptz), CAST(:before_id AS uuid))
    ORDER BY created_at DESC, id DESC LIMIT :most
""")


_LOADS = (
    ("notification:", _NOTIFICATIONS, lambda row: (row.id, Notification.model_validate(row.document))),
    ("case:", _CASES, lambda row: (row.case_id, CaseLinks.model_validate(row.document))),
    ("webhook:", _WEBHOOKS, lambda row: (row.partner, Webhook(partner=row.partner, url=row.url, secret=row.secret))),
)


async def load(connection: AsyncConnection, keys: frozenset[str]) -> dict[str, Any]:
    """Notifications, case links and webhooks of a batch, one query a table, locked in order."""
    state: dict[str, Any] = {}
    for prefix, query, read in _LOADS:
        wanted = sorted(key.removeprefix(prefix) for key in keys if key.startswith(prefix))
        if wanted:
            rows = await connection.execute(query, {"keys": wanted})
            state |= {f"{prefix}{name}": value for name, value in map(read, rows)}
    return state


async def save(connection: AsyncConnection, changed: Mapping[str, Any]) -> None:
    """The final value of each changed row, one statement a table."""
    notifications = [value for value in changed.values() if isinstance(value, Notification)]
    if notifications:
        await connection.execute(_SAVE_NOTIFICATIONS, _notification_columns(notifications))
    links = [value for value in changed.values() if isinstance(value, CaseLinks)]
    if links:
        documents = [each.model_dump_json() for each in links]
        await connection.execute(_SAVE_CASES, {"ids": [each.case_id for each in links], "documents": documents})
    for key, value in changed.items():
        if key.startswith("webhook:"):
            await _save_webhook(connection, key.removeprefix("webhook:"), value)


def _notification_columns(notifications: list[Notification]) -> dict[str, list[Any]]:
    states = [each.state for each in notifications]
    return {
        "ids": [state.notification_id for state in states],
        "about": [state.about for state in states],
        "recipients": [state.recipient for state in states],
        "channels": [state.channel for state in states],
        "statuses": [state.status for state in states],
        "attempts": [state.attempts for state in states],
        "created": [each.created_at for each in notifications],
        "documents": [each.model_dump_json() for each in notifications],
    }


async def _save_webhook(connection: AsyncConnection, partner: str, hook: Webhook | None) -> None:
    if hook is None:
        await connection.execute(_DROP_WEBHOOK, {"partner": partner})
    else:
        await connection.execute(_SET_WEBHOOK, hook.model_dump())


async def listed(connection: AsyncConnection, where: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Deliveries, newest first, without addresses or words."""
    return [dict(row) for row in (await connection.execute(_LISTED, dict(where))).mappings()]
