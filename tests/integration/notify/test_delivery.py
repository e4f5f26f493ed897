"""Mail by real SMTP and signed webhooks over real HTTP: what each answer of the other side leads to."""

import json
import uuid
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from standardwebhooks.webhooks import Webhook

from services.kernel.decision import Context, Decision, Message
from tests.integration.conftest import Pipeline, until
from tests.integration.notify.receivers import MailServer, PartnersSystem, mail_server, partners_system

pytestmark = pytest.mark.integration
SECRET = "whsec_c2lnbmluZyBzZWNyZXQgb2YgdGhlIHRlc3Rz"
HOUSING = {"Authorization": "Bearer demo-housing"}
SERGEANT = {"Authorization": "Bearer demo-sergeant"}
OPERATIONS = {"Authorization": "Bearer demo-operations"}
STATUS = "SELECT status, attempts FROM notify.notifications WHERE about = $1 AND channel = $2"


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
    answer = await made.clients["notify"].put(
        "/internal/webhooks/housing", json={"url": partner.url, "secret": SECRET}, headers=OPERATIONS
    )
    assert answer.status_code == 200, answer.text
    yield made
    await made.stop()


NOISE = {"category": "noise", "description": "Loud music at the flats every night."}


async def posted(hub: Pipeline, **changes: str) -> str:
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


def calls_about(partner: PartnersSystem, reference: str) -> list[tuple[dict[str, str], bytes]]:
    return [call for call in partner.calls if reference.encode() in call[1]]


async def test_a_webhook_is_signed_and_says_the_reports_of_its_partner_and_nothing_else(
    hub: Pipeline, partner: PartnersSystem
) -> None:
    reference = await posted(hub)
    await ended(hub, reference, "webhook", "delivered", 1)
    ((headers, body),) = calls_about(partner, reference)
    read: Any = Webhook(SECRET).verify(body, headers)
    assert (read["type"], set(read)) == ("report.routed", {"type", "timestamp", "data"})
    (report,) = read["data"]["reports"]
    assert set(report) == {"reference", "source_id"}


async def test_a_webhook_is_tried_again_under_the_same_id_after_an_error_of_the_partners(
    hub: Pipeline, partner: PartnersSystem
) -> None:
    partner.statuses[:] = [500, 429]
    reference = await posted(hub)
    await ended(hub, reference, "webhook", "delivered", 3)
    calls = calls_about(partner, reference)
    assert len(calls) == 3
    assert len({headers["webhook-id"] for headers, _ in calls}) == 1
    assert len({json.dumps(json.loads(body)) for _, body in calls}) == 1


@pytest.mark.parametrize("status", [400, 302])
async def test_a_webhook_that_is_refused_or_sent_elsewhere_is_given_up_and_said_so(
    hub: Pipeline, partner: PartnersSystem, status: int
) -> None:
    partner.statuses[:] = [status]
    reference = await posted(hub)
    await ended(hub, reference, "webhook", "permanent-failure", 1)
    assert len(calls_about(partner, reference)) == 1


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


async def test_a_mail_that_the_server_puts_off_is_sent_again_under_the_same_message_id(
    hub: Pipeline, post_office: MailServer
) -> None:
    post_office.replies = ("452 later", "452 later")
    case = await mail_of_the_case(hub, await posted(hub))
    await ended(hub, case, "mail", "delivered", 3)
    mails = [mail for mail in post_office.seen if mail["X-Hub-Reference"] == case]
    assert len(mails) == 3
    assert len({mail["Message-ID"] for mail in mails}) == 1
    assert len([mail for mail in post_office.kept if mail["X-Hub-Reference"] == case]) == 1


async def test_a_mail_that_the_server_refuses_for_good_is_given_up_and_said_so(
    hub: Pipeline, post_office: MailServer
) -> None:
    post_office.replies = ("550 nobody here",)
    case = await mail_of_the_case(hub, await posted(hub))
    await ended(hub, case, "mail", "permanent-failure", 1)
    assert not [mail for mail in post_office.kept if mail["X-Hub-Reference"] == case]
    failed = await hub.rows("SELECT value FROM notify.tallies WHERE name = 'failed'")
    assert failed[0]["value"] >= 1


