"""A panel's board in a real browser: help beside enforcement, a referral moved from it, on-time figures that open."""

import random
from datetime import UTC, datetime, timedelta

import httpx2
import pytest
from playwright.sync_api import Locator, Page, expect

from tests.journey.conftest import sign_in
from tests.journey.forms import fill, press
from tests.journey.steps import assert_sound, assert_sound_on_any_screen, press_key
from tests.journey.test_meetings import DUTY, accepted, read
from tests.journey.test_referrals import told

PLAN = {"lead_worker": "asha-venn", "plan": "Outreach twice a week."}


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
    told(hub, DUTY, f"referrals/{moved['reference']}/agree-plan", moved["version"], PLAN)
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


def unfold(page: Page, referral: str, step: str) -> Locator:
    """The form of a step in the referral's row, opened: Move, then the step."""
    row = page.locator(f"[id='{referral}']")
    if row.locator("details.bd__move").get_attribute("open") is None:
        row.locator("summary", has_text="Move").first.click()
    found = row.locator("details details", has=page.locator("summary", has_text=step))
    if found.get_attribute("open") is None:
        found.locator("summary").click()
    return found


def test_a_chair_concludes_on_the_board_once_she_has_confirmed_and_nothing_is_forgotten(page: Page, hub: str) -> None:
    _, taken = accepted(hub, "Ended Cole")
    sign_in(page, "ruth-pellow", "/meetings")
    page.goto("/referrals/tcig?view=accepted")
    form = unfold(page, taken["reference"], "Conclude")
    page.evaluate("document.querySelectorAll('form').forEach(each => each.noValidate = true)")
    fill(form, "Outcome", "behaviour-stopped")
    assert press(page, form, "Conclude") == httpx2.codes.UNPROCESSABLE_CONTENT
    form = unfold(page, taken["reference"], "Conclude")
    expect(form).to_contain_text("Tick that it ends the referral.")
    expect(form.get_by_label("Outcome")).to_have_value("behaviour-stopped")
    form.get_by_label("Yes: it ends the referral").check()
    page.evaluate("document.querySelectorAll('form').forEach(each => each.noValidate = true)")
    assert press(page, form, "Conclude") == httpx2.codes.UNPROCESSABLE_CONTENT
    form = unfold(page, taken["reference"], "Conclude")
    expect(form.locator(".govuk-error-message")).to_have_text("Error: Fill this in.")
    expect(form.get_by_label("Outcome")).to_have_value("behaviour-stopped")
    fill(form, "Achieved", "achieved")
    form.get_by_label("Yes: it ends the referral").check()
    assert press(page, form, "Conclude") == httpx2.codes.SEE_OTHER
    page.goto("/referrals/tcig?view=concluded")
    expect(page.locator(f"[id='{taken['reference']}']")).to_contain_text("Behaviour stopped")


def test_who_may_rate_rates_on_the_board_by_keyboard_and_nobody_else_is_offered_it(page: Page, hub: str) -> None:
    case, _ = accepted(hub, "Kit Rated")
    sent = {"panel": "mash", "reason": "A worry.", "consent": {"status": "given"}, "under_18": False}
    mash = told(hub, "demo-sergeant", f"cases/{case}/referrals", read(hub, f"cases/{case}")["version"], sent)[
        "reference"
    ]
    sign_in(page, "helen-strood", "/meetings")
    page.goto("/referrals/mash?view=sent")
    page.locator(f"[id='{mash}'] summary", has_text="Move").first.click()
    expect(page.locator(f"[id='{mash}']")).to_contain_text("Withdraw")
    expect(page.locator(f"[id='{mash}'] summary", has_text="Rate")).to_have_count(0)
    sign_in(page, "miriam-lunt", "/meetings")
    page.goto("/referrals/mash?view=sent")
    expect(page.locator(f"[id='{mash}'] summary", has_text="Withdraw")).to_have_count(0)
    page.locator(f"[id='{mash}'] a").first.focus()
    press_key(page, "v")
    rate = page.locator(f"[id='{mash}'] details details summary", has_text="Rate")
    for _ in range(12):
        if rate.evaluate("each => each === document.activeElement"):
            break
        press_key(page, "Tab")
    press_key(page, "Enter")
    press_key(page, "Tab")
    page.keyboard.type("Amber")
    press_key(page, "Tab")
    page.keyboard.type("Missing twice, no injury seen.")
    press_key(page, "Tab")
    with page.expect_navigation():
        press_key(page, "Enter")
    page.goto("/referrals/mash?view=sent")
    expect(page.locator(f"[id='{mash}']")).to_contain_text("Rated Amber")


