"""Golden cases in a real browser: one that fails is named and keeps a draft from being proposed; mended, it passes."""

import re

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.journey.conftest import sign_in
from tests.journey.forms import press
from tests.journey.steps import assert_sound_on_any_screen
from tests.journey.test_review import sent

pytestmark = pytest.mark.journey
NAME = "Mattresses by the garages"
CASE = "A knife outside a door, now"


def in_force(page: Page) -> int:
    sign_in(page, "maya-orchard", "/rules")
    return int(page.locator("tr.is-now a").first.inner_text().removeprefix("Version "))


def added(page: Page, theme: str, reason: str) -> Locator:
    """A case in a new draft, by the form; the form, which shows it then."""
    page.goto(f"/rules/{in_force(page)}/golden")
    expect(page.locator("main")).to_contain_text("Invent the words, or make them anonymous")
    fields = page.locator("form.rules__form")
    fields.locator("#name").fill(NAME)
    fields.locator("#description").fill("Mattresses dumped by the garages, fly-tipping.")
    fields.locator("#theme").select_option(theme)
    fields.locator("#reason").fill(reason)
    press(page, fields, "Add it to the draft")
    return fields


def test_a_case_is_added_fails_by_name_is_mended_and_taken_out_again(page: Page) -> None:
    fields = added(page, "town-centre", "It was decided otherwise last week.")
    draft = int(re.findall(r"/rules/(\d+)/golden", page.url)[0])
    expect(page.locator(".rules__lists")).to_contain_text("agreed is town-centre")
    page.goto(f"/rules/{draft}")
    expect(page.locator("main")).to_contain_text("It was decided otherwise last week.")
    expect(page.locator(".rules__fail")).to_contain_text(f"golden case “{NAME}”")
    press(page, page.locator("main"), "Propose")
    expect(page.locator("[role=alert]")).to_contain_text(f"golden case “{NAME}”")
    page.goto(f"/rules/{draft}/golden")
    page.get_by_role("link", name=NAME).click()
    fields.locator("#theme").select_option("asb-environmental")
    press(page, fields, "Change it in the draft")
    expect(page.locator(".rules__lists")).not_to_contain_text("agreed is")
    press(page, fields, "Take it out")
    expect(page.locator(".rules__lists")).not_to_contain_text(NAME)
    page.goto(f"/rules/{draft}")
    press(page, page.locator("main"), "Discard")


def test_a_case_that_a_colleague_changed_meanwhile_is_shown_beside_hers_and_nothing_is_put_back(
    page: Page, chrome: Browser, hub: str
) -> None:
    fields = added(page, "asb-environmental", "To be changed by two.")
    form = page.url
    press(page, fields, "Change it in the draft")
    expect(page.get_by_role("status")).to_have_text("Nothing was changed: you saved the case as it was.")
    other = chrome.new_page(base_url=hub)
    sign_in(other, "helen-strood", "/rules")
    other.goto(form)
    other.locator("#risk").select_option("standard")
    other.get_by_label("review", exact=True).check()
    press(other, other.locator("form.rules__form"), "Change it in the draft")
    other.close()
    fields.locator("#description").fill("Mattresses dumped by the garages again, fly-tipping.")
    press(page, fields, "Change it in the draft")
    expect(page.get_by_role("alert")).to_contain_text("The case was changed while you were writing")
    differs = page.locator(".conflict")
    expect(differs).to_contain_text("Now; Helen Strood saved it last")
    expect(differs.locator("tr", has_text="Risk must be").locator("td")).to_have_text(["", "standard changed", ""])
    assert (page.input_value("#risk"), page.get_by_label("review", exact=True).is_checked()) == ("standard", True)
    assert page.input_value("#description") == "Mattresses dumped by the garages again, fly-tipping."
    assert_sound_on_any_screen(page, form)
    press(page, fields, "Change it in the draft")
    expect(page.get_by_role("alert")).to_have_count(0)
    assert (page.input_value("#risk"), page.input_value("#description")) == (
        "standard",
        "Mattresses dumped by the garages again, fly-tipping.",
    )
    page.goto(form.partition("/golden")[0])
    press(page, page.locator("main"), "Discard")


def test_a_report_gives_its_codes_and_a_name_that_stands_is_refused(page: Page, hub: str) -> None:
    reference = sent(hub, "Rubbish dumped on Invented Walk, he laughed at me.", category="noise")["reference"]
    sign_in(page, "helen-strood", "/rules")
    number = int(page.locator("tr.is-now a").first.inner_text().removeprefix("Version "))
    page.goto(f"/rules/{number}/golden?report={reference}")
    assert page.input_value("#theme") == "asb-environmental"
    assert page.input_value("#description") == ""
    assert "laughed" not in page.content()
    fields = page.locator("form.rules__form")
    fields.locator("#name").fill(CASE)
    fields.locator("#description").fill("Rubbish dumped in a walk.")
    fields.locator("#reason").fill("To be refused.")
    press(page, fields, "Add it to the draft")
    expect(page.locator("[role=alert]")).to_contain_text("stands twice")
    assert page.input_value("#description") == "Rubbish dumped in a walk."


def test_the_page_of_golden_cases_is_accessible_and_does_not_scroll_sideways(page: Page) -> None:
    address = f"/rules/{in_force(page)}/golden?case={CASE}"
    page.goto(address)
    assert_sound_on_any_screen(page, address)
