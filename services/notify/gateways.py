"""The outside world: a mail server and partners' systems. Our reference is the same at every attempt."""

from email.message import EmailMessage
from typing import Protocol

import aiosmtplib
import httpx2
from pydantic import BaseModel
from standardwebhooks.webhooks import Webhook

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

    def __init__(self, settings: Settings) -> None:
        self._host, self._port = settings.smtp_host, settings.smtp_port

    async def deliver(self, job: Job) -> DeliveryTried:
        """Try once; 4xx and a server that is away are temporary, 5xx is permanent."""
        delivery = Delivery.model_validate_json(job.payload)
        try:
            await aiosmtplib.send(
                self._mail(delivery, job), hostname=self._host, port=self._port, timeout=TIMEOUT_SECONDS
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
        """Try once; a redirect is not followed and counts as permanent."""
        delivery = Delivery.model_validate_json(job.payload)
        now, identity = self._clock(), f"msg_{delivery.notification_id}"
        headers = {
            "content-type": "application/json",
            "webhook-id": identity,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": Webhook(delivery.secret or "").sign(identity, now, delivery.body),
        }
        try:
            answer = await self._client.post(
                delivery.address, content=delivery.body, headers=headers, timeout=TIMEOUT_SECONDS
            )
        except httpx2.HTTPError as error:
            return _tried(delivery, "technical-failure", type(error).__name__)
        if answer.is_success:
            return _tried(delivery, "delivered")
        again = answer.status_code in RETRIED_STATUSES or answer.status_code >= 500
        return _tried(delivery, "temporary-failure" if again else "permanent-failure", f"http-{answer.status_code}")
