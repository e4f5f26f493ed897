"""What operations staff ask of notify: deliveries, and where partners' systems listen."""

import binascii
from datetime import UTC, datetime
from typing import Annotated, Any, Self
from uuid import UUID

import httpx2
from fastapi import APIRouter, Request
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError
from standardwebhooks.webhooks import Webhook

from services.access.authentication import operations_only
from services.notify import repository
from services.notify.messages import SetWebhook

PAGE, HIGHEST_PORT = 100, 65535
_LAST = UUID(int=2**128 - 1)

router = APIRouter(prefix="/internal", dependencies=[operations_only()])


def _reachable(url: str) -> str:
    try:
        port = httpx2.URL(url).port
    except httpx2.InvalidURL:
        port = 0
    if port is not None and not 0 < port <= HIGHEST_PORT:
        raise PydanticCustomError("url_unusable", "A url names a host, and a port from 1 to 65535 where it names one.")
    return url


def _signing(secret: str) -> str:
    try:
        Webhook(secret)
    except binascii.Error as error:
        raise PydanticCustomError("secret_unusable", "A secret is base64, with whsec_ before it or not.") from error
    return secret


class WebhookBody(BaseModel):
    """Where a partner's system listens; the secret is Standard Webhooks' base64."""

    model_config = ConfigDict(extra="forbid")
    url: Annotated[str, Field(pattern=r"^https?://[^\s]{1,500}$"), AfterValidator(_reachable)] | None = None
    secret: (
        Annotated[
            str,
            Field(min_length=24, max_length=200, pattern=r"^(whsec_)?[A-Za-z0-9+/]+={0,2}$"),
            AfterValidator(_signing),
        ]
        | None
    ) = None

    @model_validator(mode="after")
    def _signed(self) -> Self:
        if self.url is not None and self.secret is None:
            raise PydanticCustomError("missing@secret", "A url comes with the secret that signs what is sent there.")
        return self


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
