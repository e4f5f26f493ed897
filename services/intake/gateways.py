"""The outside world of intake: the duty contact's mail for danger that nobody answered, and triage's explanation."""

from email.message import EmailMessage
from typing import Any

import aiosmtplib
import httpx2

from services.intake.messages import DangerMail, DangerTold
from services.intake.receiving_http import explained
from services.kernel.http import unavailable
from services.kernel.settings import LOOPBACK, Settings
from services.kernel.workers import Job
from services.partnership.models import Partnership

TRIAGE = 2
"""Offset of triage's port."""


class DutyContact:
    """Tells the duty contact by mail, without Kafka; a failure is tried again by the kernel's job worker."""

    def __init__(self, settings: Settings, partnership: Partnership) -> None:
        self._settings, self._partnership = settings, partnership

    async def tell(self, job: Job) -> DangerTold:
        """One mail with a reference and a link. Raises what SMTP raises, so that the job is taken again."""
        told = DangerMail.model_validate_json(job.payload)
        mail = EmailMessage()
        mail["From"], mail["To"] = "hub@hub.invalid", self._partnership.identity.duty_contact
        mail["Subject"] = f"Answer now: {told.reference}"
        mail["Message-ID"] = f"<{job.id}@hub.invalid>"
        mail.set_content(
            "A report of danger now has had no answer for a minute.\n\n"
            f"{self._settings.desk_url}/reports/{told.reference}\n"
        )
        await aiosmtplib.send(mail, hostname=self._settings.smtp_host, port=self._settings.smtp_port, timeout=10)
        return DangerTold(reference=told.reference, status="delivered")


class Triage:
    """Asks triage what it would decide; nothing is stored."""

    def __init__(self, settings: Settings) -> None:
        self._client = httpx2.AsyncClient(base_url=f"http://{LOOPBACK}:{settings.port_base + TRIAGE}", timeout=10)
        self._secret = settings.service_secret.get_secret_value()

    async def explain(self, line: str) -> dict[str, Any]:
        """The decision on one report, as `hub explain` gives it. Raises a 503 problem while triage is away."""
        try:
            headers = {"content-type": "application/x-ndjson", "x-hub-secret": self._secret}
            answer = await self._client.post("/internal/explain", content=line.encode() + b"\n", headers=headers)
            answer.raise_for_status()
        except httpx2.HTTPError as error:
            raise unavailable("Triage cannot be asked just now. Nothing was stored.") from error
        return explained(answer.text)