def test_a_sender_withdraws_and_a_chair_asks_from_the_board(page: Page, hub: str) -> None:
    _, asked = accepted(hub, "Asked Cole")
    sign_in(page, "colm-ferris", "/meetings")
    page.goto("/referrals/tcig?view=accepted")
    form = unfold(page, asked["reference"], "Ask for information")
    fill(form, "Whom", "the-mall")
    fill(form, "What", "What have your officers seen?")
    assert press(page, form, "Ask for information") == httpx2.codes.SEE_OTHER
    page.goto("/referrals/tcig?view=accepted")
    expect(page.locator(f"[id='{asked['reference']}']")).to_contain_text("to answer")
    sign_in(page, "helen-strood", "/meetings")
    page.goto("/referrals/tcig?view=accepted")
    form = unfold(page, asked["reference"], "Withdraw")
    fill(form, "Code", "moved")
    fill(form, "Why", "He has left the town.")
    form.get_by_label("Yes: it ends the referral").check()
    assert press(page, form, "Withdraw") == httpx2.codes.SEE_OTHER
    page.goto("/referrals/tcig?view=accepted")
    expect(page.locator(f"[id='{asked['reference']}']")).to_have_count(0)


def test_a_move_that_came_too_late_shows_both_sides_and_can_be_saved_on_top(page: Page, hub: str) -> None:
    _, taken = accepted(hub, "Twice Cole")
    sign_in(page, "ruth-pellow", "/meetings")
    page.goto("/referrals/tcig?view=accepted")
    form = unfold(page, taken["reference"], "Conclude")
    question = {"agency": "the-mall", "question": "What have your officers seen of him?"}
    told(hub, DUTY, f"referrals/{taken['reference']}/agree-plan", taken["version"], PLAN)
    current = read(hub, f"referrals/{taken['reference']}")["version"]
    told(hub, DUTY, f"referrals/{taken['reference']}/request-information", current, question)
    for label, value in {"Outcome": "behaviour-stopped", "Achieved": "partly"}.items():
        fill(form, label, value)
    form.get_by_label("Yes: it ends the referral").check()
    assert press(page, form, "Conclude") == httpx2.codes.PRECONDITION_FAILED
    status = page.locator(".conflict__t tr", has_text="Status")
    for said in ("Accepted", "In progress", "Concluded"):
        expect(status).to_contain_text(said)
    expect(page.locator(".conflict__t tr", has_text="Achieved")).to_contain_text("Partly")
    assert_sound(page, "a conflict of the board")
    assert press(page, page.locator(".conflict"), "Save mine on top") == httpx2.codes.SEE_OTHER
    page.goto("/referrals/tcig?view=concluded")
    expect(page.locator(f"[id='{taken['reference']}']")).to_have_count(1)


def test_boards_are_accessible_and_do_not_scroll_sideways(page: Page, planned: tuple[str, str, str]) -> None:
    sign_in(page, "helen-strood", "/meetings")
    for panel in ("tcig", "mash", "gang-panel"):
        page.goto(f"/referrals/{panel}")
        for each in page.locator("main summary").all():
            if each.is_visible():
                each.click()
        assert_sound_on_any_screen(page, panel)
