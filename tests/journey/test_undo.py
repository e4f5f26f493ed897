"""An answer of the review taken back by one key in a real browser, and why one whose case was worked on stands."""

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.journey.conftest import PHONE, WIDE, sign_in
from tests.journey.forms import become, send
from tests.journey.steps import assert_sound, press_key, shown, until
from tests.journey.test_review import DOMESTIC, UNSURE, receipt, routed, sent

pytestmark = pytest.mark.journey


def answer(page: Page, reference: str) -> None:
    """Change the theme with a reason; the next report opens."""
    page.goto(f"/review/{reference}")
    press_key(page, "2")
    page.select_option("#theme", DOMESTIC)
    page.fill("#reason", "She may be controlled.")
    press_key(page, "Control+Enter")
    page.wait_for_url(f"**answered={reference}")


def in_case(hub: str, reference: str) -> str:
    """The case that the answer made."""

    def found() -> str | None:
        case: str | None = (routed(hub, reference) or {"decision": {"case": None}})["decision"]["case"]
        return case

    case: str = until(found, "the case of the answer")
    return case


def test_the_last_answer_is_taken_back_by_one_key_and_its_untouched_case_goes_with_it(page: Page, hub: str) -> None:
    reference = sent(hub, UNSURE)["reference"]
    sign_in(page, "helen-strood")
    answer(page, reference)
    case = in_case(hub, reference)
    expect(page.locator("[data-undo]")).to_contain_text("Undo, until")
    press_key(page, "u")
    page.wait_for_url(f"**/review/{reference}")
    expect(page.locator("#rd")).to_have_text("Proposed, not yet decided")
    expect(page.locator(".rv__text")).to_contain_text("Helen Strood changed it")
    until(lambda: receipt(hub, reference)["status"] == "in-review", "the receipt to say that it waits again")
    shown(page, f"/cases/{case}", page.locator(".moj-timeline", has_text="Its answer was taken back"))
    expect(page.locator(".case__head")).not_to_contain_text("Domestic abuse")


def test_an_answer_whose_case_was_worked_on_stands_and_says_what_to_do_instead(page: Page, hub: str) -> None:
    reference = sent(hub, UNSURE)["reference"]
    sign_in(page, "helen-strood")
    answer(page, reference)
    case = in_case(hub, reference)
    become(page, "helen-strood", f"/cases/{case}")
    send(page, "Note", "Save the note", Note="She rang back: call after six.", It_is="fact")
    shown(page, f"/cases/{case}", page.locator(".moj-timeline", has_text="She rang back: call after six."))
    page.goto(f"/review/{reference}")
    press_key(page, "u")
    expect(page.locator("[role=alert]")).to_contain_text("Somebody has worked on its case since")
    expect(page.locator("[role=alert]")).to_contain_text("Reroute the case")
    assert receipt(hub, reference)["status"] == "routed"


@pytest.mark.parametrize("gone", ["R-222-222-222", "no-reference"])
def test_where_the_next_report_has_gone_the_queue_opens_with_the_answer_to_take_back(
    page: Page, hub: str, gone: str
) -> None:
    reference = sent(hub, UNSURE)["reference"]
    sign_in(page, "helen-strood")
    answer(page, reference)
    page.goto(f"/review/{gone}?answered={reference}")
    page.wait_for_url(f"**/review?answered={reference}")
    expect(page.locator("[data-undo]")).to_be_visible()


@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["wide", "phone"])
def test_the_offer_to_undo_is_accessible_and_does_not_scroll_sideways(
    chrome: Browser, hub: str, size: dict[str, int]
) -> None:
    reference = sent(hub, UNSURE)["reference"]
    context = chrome.new_context(viewport=size, base_url=hub)  # type: ignore[arg-type]
    page = context.new_page()
    sign_in(page, "helen-strood")
    answer(page, reference)
    expect(page.locator("[data-undo]")).to_be_visible()
    assert_sound(page, page.url)
    context.close()
