"""The review by keyboard in a real browser: read the lit words, decide with a reason, and never overwrite anybody."""

import json
import uuid
from typing import Any

import httpx2
import pytest
from playwright.sync_api import Page, expect

from tests.journey.conftest import sign_in
from tests.journey.steps import ANSWER_SECONDS, POLICE, assert_sound_on_any_screen, press_key, shown, until

pytestmark = pytest.mark.journey
UNSURE = "Something strange on our road most nights. Nobody had a knife. I do not know who to tell."
DOMESTIC = "domestic-abuse-osse"


def receipt(hub: str, reference: str) -> dict[str, Any]:
    found: dict[str, Any] = httpx2.get(
        f"{hub}/api/v1/reports/{reference}", headers=POLICE, timeout=ANSWER_SECONDS
    ).json()
    return found


def sent(hub: str, words: str, **changes: Any) -> dict[str, Any]:
    """A report once it was decided; its receipt."""
    body = {"source_id": str(uuid.uuid4()), "description": words} | changes
    posted = httpx2.post(f"{hub}/api/v1/reports", json=body, headers=POLICE, timeout=ANSWER_SECONDS).json()
    return until(lambda: decided(hub, posted["reference"]), "the decision")  # type: ignore[no-any-return]


def decided(hub: str, reference: str) -> dict[str, Any] | None:
    found = receipt(hub, reference)
    return found if found["status"] != "received" else None


def test_a_report_is_read_and_changed_with_a_reason_by_keyboard_alone(page: Page, hub: str) -> None:
    reference = sent(hub, UNSURE)["reference"]
    sign_in(page, "helen-strood")
    page.goto(f"/review/{reference}")
    expect(page.locator(".rv__quote")).to_contain_text("Nobody had a knife")
    press_key(page, "w")
    assert page.evaluate("document.activeElement.className") == "lit lit--not"
    press_key(page, "2")
    expect(page.locator("#also")).to_be_visible()
    expect(page.locator("#destination")).to_be_hidden()
    press_key(page, "e")
    page.keyboard.type("3 Domestic")
    expect(page.locator("[data-change=lead]")).to_have_text("Public Health")
    press_key(page, "Tab")
    press_key(page, "Tab")
    page.keyboard.type("She may be controlled.")
    press_key(page, "Control+Enter")
    page.wait_for_url(lambda address: f"review/{reference}" not in address)
    got = until(lambda: routed(hub, reference), "the decision to arrive")
    assert got["decision"]["themes"] == [DOMESTIC]
    page.goto(f"/review/{reference}")
    expect(page.locator("#rd")).to_have_text("Decided")
    expect(page.locator(".rv__text")).to_contain_text("decided by rule")
    expect(page.locator(".answered")).to_contain_text("Helen Strood")
    expect(page.locator(".answered")).to_contain_text("changed it: Domestic abuse")
    expect(page.locator(".answered")).to_contain_text("Why: She may be controlled.")
    assert "She may be controlled" not in json.dumps(receipt(hub, reference))


def test_who_said_that_a_report_is_not_ours_stands_on_both_its_pages_with_whose_it_is_and_why(
    page: Page, hub: str
) -> None:
    reference = sent(hub, UNSURE)["reference"]
    sign_in(page, "helen-strood")
    page.goto(f"/review/{reference}")
    press_key(page, "5")
    page.select_option("#destination", "Luton Council highways")
    page.fill("#reason", "It is a pothole.")
    press_key(page, "Control+Enter")
    page.wait_for_url(f"**answered={reference}")
    for address in (f"/review/{reference}", f"/reports/{reference}"):
        said = page.locator(".answered", has_text="said that it is not ours: Luton Council highways")
        shown(page, address, said)
        expect(said).to_contain_text("Helen Strood")
        expect(said).to_contain_text("Why: It is a pothole.")
        assert_sound_on_any_screen(page, page.url)


