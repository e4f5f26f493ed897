"""A sign of harm on a case, confirmed or struck out on its page by keyboard, and by HTTP under the same rules."""

import uuid
from typing import Any

import httpx2
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.journey.conftest import PHONE, WIDE, sign_in
from tests.journey.forms import press
from tests.journey.steps import ANSWER_SECONDS, DUTY, assert_sound, case_of, post_call, press_key, until

pytestmark = pytest.mark.journey
WORDS = "Her boyfriend hit her and threatened her with a knife."
"""With the category words and tables are sure, whether or not the second reader is in time."""


def case_with_a_weapon(hub: str) -> str:
    """The case of a report of this run alone whose words tell of a knife."""
    letters = "".join(chr(ord("a") + int(digit, 16)) for digit in uuid.uuid4().hex[:12]).capitalize()
    return case_of(hub, post_call(hub, WORDS, category="domestic-abuse", place={"text": f"Invented {letters}"}))


def command(hub: str, reference: str, name: str, body: dict[str, Any], version: int, key: str = "") -> httpx2.Response:
    headers = DUTY | {"If-Match": f'"{version}"', "Idempotency-Key": key or str(uuid.uuid4())}
    return httpx2.post(f"{hub}/api/v1/cases/{reference}/{name}", json=body, headers=headers, timeout=ANSWER_SECONDS)


def test_a_sign_is_struck_out_by_keyboard_and_the_timeline_says_who_and_why(page: Page, hub: str) -> None:
    reference = case_with_a_weapon(hub)
    sign_in(page, "helen-strood")
    page.goto(f"/cases/{reference}")
    expect(page.locator(".next")).to_contain_text("weapon")
    press_key(page, "s")
    form = page.locator("form", has=page.locator("#sign"))
    form.locator("#sign").select_option("weapon")
    form.locator("#sign-reason").fill("It was a butter knife, on the table.")
    press(page, form, "It is not so: strike out")
    expect(page.locator(".next")).not_to_contain_text("weapon")
    timeline = page.locator(".moj-timeline")
    expect(timeline).to_contain_text("Sign struck out")
    expect(timeline).to_contain_text("It was a butter knife, on the table.")
    expect(timeline).to_contain_text("Helen Strood")


def test_after_a_strike_the_report_is_decided_again_and_the_page_shows_a_lower_risk_and_why(
    page: Page, hub: str
) -> None:
    reference = case_with_a_weapon(hub)
    sign_in(page, "helen-strood")
    page.goto(f"/cases/{reference}")
    before = httpx2.get(f"{hub}/api/v1/cases/{reference}", headers=DUTY, timeout=ANSWER_SECONDS).json()
    assert before["risk"] == "high"
    press_key(page, "s")
    form = page.locator("form", has=page.locator("#sign"))
    expect(form).to_contain_text("decided again")
    form.locator("#sign").select_option("weapon")
    form.locator("#sign-reason").fill("It was a butter knife, on the table.")
    press(page, form, "It is not so: strike out")
    timeline = page.locator(".moj-timeline")

    def decided_again() -> int:
        page.goto(f"/cases/{reference}")
        return timeline.get_by_text("Report decided again").count()

    until(decided_again, "the report to be decided again on the case's timeline")
    expect(timeline).to_contain_text("Risk: high to medium.")
    expect(timeline).to_contain_text("Decided again, since a sign of it was struck out")
    after = httpx2.get(f"{hub}/api/v1/cases/{reference}", headers=DUTY, timeout=ANSWER_SECONDS).json()
    assert (after["risk"], after["lead_agency"], after["status"]) == ("medium", before["lead_agency"], "open")
    assert after["due_at"] > before["due_at"]
    assert [each["type"] for each in after["timeline"]].count("ReportCorrected") == 1


def test_by_http_a_strike_needs_the_version_is_carried_out_once_and_a_danger_stays(hub: str) -> None:
    reference = case_with_a_weapon(hub)
    seen = httpx2.get(f"{hub}/api/v1/cases/{reference}", headers=DUTY, timeout=ANSWER_SECONDS).json()
    assert {"sign": "weapon", "confirmed": True} in seen["signs"]
    body = {"sign": "weapon", "reason": "It was a butter knife."}
    key = str(uuid.uuid4())
    first = command(hub, reference, "strike-sign", body, seen["version"], key)
    again = command(hub, reference, "strike-sign", body, seen["version"], key)
    assert (first.status_code, again.status_code) == (200, 200)
    assert again.headers["Idempotent-Replayed"] == "true"
    stale = command(hub, reference, "strike-sign", body, seen["version"])
    assert (stale.status_code, stale.json()["code"]) == (412, "version-stale")
    now = first.json()["version"]
    gone = command(hub, reference, "confirm-sign", body, now)
    assert (gone.status_code, gone.json()["code"]) == (422, "sign-unknown")
    danger = command(hub, reference, "strike-sign", body | {"sign": "danger-now"}, now)
    assert (danger.status_code, danger.json()["code"]) == (422, "danger-stays")
    assert httpx2.get(f"{hub}/api/v1/cases/{reference}", headers=DUTY, timeout=ANSWER_SECONDS).json()["version"] == now


@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["wide", "phone"])
def test_the_form_of_signs_is_accessible_and_does_not_scroll_sideways(
    chrome: Browser, hub: str, size: dict[str, int]
) -> None:
    reference = case_with_a_weapon(hub)
    context = chrome.new_context(viewport=size, base_url=hub)  # type: ignore[arg-type]
    page = context.new_page()
    sign_in(page, "helen-strood")
    page.goto(f"/cases/{reference}#s")
    expect(page.locator("#sign")).to_be_visible()
    assert_sound(page, page.url)
    context.close()
