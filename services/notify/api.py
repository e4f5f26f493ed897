"""What operations staff ask of notify: deliveries, and where partners' systems listen."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field

from services.access.authentication import operations_only
from services.notify import repository
from services.notify.messages import SetWebhook

PAGE = 100
_LAST = UUID(int=2**128 - 1)

router = APIRouter(prefix="/internal", dependencies=[operations_only()])


class WebhookBody(BaseModel):
    """Where a partner's system listens; the secret is Standard Webhooks' base64."""

    model_config = ConfigDict(extra="forbid")
    url: str | None = Field(None, pattern=r"^https?://[^\s]{1,500}$")
    secret: str | None = Field(None, min_length=24, max_length=200)


@router.get("/notifications")
async def list_notifications(
    request: Request, status: str | None = None, about: str | None = None, before: datetime | None = None
) -> dict[str, Any]:
    """Deliveries, newest first: who by role, which template, how it stands; no address and no words."""
    where = {"status": status, "about": about, "before": before or datetime.max.replace(tzinfo=UTC)}
    async with request.app.state.hub.database.reading(operations="on") as connection:
        items = await repository.listed(connection, where | {"before_id": _LAST, "most": PAGE})
    return {"items": items, "next": items[-1]["created_at"] if len(items) == PAGE else None}


@router.put("/webhooks/{partner}")
async def set_webhook(request: Request, partner: str, body: WebhookBody) -> dict[str, Any]:
    """Name a partner's listening address, or take it away with no url."""
    command = SetWebhook(partner=partner, url=body.url, secret=body.secret)
    made = await request.app.state.hub.handle(command, subject=partner)
    return {"partner": partner, "listening": made is not None}
