"""Mail by real SMTP and signed webhooks over real HTTP: what each answer of the other side leads to."""

import json
import uuid
from collections.abc import Callable
from typing import Any

import pytest

from services.kernel.decision import Context, Decision, Message
from tests.integration.conftest import Pipeline, until
from tests.integration.notify.conftest import (
    HOUSING,
    OPERATIONS,
    calls_about,
    ended,
    mail_of_the_case,
    posted,
    read_of,
    type_of,
)
from tests.integration.notify.receivers import MailServer, PartnersSystem

pytestmark = pytest.mark.integration


async def test_a_webhook_is_signed_and_says_the_reports_of_its_partner_and_nothing_else(
    hub: Pipeline, partner: PartnersSystem
) -> None:
    reference = await posted(hub)
    await ended(hub, reference, "webhook", "delivered", 1)
    ((headers, body),) = calls_about(partner, reference)
    read = read_of((headers, body))
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
    for wrong in ({"body": "milk, bread"}, {"body": "{}"}, {"field": "/report/channel"}):
        assert (await hub.clients["triage"].post(path, json=wrong, headers=OPERATIONS)).status_code == 422
    unmended = (await hub.clients["triage"].get(path.removesuffix("/replay"), headers=OPERATIONS)).json()
    assert (unmended["mended"], unmended["replays"]) == (False, 0)
    came = await hub.rows("SELECT value FROM triage.dead_letters WHERE id = $1", letter["id"])
    for repair in ({"field": "/report/reference", "value": "R-wrong"}, {"original": True}):
        (number,) = (await hub.clients["triage"].post(path, json=repair, headers=OPERATIONS)).json()["numbers"]
        path = f"/internal/dead-letters/{number}/replay"
    assert await hub.rows("SELECT value FROM triage.dead_letters WHERE id = $1", number) == came
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
