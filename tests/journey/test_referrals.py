"""A referral and the ladder in a real browser: rated on its own page, and a step that the law refuses for a child."""

import random
from typing import Any

import httpx2
import pytest
from playwright.sync_api import Page

from tests.journey.conftest import sign_in
from tests.journey.steps import assert_sound_on_any_screen, post_call, routed


def told(hub: str, key: str, path: str, version: int, body: dict[str, Any]) -> dict[str, Any]:
    headers = {"Authorization": f"Bearer {key}", "If-Match": f'"{version}"'}
    answer = httpx2.post(f"{hub}/api/v1/{path}", json=body, headers=headers, timeout=60)
    assert answer.status_code == httpx2.codes.OK, answer.text
    found: dict[str, Any] = answer.json()
    return found


@pytest.fixture(scope="module")
def referred(hub: str) -> tuple[str, str]:
    """A case about a child, referred to MASH: the references of both."""
    # Of this run alone: a hub that runs already would join it to the case of the run before.
    mark = "".join(random.choices("bcdfghklmnprstvw", k=8))
    child = {"id": "p1", "role": "subject", "name": f"Kit {mark}", "date_of_birth": "2011-03-01"}
    words = "Boy of 15 begging at the station doors every day, frightened of the older ones with him."
    call = post_call(hub, words, place={"text": f"{mark} Road"}, people=[child])
    case = routed(hub, call, "safeguarding-children")
    seen = httpx2.get(f"{hub}/api/v1/cases/{case}", headers={"Authorization": "Bearer demo-duty"}, timeout=60).json()
    body = {"panel": "mash", "reason": "A child.", "consent": {"status": "given"}, "under_18": True}
    return case, told(hub, "demo-duty", f"cases/{case}/referrals", seen["version"], body)["reference"]


def test_a_referral_is_rated_on_its_own_page_and_its_clock_says_so(page: Page, referred: tuple[str, str]) -> None:
    _, referral = referred
    sign_in(page, "miriam-lunt")
    page.goto(f"/referrals/mash/{referral}")
    page.get_by_text("Rate", exact=True).first.click()
    page.locator("form[action$='/rate'] select").select_option("amber")
    page.locator("form[action$='/rate'] textarea").fill("First screening.")
    page.locator("form[action$='/rate'] button").click()
    page.wait_for_url("**notice=Saved.")
    assert page.locator("dl.facts").get_by_text("Amber").count() == 1
    assert page.locator("#ledger").get_by_text("Rated Amber, limit 24 h").count() == 1
    assert page.locator("svg.fig").count() == 1


def test_a_notice_for_a_child_is_refused_on_the_page_with_the_section(page: Page, referred: tuple[str, str]) -> None:
    case, _ = referred
    sign_in(page, "helen-strood")
    page.goto(f"/cases/{case}/ladder")
    page.get_by_text("Take a step", exact=True).click()
    page.locator("#instrument").select_option("community-protection-notice")
    page.locator("#step-reason").fill("It goes on.")
    page.get_by_role("button", name="Record the step").click()
    alert = page.get_by_role("alert")
    alert.wait_for()
    assert "2014 Act s.43(1)" in alert.inner_text()
    assert "Nothing was issued" in alert.inner_text()


def test_its_pages_are_accessible_and_do_not_scroll_sideways(page: Page, referred: tuple[str, str]) -> None:
    case, referral = referred
    sign_in(page, "helen-strood")
    for address in (f"/referrals/mash/{referral}", f"/cases/{case}/ladder", f"/cases/{case}/evidence"):
        page.goto(address)
        assert_sound_on_any_screen(page, address)
