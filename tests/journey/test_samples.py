"""A sample of what was decided without a person, looked at in a browser: counted, and nothing on its case changes."""

import uuid
from typing import Any

import httpx2
import pytest
from playwright.sync_api import Browser, Page, expect

from services.intake.domain.receiving import report_id
from services.triage.domain.sampling import chosen
from tests.journey.conftest import PHONE, WIDE, sign_in
from tests.journey.steps import ANSWER_SECONDS, DUTY, POLICE, assert_sound, press_key, until
from tests.journey.test_review import decided

pytestmark = pytest.mark.journey
PLAIN = "Fly-tipping by the garages, mattresses and black bags dumped."
PARTNER, SHARE = "police", 0.02


def sample(hub: str) -> dict[str, Any]:
    """A plain report in its case, whose id is one of the share."""
    source = next(name for name in iter(lambda: str(uuid.uuid4()), "") if chosen(report_id(PARTNER, name), SHARE))
    body = {"source_id": source, "description": PLAIN, "category": "noise"}
    posted = httpx2.post(f"{hub}/api/v1/reports", json=body, headers=POLICE, timeout=ANSWER_SECONDS).json()

    def found() -> dict[str, Any] | None:
        got = decided(hub, posted["reference"])
        return got if got and got["decision"] and got["decision"]["case"] else None

    made: dict[str, Any] = until(found, "the case of the sample")
    return made


def case_of(hub: str, receipt: dict[str, Any]) -> dict[str, Any]:
    path = f"/api/v1/cases/{receipt['decision']['case']}"
    found: dict[str, Any] = httpx2.get(hub + path, headers=DUTY, timeout=ANSWER_SECONDS).json()
    return found


def test_a_sample_is_corrected_by_keyboard_and_its_case_stays_as_it_is(page: Page, hub: str) -> None:
    receipt = sample(hub)
    before = case_of(hub, receipt)
    sign_in(page, "helen-strood")
    page.goto(f"/review/{receipt['reference']}")
    expect(page.locator("[data-look]")).to_contain_text("It was decided without a person")
    press_key(page, "2")
    page.select_option("#should", "town-centre")
    page.fill("#sample-reason", "It is the market square.")
    press_key(page, "Control+Enter")
    page.wait_for_url(lambda address: f"review/{receipt['reference']}" not in address)
    page.goto(f"/review/{receipt['reference']}")
    expect(page.locator("#rd")).to_have_text("Decided")
    expect(page.locator("[data-look]")).to_have_count(0)
    assert case_of(hub, receipt) | {"updated_at": None} == before | {"updated_at": None}
    page.goto("/rules/quality")
    expect(page.locator("main")).to_contain_text("samples that somebody looked at were right")


def test_not_right_without_a_reason_is_refused_and_keeps_her_choice(page: Page, hub: str) -> None:
    receipt = sample(hub)
    sign_in(page, "helen-strood")
    page.goto(f"/review/{receipt['reference']}")
    press_key(page, "2")
    page.select_option("#should", "town-centre")
    press_key(page, "Control+Enter")
    expect(page.locator("[role=alert]")).to_contain_text("Say why")
    assert page.input_value("#should") == "town-centre"


@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["wide", "phone"])
def test_a_sample_is_listed_apart_and_its_form_is_accessible(chrome: Browser, hub: str, size: dict[str, int]) -> None:
    receipt = sample(hub)
    context = chrome.new_context(viewport=size, base_url=hub)  # type: ignore[arg-type]
    page = context.new_page()
    sign_in(page, "helen-strood")
    page.goto(f"/review/{receipt['reference']}")
    expect(page.locator(".rv__queue")).to_contain_text("To check")
    press_key(page, "2")
    expect(page.locator("#should")).to_be_visible()
    assert_sound(page, page.url)
    context.close()
