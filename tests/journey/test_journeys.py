"""What a stranger sees in three minutes, walked in a real browser."""

import random
import re
from functools import partial
from typing import Any

import httpx2
import pytest
from playwright.sync_api import Browser, Page, expect

from services.desk.worklist_pages import REVIEWS_IN_SIGHT
from tests.journey.conftest import PHONE, WIDE, sign_in
from tests.journey.forms import become
from tests.journey.steps import (
    ANSWER_SECONDS,
    DUTY,
    POLICE,
    answer_review,
    assert_sound,
    assert_sound_on_any_screen,
    case_of,
    post_call,
    press_key,
    shown,
    until,
)

pytestmark = pytest.mark.journey
FULL = 20
"""More rows than a wide screen shows."""


def test_a_call_is_in_the_worklist_and_its_case_says_why(page: Page, hub: str) -> None:
    posted = post_call(hub, "Neighbour's loud music again until two in the morning.", place={"text": "Wigmore Lane"})
    reference = case_of(hub, posted)
    sign_in(page, "asha-venn")
    page.get_by_placeholder("Search or reference").fill(posted["reference"].lower().replace("-", " "))
    press_key(page, "Enter")
    page.get_by_role("link", name=posted["reference"]).click()
    page.get_by_role("link", name=reference).click()
    expect(page.locator("h1")).to_contain_text("Wigmore Lane")
    expect(page.locator("mark.lit").first).to_be_visible()
    expect(page.get_by_role("heading", name="Case opened")).to_be_visible()


def test_a_case_is_taken_noted_and_closed_and_the_timeline_says_who(page: Page, hub: str) -> None:
    reference = case_of(hub, post_call(hub, "Loud music through the wall again.", place={"text": "Stopsley Way"}))
    sign_in(page, "asha-venn")
    page.goto(f"/cases/{reference}")
    page.get_by_role("button", name="Take", exact=True).click()
    expect(page.locator(".facts")).to_contain_text("Asha Venn")
    press_key(page, "n")
    page.locator("#text").fill("Visited. Music was off.")
    page.get_by_role("button", name="Save the note").click()
    expect(page.locator(".moj-timeline")).to_contain_text("Visited. Music was off.")
    page.locator("summary", has_text="Close").click()
    page.locator("#close-reason").fill("It stopped after the visit.")
    page.get_by_role("button", name="Close the case").click()
    expect(page.locator(".facts")).to_contain_text("Closed")


def test_two_people_on_one_case_the_second_sees_both_versions(page: Page, hub: str) -> None:
    reference = case_of(hub, post_call(hub, "Loud music through the wall, third night.", place={"text": "Lewsey Road"}))
    sign_in(page, "asha-venn")
    page.goto(f"/cases/{reference}")
    headers = DUTY | {"If-Match": '"1"'}
    owner = {"owner": "helen-strood"}
    path = f"{hub}/api/v1/cases/{reference}/assign"
    theirs = httpx2.post(path, json=owner, headers=headers, timeout=ANSWER_SECONDS)
    assert theirs.status_code == 200
    beside = page.context.new_page()
    shown(beside, f"/cases/{reference}", beside.locator(".facts", has_text="Helen Strood"))
    beside.close()
    page.locator("summary", has_text="Reroute").click()
    page.locator("#reroute-reason").fill("It belongs to the police.")
    page.locator("#reroute-lead").select_option("bedfordshire-police")
    page.get_by_role("button", name="Reroute").click()
    expect(page.locator("h1")).to_contain_text("Helen Strood changed this case while you were writing")
    row = page.locator(".conflict__t tr", has_text="Owner")
    expect(row.locator("td").nth(0)).to_have_text("Nobody yet")
    expect(row.locator("td").nth(1)).to_contain_text("Helen Strood")
    expect(page.locator(".conflict__t tr", has_text="Lead agency").locator("td").nth(2)).to_contain_text("Police")
    expect(page.locator(".conflict .quote")).to_have_text("It belongs to the police.")
    assert_sound(page, "the page of a conflict")
    page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    assert_sound(page, "the page of a conflict on a phone")
    page.set_viewport_size(WIDE)  # type: ignore[arg-type]
    page.get_by_role("button", name="Save mine on top of version 2").click()
    expect(page.locator(".strip--said")).to_contain_text(re.compile(r"yours no longer sees it|catching up\."))
    become(page, "colm-ferris", f"/cases/{reference}")
    expect(page.locator(".moj-timeline")).to_contain_text("It belongs to the police.")


