"""The outside world: a mail server and partners' systems. Our reference is the same at every attempt."""

import asyncio
import binascii
import re
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Protocol

import aiosmtplib
import httpx2
from pydantic import BaseModel
from standardwebhooks.webhooks import EmptyWebhookSecretError, Webhook

from schemas.submission import EMAIL
from services.kernel.clock import Clock
from services.kernel.settings import Settings
from services.kernel.workers import Job
from services.notify.messages import Delivery, DeliveryStatus, DeliveryTried

SENDER = "hub@hub.invalid"
TIMEOUT_SECONDS = 15
RETRIED_STATUSES = {429}
"""A webhook is tried again on a network error, 429 or 500 and above only (after GOV.UK Notify's callbacks)."""


class Gateway(Protocol):
    """Delivers one message; every failure that it knows is a result."""

    async def deliver(self, job: Job) -> BaseModel:
        """Try once."""


def _tried(delivery: Delivery, status: DeliveryStatus, reason: str | None = None) -> DeliveryTried:
    return DeliveryTried.model_validate(
        {"notification_id": delivery.notification_id, "status": status, "reason": reason}
    )


class SmtpGateway:
    """Mail by SMTP. `Message-ID` is made from the notification's id, so a second copy can be recognised."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._host, self._port, self._clock = settings.smtp_host, settings.smtp_port, clock

    async def deliver(self, job: Job) -> DeliveryTried:
        """Try once; 4xx and a server that is away are temporary, 5xx and what is no address are permanent."""
        delivery = Delivery.model_validate_json(job.payload)
        if re.fullmatch(EMAIL, delivery.address) is None:
            return _tried(delivery, "permanent-failure", "address-unusable")
        try:
            # The recipient is named: what a header means to a parser may be another mailbox, or several.
            await aiosmtplib.send(
                self._mail(delivery, job),
                recipients=[delivery.address],
                hostname=self._host,
                port=self._port,
                timeout=TIMEOUT_SECONDS,
            )
        except aiosmtplib.SMTPRecipientsRefused as error:
            codes = [refused.code for refused in error.recipients]
            permanent = all(code >= 500 for code in codes)
            return _tried(delivery, "permanent-failure" if permanent else "temporary-failure", "recipient-refused")
        except aiosmtplib.SMTPResponseException as error:
            return _tried(
                delivery, "permanent-failure" if error.code >= 500 else "temporary-failure", f"smtp-{error.code}"
            )
        except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
            return _tried(delivery, "technical-failure", type(error).__name__)
        return _tried(delivery, "delivered")

    def _mail(self, delivery: Delivery, job: Job) -> EmailMessage:
        mail = EmailMessage()
        mail["From"], mail["To"], mail["Subject"] = SENDER, delivery.address, delivery.subject
        mail["Date"] = format_datetime(self._clock())
        mail["Message-ID"] = f"<{delivery.notification_id}@hub.invalid>"
        mail["Auto-Submitted"] = "auto-generated"
        mail["X-Hub-Reference"] = job.subject
        if job.traceparent:
            mail["X-Hub-Trace"] = job.traceparent.split("-")[1]
        mail.set_content(delivery.body)
        return mail


class WebhookGateway:
    """Signed webhooks (Standard Webhooks): `webhook-id` is the notification's id at every attempt."""

    def __init__(self, client: httpx2.AsyncClient, clock: Clock) -> None:
        self._client, self._clock = client, clock

    async def deliver(self, job: Job) -> DeliveryTried:
        """Try once, for `TIMEOUT_SECONDS` in all; a redirect is not followed and counts as permanent."""
        delivery = Delivery.model_validate_json(job.payload)
        now, identity = self._clock(), f"msg_{delivery.notification_id}"
        headers = {
            "content-type": "application/json",
            "webhook-id": identity,
            "webhook-timestamp": str(int(now.timestamp())),
        }
        try:
            headers["webhook-signature"] = Webhook(delivery.secret or "").sign(identity, now, delivery.body)
        except (EmptyWebhookSecretError, binascii.Error):
            return _tried(delivery, "permanent-failure", "secret-unusable")
        try:
            # The client's own timeout is for each read: an answer that drips would never end, so no body is read.
            async with (
                asyncio.timeout(TIMEOUT_SECONDS),
                self._client.stream("POST", delivery.address, content=delivery.body, headers=headers) as answer,
            ):
                return _answered(delivery, answer)
        except httpx2.InvalidURL:
            return _tried(delivery, "permanent-failure", "address-unusable")
        except (httpx2.HTTPError, TimeoutError) as error:
            return _tried(delivery, "technical-failure", type(error).__name__)


def _answered(delivery: Delivery, answer: httpx2.Response) -> DeliveryTried:
    if answer.is_success:
        return _tried(delivery, "delivered")
    again = answer.status_code in RETRIED_STATUSES or answer.status_code >= 500
    return _tried(delivery, "temporary-failure" if again else "permanent-failure", f"http-{answer.status_code}")
