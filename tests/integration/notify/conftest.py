"""The hub with a mail server and a partner's system outside it, and what tests ask of them."""

import uuid
from collections.abc import AsyncIterator
from typing import Any

import pytest
from standardwebhooks.webhooks import Webhook

from tests.integration.conftest import Pipeline, until
from tests.integration.notify.receivers import MailServer, PartnersSystem, mail_server, partners_system

SECRET = "whsec_c2lnbmluZyBzZWNyZXQgb2YgdGhlIHRlc3Rz"
HOUSING = {"Authorization": "Bearer demo-housing"}
OPERATIONS = {"Authorization": "Bearer demo-operations"}
STATUS = "SELECT status, attempts FROM notify.notifications WHERE about = $1 AND channel = $2"
Call = tuple[dict[str, str], bytes]


@pytest.fixture(scope="module")
async def post_office() -> AsyncIterator[MailServer]:
    async with mail_server() as made:
        yield made


@pytest.fixture(scope="module")
async def partner() -> AsyncIterator[PartnersSystem]:
    async with partners_system() as made:
        yield made


@pytest.fixture(scope="module")
async def hub(
    module_database: str, kafka_topics: str, post_office: MailServer, partner: PartnersSystem
) -> AsyncIterator[Pipeline]:
    made = Pipeline(module_database, kafka_topics)
    await made.start(smtp_host="127.0.0.1", smtp_port=post_office.port)
    await listens(made, "housing", partner.url)
    yield made
    await made.stop()


async def listens(hub: Pipeline, partner: str, url: str) -> None:
    """From now on the partner's system is told at that address."""
    body = {"url": url, "secret": SECRET}
    answer = await hub.clients["notify"].put(f"/internal/webhooks/{partner}", json=body, headers=OPERATIONS)
    assert answer.status_code == 200, answer.text


NOISE = {"category": "noise", "description": "Loud music at the flats every night."}


async def posted(hub: Pipeline, **changes: Any) -> str:
    sent = {"source_id": str(uuid.uuid4())} | NOISE | changes
    answer = await hub.clients["intake"].post("/api/v1/reports", json=sent, headers=HOUSING)
    assert answer.status_code == 202, answer.text
    return str(answer.json()["reference"])


async def ended(hub: Pipeline, about: str, channel: str, status: str, attempts: int) -> None:
    async def found() -> bool:
        # Waiting retries are spaced by minutes; the test is not, so it brings them forward.
        await hub.rows("UPDATE notify.jobs SET due_at = now() WHERE due_at > now()")
        rows = await hub.rows(STATUS, about, channel)
        return bool(rows) and all((row["status"], row["attempts"]) == (status, attempts) for row in rows)

    await until(found, f"a {channel} that is {status} after {attempts}")


def calls_about(partner: PartnersSystem, reference: str) -> list[Call]:
    return [call for call in partner.calls if reference.encode() in call[1]]


def read_of(call: Call) -> Any:
    """What a webhook says, once its signature is right."""
    headers, body = call
    return Webhook(SECRET).verify(body, headers)


def type_of(call: Call) -> str:
    return str(read_of(call)["type"])


async def mail_of_the_case(hub: Pipeline, reference: str) -> str:
    """The case of a report, once its opening has a mail."""
    query = """
        SELECT c.reference FROM referrals.case_reports l
        JOIN intake.reports r ON r.report_id = l.report_id JOIN referrals.cases c ON c.case_id = l.case_id
        WHERE r.reference = $1
    """

    async def found() -> Any:
        rows = await hub.rows(query, reference)
        return rows and await hub.rows(STATUS, rows[0]["reference"], "mail") and rows[0]["reference"]

    case: str = await until(found, "the case's mail")
    return case