def test_a_resident_is_told_to_call_999_and_gets_a_reference_and_a_code(page: Page) -> None:
    page.goto("/report")
    expect(page.locator("h1")).to_have_text("Is anyone in danger now?")
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("alert")).to_contain_text("danger")
    page.get_by_label("Yes, it is happening now").check()
    page.get_by_role("button", name="Continue").click()
    expect(page.locator("main")).to_contain_text("Please call 999 first")
    page.locator("#description").fill("A man with a bat is kicking the door in.")
    page.get_by_role("button", name="Continue").click()
    page.locator("#where").fill("Hartley Road")
    page.get_by_role("button", name="Back").click()
    expect(page.locator("#description")).to_have_value("A man with a bat is kicking the door in.")
    page.get_by_role("button", name="Continue").click()
    expect(page.locator("#where")).to_have_value("Hartley Road")
    page.get_by_role("button", name="Continue").click()
    page.get_by_label("On another day").check()
    page.locator("#day").fill("2999-01-01")
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("alert")).to_contain_text("lies in the future")
    page.get_by_label("It is happening now").check()
    page.get_by_role("button", name="Continue").click()
    page.get_by_role("button", name="Continue").click()
    expect(page.locator(".pub__check")).to_contain_text("Hartley Road")
    page.get_by_role("button", name="Send the report").click()
    expect(page.locator("h1")).to_have_text("We have your report")
    reference, code = (page.locator("dd").nth(number).inner_text() for number in (0, 1))
    page.goto("/report/status")
    page.locator("#reference").fill(reference)
    page.locator("#code").fill(code)
    page.get_by_role("button", name="Show it").click()
    expect(page.locator(".facts")).to_contain_text(reference)
    page.locator("#reference").fill(reference)
    page.locator("#code").fill("000000" if code != "000 000" else "111111")
    page.get_by_role("button", name="Show it").click()
    expect(page.get_by_role("alert")).to_contain_text("do not fit together")


def test_danger_stands_above_the_list_until_a_named_person_acknowledges_it(page: Page, hub: str) -> None:
    place = {"text": "Cutenhoe Road", "latitude": 51.8679, "longitude": -0.4121}
    reference = case_of(hub, post_call(hub, "He has a knife and is outside now.", danger_now=True, place=place))
    sign_in(page, "helen-strood")
    item = page.locator(".danger__item", has_text=reference)
    expect(item).to_contain_text("nobody has acknowledged yet")
    item.get_by_role("button").click()
    expect(page.locator(".moj-timeline")).to_contain_text("Danger acknowledged")
    expect(page.locator(".moj-timeline")).to_contain_text("Helen Strood")


def test_the_danger_strip_says_in_front_of_whom_it_stands_and_keeps_it_until_a_named_person_acknowledged(
    page: Page, hub: str
) -> None:
    place = {"text": "Runley Road", "latitude": 51.8836, "longitude": -0.4497}
    reference = case_of(hub, post_call(hub, "He has a knife and is here now.", danger_now=True, place=place))
    sign_in(page, "colm-ferris")
    expect(page.locator(".danger__item", has_text=reference)).to_contain_text("in front of Helen Strood")
    path = f"{hub}/api/v1/cases/{reference}/acknowledge"
    acknowledged = httpx2.post(path, json={}, headers=DUTY, timeout=ANSWER_SECONDS)
    assert acknowledged.status_code == 200
    done = page.locator(".danger__item--done", has_text=reference)
    shown(page, "/", done)
    expect(done).to_contain_text("by Helen Strood")
    expect(done.get_by_role("button")).to_have_count(0)


def test_news_is_a_count_to_press_and_no_row_moves_by_itself(page: Page, hub: str) -> None:
    sign_in(page, "helen-strood")
    before = page.locator("tr[data-row]").all_inner_texts()
    case_of(hub, post_call(hub, "Loud music through the wall, all weekend.", place={"text": "Bishopscote Road"}))
    expect(page.locator("[data-live]")).to_be_visible(timeout=20_000)
    assert page.locator("tr[data-row]").all_inner_texts() == before

    def seen() -> bool:
        """Pressed; what other tests' reports bring meanwhile is news again, and pressed again."""
        press_key(page, "r")
        page.wait_for_load_state()
        return page.locator("[data-live]").is_hidden()

    until(seen, "the news to be seen")


