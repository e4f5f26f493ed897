"""The form of each route in a real browser: its own fields from the files, errors at them, nothing forgotten."""

import random
from pathlib import Path

import httpx2
import pytest
from playwright.sync_api import Page, expect

from services.partnership.loading import load_partnership
from tests.journey.conftest import sign_in
from tests.journey.forms import fill, press
from tests.journey.steps import assert_sound_on_any_screen, case_of, post_call

pytestmark = pytest.mark.journey
PARTNERSHIP = load_partnership(Path("partnerships/luton"))
ROUTES = [*PARTNERSHIP.panels, *PARTNERSHIP.destinations]
REFUSED = httpx2.codes.UNPROCESSABLE_CONTENT


@pytest.fixture(scope="module")
def case(hub: str) -> str:
    mark = "".join(random.choices("bcdfghklmnprstvw", k=8)).capitalize()
    return case_of(hub, post_call(hub, "Loud music, all night.", place={"text": f"{mark} Road"}))


def test_every_route_asks_for_what_its_file_says(page: Page, case: str) -> None:
    sign_in(page, "helen-strood")
    for route in ROUTES:
        page.goto(f"/cases/{case}/refer?to={route.code}")
        shown = page.locator("[id^=own-]:is(input, select, textarea)")
        expect(shown).to_have_count(len(route.form))
        for each in route.form:
            expect(page.get_by_label(each.name, exact=True)).to_be_visible()


def test_a_refusal_keeps_every_choice_and_stands_at_its_fields(page: Page, case: str) -> None:
    sign_in(page, "helen-strood")
    page.goto(f"/cases/{case}/refer?to=marac")
    form = page.locator("main form").first
    given = {"DASH answers": "31", "Professional judgement": "yes", "Lawful basis": "s.115", "Is the person": "no"}
    for label, value in given.items():
        fill(form, label, value)
    assert press(page, form, "Send the referral") == REFUSED
    for label, value in given.items():
        expect(form.get_by_label(label, exact=False).first).to_have_value(value)
    expect(page.locator("#own-dash-score-error")).to_contain_text("Give a number from 0 to 24.")
    expect(page.locator("#reason-error")).to_contain_text("Say why.")
    expect(page.locator("#consent-error")).to_contain_text("consent")
    page.get_by_role("alert").get_by_role("link", name="DASH answers").click()
    expect(page.locator("#own-dash-score")).to_be_focused()
    for label, value in {"DASH answers": "14", "Why": "Fourteen answers.", "Consent": "given"}.items():
        fill(form, label, value)
    assert press(page, form, "Send the referral") == httpx2.codes.SEE_OTHER
    page.locator("section[aria-labelledby=refs] a[href^='/referrals/marac/']").click()
    expect(page.locator("main")).to_contain_text("DASH answers that were yes")
    expect(page.locator("table.side")).to_contain_text("14")


def test_a_draft_is_changed_by_the_same_form_and_sent(page: Page, case: str) -> None:
    sign_in(page, "helen-strood")
    page.goto(f"/cases/{case}/refer?to=asb-case-review")
    form = page.locator("main form").first
    fill(form, "Qualifying complaints", "3")
    assert press(page, form, "Keep as a draft") == httpx2.codes.SEE_OTHER
    page.locator("section[aria-labelledby=refs] a[href^='/referrals/draft/']").last.click()
    page.get_by_role("link", name="Change it").click()
    form = page.locator("main form").first
    expect(form.get_by_label("Qualifying complaints")).to_have_value("3")
    for label, value in {"Date of the latest": "2025-10-01", "Why": "Three complaints.", "Consent": "given"}.items():
        fill(form, label, value)
    assert press(page, form, "Keep the draft") == httpx2.codes.SEE_OTHER
    page.locator("summary", has_text="Send it").click()
    assert press(page, page.locator("form[action$='/send']"), "Send it") == httpx2.codes.SEE_OTHER
    expect(page.locator("dl.facts")).to_contain_text("Sent")
    expect(page.locator("table.side")).to_contain_text("2025-10-01")


def test_the_form_is_accessible_and_does_not_scroll_sideways(page: Page, case: str) -> None:
    sign_in(page, "helen-strood")
    page.goto(f"/cases/{case}/refer?to=nrm")
    assert_sound_on_any_screen(page, "the form of the NRM")
    assert press(page, page.locator("main form").first, "Send the referral") == REFUSED
    assert_sound_on_any_screen(page, "the form of the NRM, refused")