def test_after_a_split_the_page_says_what_was_done_and_offers_no_undo(page: Page, hub: str) -> None:
    reference = sent(hub, UNSURE)["reference"]
    sign_in(page, "helen-strood")
    page.goto(f"/review/{reference}")
    press_key(page, "3")
    page.select_option("#theme", DOMESTIC)
    page.select_option("#second", "asb-environmental")
    page.fill("#reason", "Two matters.")
    press_key(page, "Control+Enter")
    page.wait_for_url(f"**answered={reference}")
    expect(page.locator(".strip--said [role=status]")).to_contain_text(f"You split it into two reports: {reference}")
    expect(page.locator("[data-undo]")).to_have_count(0)


def test_what_cannot_be_undone_says_so_before_it_is_decided(page: Page, hub: str) -> None:
    reference = sent(hub, UNSURE)["reference"]
    sign_in(page, "helen-strood")
    page.goto(f"/review/{reference}")
    for key, field, words in (("3", "#second", "A split is final"), ("4", "#case", "A join is final")):
        press_key(page, key)
        note = page.locator(f"{field}-final")
        expect(note).to_be_visible()
        expect(note).to_contain_text(words)
        expect(page.locator(field)).to_have_attribute("aria-describedby", f"{field[1:]}-final")
    press_key(page, "1")
    expect(page.locator("#second-final")).to_be_hidden()
    expect(page.locator("#case-final")).to_be_hidden()


def routed(hub: str, reference: str) -> dict[str, Any] | None:
    found = receipt(hub, reference)
    return found if found["status"] == "routed" else None


def test_an_answer_that_comes_too_late_shows_both_and_overwrites_nothing(page: Page, hub: str) -> None:
    reference = sent(hub, UNSURE)["reference"]
    sign_in(page, "helen-strood")
    page.goto(f"/review/{reference}")
    other = page.context.new_page()
    other.goto(f"/review/{reference}")
    press_key(other, "1")
    press_key(other, "Control+Enter")
    other.wait_for_url(lambda address: f"review/{reference}" not in address)
    press_key(page, "5")
    page.select_option("#destination", "Luton Council highways")
    page.fill("#reason", "It is a pothole.")
    press_key(page, "Control+Enter")
    expect(page.locator("h1")).to_have_text("Helen Strood decided it meanwhile")
    expect(page.locator("main")).to_contain_text("It is a pothole.")
    assert receipt(hub, reference)["decision"]["disposition"] != "not-ours"


def test_an_answer_without_what_it_needs_says_so_and_keeps_her_words(page: Page, hub: str) -> None:
    reference = sent(hub, UNSURE)["reference"]
    sign_in(page, "helen-strood")
    page.goto(f"/review/{reference}")
    press_key(page, "4")
    page.fill("#case", "C-222-222-222")
    page.fill("#reason", "The same road.")
    press_key(page, "Control+Enter")
    expect(page.locator("[role=alert]")).to_contain_text("no case with this reference")
    assert page.input_value("#reason") == "The same road."
    assert receipt(hub, reference)["status"] == "in-review"


def test_a_report_that_is_nobodys_of_hers_is_not_found(page: Page, hub: str) -> None:
    reference = sent(hub, UNSURE)["reference"]
    sign_in(page, "asha-venn")
    answer = page.goto(f"/review/{reference}")
    assert answer is not None
    assert answer.status == httpx2.codes.NOT_FOUND


def test_a_figure_of_speech_is_no_flag_and_a_missed_bin_has_a_named_destination(hub: str) -> None:
    assert sent(hub, "I could murder a pint, ta for the litter pick")["decision"]["flags"] == []
    missed = sent(hub, "Missed bin collection on our street again")
    assert missed["decision"]["disposition"] == "not-ours"
    assert missed["reason"] == "It is for Luton Council waste and recycling."


def test_an_opened_report_is_accessible_and_does_not_scroll_sideways(page: Page, hub: str) -> None:
    reference = sent(hub, UNSURE)["reference"]
    sign_in(page, "helen-strood")
    for number in range(1, 6):
        page.goto(f"/review/{reference}")
        press_key(page, str(number))
        assert_sound_on_any_screen(page, page.url)