def test_a_case_says_who_else_has_it_open_and_what_is_new_since_it_was_opened(
    page: Page, chrome: Browser, hub: str
) -> None:
    reference = case_of(hub, post_call(hub, "Loud music through the wall at five.", place={"text": "Trinity Road"}))
    sign_in(page, "asha-venn", f"/cases/{reference}")
    other = chrome.new_context(base_url=hub)
    sign_in(other.new_page(), "helen-strood", f"/cases/{reference}")
    expect(page.locator("[data-others]")).to_contain_text("Helen Strood has this open")
    headers = DUTY | {"If-Match": '"1"'}
    note = {"text": "Spoke to the landlord.", "fact": "fact"}
    path = f"{hub}/api/v1/cases/{reference}/note"
    assert httpx2.post(path, json=note, headers=headers, timeout=ANSWER_SECONDS).status_code == 200
    expect(page.locator("[data-newer]")).to_be_visible(timeout=20_000)
    other.close()
    press_key(page, "r")
    expect(page.locator(".moj-timeline")).to_contain_text("Spoke to the landlord.")
    expect(page.locator(".case__side")).to_contain_text("Helen Strood")


def test_a_note_that_is_being_written_is_kept_when_the_page_is_left(page: Page, hub: str) -> None:
    reference = case_of(hub, post_call(hub, "Loud music through the wall at six.", place={"text": "Icknield Way"}))
    sign_in(page, "asha-venn", f"/cases/{reference}")
    press_key(page, "n")
    page.locator("#text").fill("Half a sentence about the neig")
    expect(page.locator("[data-draft-said]")).to_have_text("Draft kept")
    page.goto("/")
    page.goto(f"/cases/{reference}")
    expect(page.locator("#text")).to_have_value("Half a sentence about the neig")


def test_rows_are_picked_by_keyboard_and_given_to_one_person_together(page: Page, hub: str) -> None:
    reference = case_of(hub, post_call(hub, "Loud music through the wall at two.", place={"text": "Ludlow Avenue"}))
    sign_in(page, "helen-strood")
    row = page.locator(f"tr[data-reference={reference}]")
    unowned = "/?view=unowned&lead=luton-council-neighbourhood-services"
    shown(page, unowned, row)
    row.get_by_role("link").focus()
    press_key(page, "x")
    expect(page.locator("[data-picked]")).to_have_text("1 selected")
    page.locator("[data-bulk-owner]").select_option("asha-venn")
    press_key(page, "Control+Enter")
    expect(page.locator(".strip--said")).to_contain_text("1 of 1 given to Asha Venn")
    shown(page, f"/cases/{reference}", page.locator(".facts", has_text="Asha Venn"))


def test_letters_are_no_shortcuts_once_they_are_turned_off(page: Page, hub: str) -> None:
    reference = case_of(hub, post_call(hub, "Loud music through the wall at four.", place={"text": "Marston Gardens"}))
    sign_in(page, "asha-venn", f"/cases/{reference}")
    press_key(page, "?")
    page.locator("[data-keys-on]").uncheck()
    page.reload()
    press_key(page, "n")
    expect(page.locator("#text")).to_be_hidden()


def test_an_agency_that_has_nothing_to_do_with_a_case_finds_nothing(page: Page, hub: str) -> None:
    reference = case_of(hub, post_call(hub, "Loud music through the wall, all week.", place={"text": "Tennyson Road"}))
    sign_in(page, "joss-wimbley")
    answer = page.goto(f"/cases/{reference}")
    assert answer is not None
    assert answer.status == 404
    page.goto(f"/search?q={reference}")
    expect(page.locator("main")).to_contain_text("Nothing that you may see")


def test_a_visitor_finds_her_own_report_from_the_first_page_whoever_deals_with_it(page: Page, hub: str) -> None:
    posted = post_call(hub, "Loud music through the wall, since Monday.", place={"text": "Bramingham Road"})
    case_of(hub, posted)
    page.goto("/demo")
    page.get_by_label("Where is mine?").fill(posted["reference"])
    page.get_by_role("button", name="Find it as Helen Strood").click()
    expect(page.locator("main")).to_contain_text(posted["reference"])
    expect(page.locator(".who")).to_contain_text("Helen Strood")


def test_the_mail_holds_a_reference_and_a_link_and_the_trace_is_one_click_away(page: Page, hub: str) -> None:
    posted = post_call(hub, "Loud music through the wall, every day.", place={"text": "Farley Hill"})
    reference = case_of(hub, posted)

    def mailed() -> list[dict[str, Any]]:
        found = httpx2.get(f"{hub}/demo/mail.json", timeout=ANSWER_SECONDS).json()
        return [mail for mail in found if reference in mail["subject"]]

    mail = until(mailed, "the mail")[0]
    assert "music" not in (mail["subject"] + mail["text"]).lower()
    page.goto("/demo/mail")
    expect(page.locator(".mails tbody tr", has_text=reference)).to_contain_text(re.compile(r"\d\d:\d\d"))
    page.goto(f"/demo/mail/{mail['id']}")
    expect(page.locator("pre")).to_contain_text(reference)
    assert_sound(page, "a mail")
    link = page.get_by_role("link", name="Follow the trace").get_attribute("href")
    assert link is not None
    assert link.rpartition("/")[2] == _receipt(hub, posted)["trace_id"]
    until(lambda: whole_trace(link), "the spans of every service, down to the mail, in one trace")