@pytest.fixture
def broken(hub: Pipeline, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Makes triage fail on the report with that source id, as a faulty release would."""
    stage, broken = hub.processes["triage"].stage, set[str]()
    decide = stage.decide

    def failing(state: Any, message: Message, context: Context) -> Decision:
        if getattr(getattr(message.body, "report", None), "source_id", None) in broken:
            raise ZeroDivisionError
        return decide(state, message, context)

    monkeypatch.setattr(stage, "decide", failing)

    def switch(source_id: str) -> None:
        broken.symmetric_difference_update({source_id})

    return switch


async def test_a_dead_letter_shows_on_the_senders_receipt_by_webhook_and_in_the_balance_until_it_is_replayed(
    hub: Pipeline, partner: PartnersSystem, broken: Callable[[str], None]
) -> None:
    source_id = str(uuid.uuid4())
    broken(source_id)
    reference = await posted(hub, source_id=source_id)
    before = await _balance(hub)

    async def status(wanted: str) -> Any:
        found = await hub.clients["intake"].get(f"/api/v1/reports/{reference}", headers=HOUSING)
        return found.json() if found.json()["status"] == wanted else None

    shown = await until(lambda: status("quarantined"), "the receipt to say so")
    assert "mending" in shown["reason"]
    await ended(hub, reference, "webhook", "delivered", 1)
    assert [type_of(call) for call in calls_about(partner, reference)] == ["report.quarantined"]
    balance = await _balance(hub)
    assert (balance["quarantined"], balance["difference"]) == (1, 0)
    assert before["difference"] == 0
    listed = (await hub.clients["triage"].get("/internal/dead-letters", headers=OPERATIONS)).json()["items"]
    (letter,) = [each for each in listed if each["reason"].startswith("decide-raised")]
    path = f"/internal/dead-letters/{letter['id']}/replay"
    await hub.clients["triage"].post(path, json={}, headers=OPERATIONS)
    assert await status("quarantined"), "it died again"
    broken(source_id)
    listed = (await hub.clients["triage"].get("/internal/dead-letters", headers=OPERATIONS)).json()["items"]
    path = f"/internal/dead-letters/{listed[0]['id']}/replay"
    assert (await hub.clients["triage"].post(path, json={}, headers=OPERATIONS)).json()["replayed"] == 1
    shown = await until(lambda: status("routed"), "the receipt to go on")
    assert "mending" not in shown["reason"]
    assert (await _balance(hub))["quarantined"] == 0
    await until(lambda: _told(partner, reference, 2), "both webhooks")
    assert [type_of(call) for call in calls_about(partner, reference)] == ["report.quarantined", "report.routed"]


async def _told(partner: PartnersSystem, reference: str, times: int) -> bool:
    return len(calls_about(partner, reference)) == times


async def _balance(hub: Pipeline) -> dict[str, Any]:
    found: dict[str, Any] = (await hub.clients["intake"].get("/internal/balance", headers=OPERATIONS)).json()
    return found


def type_of(call: tuple[dict[str, str], bytes]) -> str:
    headers, body = call
    read: Any = Webhook(SECRET).verify(body, headers)
    return str(read["type"])


async def test_the_end_of_a_file_is_told_once_with_its_counts(hub: Pipeline, partner: PartnersSystem) -> None:
    good = {"source_id": str(uuid.uuid4()), "category": "noise", "occurred_month": "2021-05"}
    lines = "\n".join(json.dumps(each) for each in (good, good, {"source_id": "no category"}))
    headers = HOUSING | {"content-type": "application/x-ndjson"}
    answer = await hub.clients["intake"].post("/api/v1/batches?format=hub", content=lines, headers=headers)
    batch = answer.json()["batch"]
    await ended(hub, batch, "webhook", "delivered", 1)
    (call,) = calls_about(partner, batch)
    assert type_of(call) == "batch.done"
    counts = {"format": "hub", "rows": 3, "accepted": 1, "duplicate": 1, "rejected": 1}
    assert json.loads(call[1])["data"] == {"batch": batch, "status": "done", **counts}


async def test_a_referral_is_told_to_the_system_of_the_agency_that_sends_it(
    hub: Pipeline, partner: PartnersSystem
) -> None:
    body = {"url": partner.url, "secret": SECRET}
    await hub.clients["notify"].put("/internal/webhooks/police", json=body, headers=OPERATIONS)
    await hub.clients["notify"].put("/internal/webhooks/mall", json=body, headers=OPERATIONS)
    about = {"category": "begging-vagrancy", "description": "The same men begging by the doors every evening."}
    case = await mail_of_the_case(hub, await posted(hub, **about))
    cases = hub.clients["referrals"]
    sent = {
        "panel": "tcig",
        "reason": "The same group is back every evening.",
        "consent": {"status": "given", "basis": "the subject agreed"},
    }
    version = (await cases.get(f"/api/v1/cases/{case}", headers=SERGEANT)).json()["version"]
    answer = await cases.post(
        f"/api/v1/cases/{case}/referrals", json=sent, headers=SERGEANT | {"If-Match": f'"{version}"'}
    )
    assert answer.status_code < 300, answer.text
    reference = answer.json()["reference"]
    await ended(hub, reference, "webhook", "delivered", 1)
    (call,) = calls_about(partner, reference)
    assert type_of(call) == "referral.sent"
    assert json.loads(call[1])["data"]["referral"]["case"] == case
