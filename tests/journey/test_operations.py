"""What operations staff do: read the balance, find what could not be decided, mend and replay it."""

import asyncio
import json
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx2
import pytest
from aiokafka import AIOKafkaProducer
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from services.kernel.references import reference
from tests.journey.conftest import sign_in
from tests.journey.steps import ANSWER_SECONDS, AXE, until

pytestmark = pytest.mark.journey
EXAMPLE = Path(__file__).parents[2] / "schemas" / "examples" / "ReportReceived.v1" / "minimal.json"
KAFKA = 92


async def _produced(port: int, key: str, body: dict[str, Any], headers: dict[str, str]) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=f"127.0.0.1:{port}")
    await producer.start()
    try:
        sent = [(name, value.encode()) for name, value in headers.items()]
        await producer.send_and_wait("reports-partner", json.dumps(body).encode(), key.encode(), headers=sent)
    finally:
        await producer.stop()


def poison(hub: str) -> str:
    """A report whose channel is a misspelt word, on our own topic; its id."""
    example = json.loads(EXAMPLE.read_text())
    report_id, message_id = str(uuid.uuid4()), str(uuid.uuid4())
    example["report"] |= {
        "report_id": report_id,
        "reference": reference("R", uuid.UUID(report_id)),
        "channel": "secret-carrier",
    }
    headers = {"ce_id": message_id, "ce_type": "ReportReceived.v1", "ce_source": "intake"}
    headers |= {"ce_specversion": "1.0", "ce_time": "2026-01-01T00:00:00Z", "ce_subject": report_id}
    port = int(hub.rpartition(":")[2]) + KAFKA
    with ThreadPoolExecutor(1) as thread:  # the browser's own event loop runs in this one
        thread.submit(asyncio.run, _produced(port, report_id, example, headers)).result()
    return message_id


def test_operations_see_a_balance_that_closes_and_no_case(page: Page) -> None:
    sign_in(page, "nadia-brill", "/ops")
    expect(page.locator(".bal__close dd")).to_have_text("0")
    expect(page.locator(".bal__eq")).to_contain_text("Dead-lettered")
    expect(page.locator("main")).to_contain_text("reports-101")
    expect(page.locator("main")).to_contain_text("Bedfordshire Police records")
    page.goto("/")
    expect(page.locator("main")).to_contain_text("Your role sees no cases")


def test_a_caseworker_may_not_see_the_operations_page(page: Page) -> None:
    sign_in(page, "asha-venn")
    answer = page.goto("/ops")
    assert answer is not None
    assert answer.status == 403


def test_a_poisoned_record_is_shown_masked_mended_in_one_field_and_replayed_under_its_id(page: Page, hub: str) -> None:
    message_id = poison(hub)
    sign_in(page, "nadia-brill", "/ops")
    letters = page.locator("[aria-labelledby=dl] a", has_text="ReportReceived.v1")
    in_triage = page.locator("[aria-labelledby=dl] tr", has_text="in triage").get_by_role("link").last
    until(lambda: page.goto("/ops") and in_triage.count(), "the dead letter of triage")
    # It is no report that intake accepted: the balance counts none, and says of the letters that they are not in it.
    expect(page.locator(".bal__close dd")).to_have_text("0")
    expect(page.locator(".bal__eq div", has_text="Dead-lettered").locator("dd")).to_have_text("0")
    outside = page.locator("[aria-labelledby=dl] tbody tr").count()
    expect(page.locator(".bal__note")).to_contain_text(f"{outside} of the dead letters below hold")
    expect(page.locator(".bal__note")).to_contain_text("not in the balance: foreign records without a report here")
    expect(page.locator("#dl .n")).to_contain_text(f"{outside}, 0 of them an accepted report's")
    in_triage.click()
    expect(page.locator("main")).to_contain_text(message_id)
    expect(page.locator(".dead__b")).to_contain_text('"channel"')
    assert "secret" not in page.locator("main").inner_text()
    found = Axe().run(page, options=AXE)
    assert found.violations_count == 0, found.generate_report()
    address = page.url
    page.get_by_role("button", name="Replay as it is").click()
    expect(page.locator(".strip--said")).to_contain_text("could not be decided again")
    assert letters.count()
    links = [one.get_attribute("href") for one in page.locator("[aria-labelledby=dl] a").all()]
    for link in links:
        page.goto(str(link))
        if message_id in page.locator("main").inner_text():
            address = page.url
            page.locator("summary", has_text="Fix one field").click()
            page.locator("#field").fill("/report/channel")
            page.locator("#value").fill("partner")
            page.get_by_role("button", name="Fix and replay").click()
            expect(page.locator(".strip--said")).to_contain_text("Replayed 1 under the same id")
    answer = page.goto(address)
    assert answer is not None
    assert answer.status == 404


def test_every_number_that_an_operator_needs_stands_in_the_metrics(hub: str) -> None:
    port = int(hub.rpartition(":")[2])
    for name in ("hub_consumer_lag", "hub_outbox_age_seconds", "hub_hop_seconds_bucket", "hub_dead_letters"):
        text = _metrics(port + 2)
        assert f"\n{name}" in text, name


def _metrics(port: int) -> str:
    return httpx2.get(f"http://127.0.0.1:{port}/metrics", timeout=ANSWER_SECONDS).text