def whole_trace(link: str) -> bool:
    """Whether the trace viewer has one unbroken tree from the POST to the mail, over all five services."""
    viewer, _, trace_id = link.partition("/traces/")
    answer = httpx2.get(f"{viewer}/api/v2/trace/{trace_id}", timeout=ANSWER_SECONDS)
    spans = answer.json() if answer.status_code == httpx2.codes.OK else []
    ids = {span["id"] for span in spans}
    roots = [span["name"] for span in spans if span.get("parentId") not in ids]
    services = {span["localEndpoint"]["serviceName"] for span in spans}
    return (
        roots == ["post /api/v1/calls"]
        and services == {"hub-desk", "hub-intake", "hub-triage", "hub-referrals", "hub-notify"}
        and "job send-mail" in {span["name"] for span in spans}
    )


def test_pages_are_accessible_and_do_not_scroll_sideways(page: Page, hub: str) -> None:
    reference = case_of(hub, post_call(hub, "Loud music through the wall.", place={"text": "Calverton Road"}))
    sign_in(page, "helen-strood")
    for address in (
        "/",
        f"/cases/{reference}",
        "/referrals/mash",
        "/review",
        "/ops",
        "/demo",
        "/report",
        "/call",  # an error page for her, who takes no calls
        "/cases/C-222-222-222",
        "/search?q=Calverton+Road",
        "/search?q=nothing+of+the+kind",
        "/demo/mail",
        "/docs/errors",
        "/sign-in",
    ):
        page.goto(address)
        assert_sound_on_any_screen(page, address, also_dark=True)


def test_dangers_that_a_person_must_decide_on_are_counted_and_leave_the_list_its_room(page: Page, hub: str) -> None:
    words = "Two groups squaring up at a takeaway, pulling slats off a pallet, door staff have locked themselves in."
    found: list[bool] = []

    def enough() -> bool:
        """One more call, which only the second reader takes for danger: where it was late, there is another one."""
        street = f"Invented {''.join(random.choices('bcdfghklmnprstvw', k=8)).capitalize()} Road"
        posted = post_call(hub, words, category="public-order", place={"text": street})
        status = until(partial(_decided, hub, posted), "the call to be decided")
        found.append(status == "in-review")
        return sum(found) > REVIEWS_IN_SIGHT

    until(enough, "calls that wait for a person")
    sign_in(page, "helen-strood")
    waiting = page.locator(".danger__item", has_text="nobody has decided yet")
    shown(page, "/", waiting.nth(REVIEWS_IN_SIGHT))
    expect(waiting).to_have_count(REVIEWS_IN_SIGHT + 1)
    expect(waiting.last).to_contain_text("more report")
    waiting.last.get_by_role("link").click()
    expect(page).to_have_url(re.compile("/review"))


def _decided(hub: str, posted: dict[str, Any]) -> str | None:
    status: str = _receipt(hub, posted)["status"]
    return status if status != "received" else None


def _receipt(hub: str, posted: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = httpx2.get(hub + posted["url"], headers=POLICE, timeout=ANSWER_SECONDS).json()
    return found


def test_eleven_rows_or_more_stand_on_the_worklist_at_1440_by_900(page: Page, hub: str) -> None:
    sign_in(page, "helen-strood")
    while waiting := _dangers_in_review(page):
        for address in waiting:
            answer_review(hub, address.rsplit("/", 1)[1], {"action": "confirm"})
        until(partial(_gone, page, waiting), "the answers to be seen")
    while (dangers := page.locator("[data-acknowledge]")).count():
        with page.expect_navigation():
            dangers.first.click()
        page.goto("/")
    rows = "[...document.querySelectorAll('tr[data-row]')]"
    # The demonstration's past days come in by and by: a full list is waited for, then measured.
    shown(page, "/", page.locator("tr[data-row]").nth(FULL))
    seen = page.evaluate(f"{rows}.filter(r => r.getBoundingClientRect().bottom < innerHeight - 30).length")
    assert seen >= 11


def _gone(page: Page, addresses: list[str]) -> bool:
    page.goto("/")
    return not set(addresses) & set(_dangers_in_review(page))


def _dangers_in_review(page: Page) -> list[str]:
    found: list[str] = page.locator(".danger a[href^='/reports/']").evaluate_all("all => all.map(each => each.href)")
    return found
