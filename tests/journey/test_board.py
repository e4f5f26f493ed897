"""A panel's board in a real browser: help beside enforcement, a referral moved from it, on-time figures that open."""

import random
from datetime import UTC, datetime, timedelta

import httpx2
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.journey.conftest import PHONE, WIDE, sign_in
from tests.journey.steps import assert_sound
from tests.journey.test_meetings import DUTY, accepted, read
from tests.journey.test_referrals import told


@pytest.fixture(scope="module")
def planned(hub: str) -> tuple[str, str, str]:
    """A meeting of the group, and two referrals that it has taken: one with its case to be worked, one to be moved."""
    at = datetime.now(UTC) + timedelta(hours=2, minutes=random.randrange(600))
    body = {"panel": "tcig", "at": at.isoformat()}
    answer = httpx2.post(f"{hub}/api/v1/meetings", json=body, headers={"Authorization": f"Bearer {DUTY}"}, timeout=60)
    assert answer.status_code == httpx2.codes.OK, answer.text
    case, shown = accepted(hub, "Board " + "".join(random.choices("bcdfghklmnprstvw", k=6)).capitalize())
    offer = {"offered": "other", "answer": "accepted", "note": "A bed for the night."}
    told(hub, DUTY, f"cases/{case}/support", read(hub, f"cases/{case}")["version"], offer)
    _, moved = accepted(hub, "Moved Cole")
    plan = {"lead_worker": "asha-venn", "plan": "Outreach twice a week."}
    told(hub, DUTY, f"referrals/{moved['reference']}/agree-plan", moved["version"], plan)
    return str(answer.json()["meeting_id"]), shown["reference"], moved["reference"]


def test_a_chair_sees_help_beside_enforcement_and_moves_a_referral_with_two_presses(
    page: Page, planned: tuple[str, str, str]
) -> None:
    _, shown, moved = planned
    sign_in(page, "ruth-pellow", "/meetings")
    page.goto("/referrals/tcig?view=accepted")
    assert page.locator(f"[id='{shown}']").count() == 1
    page.goto("/referrals/tcig?view=in-progress")
    row = page.locator(f"[id='{moved}']")
    expect(row).to_contain_text("to review the plan")
    row.locator("summary", has_text="Move").first.click()
    row.get_by_role("button", name="Put on the agenda of").click()
    page.wait_for_url("**notice=**")
    expect(page.get_by_role("status").first).to_contain_text("saved")
    page.goto("/referrals/tcig?view=scheduled")
    expect(page.locator(f"[id='{moved}']")).to_contain_text("to discuss it")


def test_on_time_figures_open_the_referrals_behind_them(page: Page, planned: tuple[str, str, str]) -> None:
    _, shown, _ = planned
    sign_in(page, "ruth-pellow", "/meetings")
    page.goto("/referrals/tcig")
    figures = page.locator(".bd__figs details")
    expect(figures).to_contain_text("closed on time")
    figures.locator("summary").click()
    figures.get_by_role("link", name=shown).click()
    page.wait_for_url(f"**/referrals/tcig/{shown}")


@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["wide", "phone"])
def test_boards_are_accessible_and_do_not_scroll_sideways(
    chrome: Browser, hub: str, planned: tuple[str, str, str], size: dict[str, int]
) -> None:
    context = chrome.new_context(viewport=size, base_url=hub)  # type: ignore[arg-type]
    page = context.new_page()
    sign_in(page, "helen-strood", "/meetings")
    for panel in ("tcig", "mash", "gang-panel"):
        page.goto(f"/referrals/{panel}")
        for each in page.locator("main summary").all():
            if each.is_visible():
                each.click()
        assert_sound(page, panel)
    context.close()
