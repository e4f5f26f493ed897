"""What a call-taker does beside the phone: by keyboard alone, and it is saved before the caller hangs up."""

import uuid

import httpx2
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.journey.conftest import sign_in
from tests.journey.steps import ANSWER_SECONDS, assert_sound_on_any_screen, press_key, signed_in, until

pytestmark = pytest.mark.journey
WHISPERED = "Whispering. Says partner had his hands round her neck, two kids in the next room. No knife seen."
TAKER = "imran-dacre"
CALLS = {"Authorization": "Bearer demo-police"}


def test_a_call_is_taken_by_keyboard_alone_and_saved_at_the_first_pause(page: Page) -> None:
    sign_in(page, TAKER, "/call")
    press_key(page, "Alt+1")
    press_key(page, "y")
    press_key(page, "Alt+6")
    page.keyboard.type(WHISPERED)
    expect(page.locator("[data-saved]")).to_contain_text("Saved")
    expect(page.locator("[data-saved]")).to_contain_text("R-")
    press_key(page, "Alt+4")
    page.keyboard.type("Marsh Road")
    press_key(page, "Alt+8")
    press_key(page, "n")
    press_key(page, "Control+Enter")
    expect(page.locator("[data-saved]")).to_contain_text("this is the next call")
    expect(page.get_by_role("alert")).to_contain_text("ring 999")
    expect(page.locator("#description")).to_have_value("")


def test_what_triage_hears_stands_beside_the_words_while_the_caller_speaks(page: Page) -> None:
    sign_in(page, TAKER, "/call")
    page.locator("#description").fill(WHISPERED)
    expect(page.locator("[data-signs]")).to_contain_text("Strangulation")
    expect(page.locator("[data-signs] li", has_text="Strangulation")).to_contain_text("hands round her neck")
    expect(page.locator("[data-signs] .is-not").first).to_contain_text("not a flag")
    expect(page.locator("[data-say]")).to_contain_text("hang up and ring 999")
    expect(page.locator("[data-ask]")).to_contain_text("swallow or breathe")


def test_a_call_is_saved_without_any_script(chrome: Browser, hub: str) -> None:
    context = chrome.new_context(base_url=hub, java_script_enabled=False)
    page = context.new_page()
    sign_in(page, TAKER, "/call")
    page.locator("#description").fill("Loud music from the flat above, third night.")
    page.get_by_role("button", name="Finish the call").click()
    expect(page.locator("[data-saved]")).to_contain_text("Saved")
    context.close()


def test_a_call_is_taken_by_who_is_signed_in_and_only_by_a_call_taker(hub: str) -> None:
    said = {"source_id": str(uuid.uuid4()), "description": "Caller says somebody is in her garden."}
    nobody = httpx2.post(f"{hub}/call/save", data=said, timeout=ANSWER_SECONDS)
    assert (nobody.status_code, nobody.headers["location"].startswith("/sign-in")) == (303, True)
    with signed_in(hub, "asha-venn") as caseworker:
        assert caseworker.get("/call").status_code == 403
        assert caseworker.post("/call/save", data=said).status_code == 403
    with signed_in(hub, TAKER) as taker:
        assert "Imran Dacre" in taker.get("/call").text
        assert taker.post("/call/save", data=said, headers={"origin": "http://elsewhere.invalid"}).status_code == 403
        assert taker.post("/call/save", data=said, headers={"origin": hub}).status_code == 200
        # What the browser claims of itself is not passed on: only the session counts.
        assert taker.get("/call", headers=CALLS).status_code == 200


def test_a_later_save_of_a_call_is_a_revision_of_the_same_report(hub: str) -> None:
    first = {"source_id": str(uuid.uuid4()), "description": "Caller says somebody is in her garden."}
    client = signed_in(hub, TAKER)
    one = client.post("/call/save", data=first | {"revision": "1"}).json()
    more = {"description": first["description"] + " He has gone now.", "revision": str(one["revision"] + 1)}
    two = client.post("/call/save", data=first | more).json()
    assert (two["reference"], two["revision"]) == (one["reference"], 2)


def test_every_step_of_the_forms_is_accessible_and_does_not_scroll_sideways(page: Page) -> None:
    page.goto("/report?filled=yes")
    for _ in range(6):
        assert_sound_on_any_screen(page, page.title(), also_dark=True)
        with page.expect_navigation():  # a click does not wait for it, and a page that is being left has no document
            page.locator("form .govuk-button:not(.pub__call)").last.click()
    expect(page.locator("h1")).to_have_text("We have your report")
    assert_sound_on_any_screen(page, page.title(), also_dark=True)
    page.goto("/report")
    with page.expect_navigation():
        page.get_by_role("button", name="Continue").click()
    assert_sound_on_any_screen(page, page.title(), also_dark=True)
    page.get_by_label("Yes, it is happening now").check()
    expect(page.get_by_role("link", name="Call 999")).to_be_visible()
    assert_sound_on_any_screen(page, page.title(), also_dark=True)
    page.goto("/report/status")
    assert_sound_on_any_screen(page, page.title(), also_dark=True)
    sign_in(page, TAKER, "/call")
    page.locator("#description").fill(WHISPERED)
    until(lambda: page.locator("[data-signs] li").count(), "the signs")
    assert_sound_on_any_screen(page, page.title(), also_dark=True)
