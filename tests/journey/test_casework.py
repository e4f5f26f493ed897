"""What hangs on a case, worked on in a real browser: a likely join, tasks, people, a split, the past."""

import uuid
from typing import Any

import httpx2
import pytest
from playwright.sync_api import Page, expect

from services.desk.commands import behind
from tests.journey.conftest import sign_in
from tests.journey.steps import ANSWER_SECONDS, DUTY, assert_sound_on_any_screen, case_of, post_call, shown

pytestmark = pytest.mark.journey


def somewhere() -> dict[str, Any]:
    """A position in and around the town that hardly any other run has used."""
    number = uuid.uuid4().int
    return {"latitude": 51.80 + number % 20_011 / 100_000, "longitude": -0.60 + number % 39_989 / 100_000}


def street() -> str:
    """A street that no other run has used: letters only, since a house number is never kept."""
    return "Invented " + "".join(chr(ord("a") + int(digit, 16)) for digit in uuid.uuid4().hex[:12]).capitalize()


def two_alike(hub: str) -> tuple[str, str]:
    """Two cases of one kind on one street, far apart: likely one, not surely."""
    name = street()
    posted = []
    for place in (somewhere(), somewhere()):
        report = post_call(hub, "Loud music through the wall.", place={"text": name} | place)
        posted.append(case_of(hub, report))
    return posted[0], posted[1]


def test_a_likely_join_is_confirmed_on_the_page_and_the_old_address_leads_to_the_survivor(page: Page, hub: str) -> None:
    older, newer = two_alike(hub)
    sign_in(page, "asha-venn")
    box = page.locator(".join")
    shown(page, f"/cases/{newer}", box)
    expect(box).to_contain_text(f"May belong to {older}")
    expect(box).to_contain_text("the same street (0.35)")
    box.locator("summary", has_text="Same matter").click()
    box.get_by_role("button", name="Make them one case").click()
    expect(page.locator(".case__crumb")).to_contain_text(older)
    expect(page.locator(".moj-timeline")).to_contain_text("Cases merged")
    page.goto(f"/cases/{newer}")
    expect(page).to_have_url(f"{hub}/cases/{older}?notice={newer}+was+merged+into+this.")
    expect(page.locator("#rep")).to_contain_text("2")


def test_a_refused_join_says_why_and_is_gone(page: Page, hub: str) -> None:
    _, newer = two_alike(hub)
    sign_in(page, "asha-venn")
    shown(page, f"/cases/{newer}", page.locator(".join"))
    page.locator(".join summary", has_text="Another matter").click()
    page.locator("#rj-1").fill("Two different neighbours.")
    page.get_by_role("button", name="Keep them apart").click()
    expect(page.locator(".moj-timeline")).to_contain_text("Two different neighbours.")
    expect(page.locator(".join")).to_have_count(0)


def test_a_task_and_a_person_are_added_and_the_task_is_done(page: Page, hub: str) -> None:
    reference = case_of(hub, post_call(hub, "Loud music, all night.", place={"text": street()}))
    sign_in(page, "asha-venn")
    page.goto(f"/cases/{reference}")
    page.locator("summary", has_text="Add a task").click()
    page.locator("#task-what").fill("Visit with the noise meter.")
    page.get_by_role("button", name="Add the task").click()
    tasks = page.locator("section[aria-labelledby=tsk]")
    expect(page.locator(".moj-timeline")).to_contain_text("Visit with the noise meter.")
    page.locator("summary", has_text="Add a person").click()
    page.locator("#p-name").fill("Zoe Ashe")
    page.locator("#p-safe").select_option("no")
    page.get_by_role("button", name="Add the person").click()
    expect(page.locator(".case__care")).to_contain_text("Do not call, text or write to Zoe Ashe.")
    expect(page.locator(".moj-timeline")).to_contain_text("Person added")
    tasks.locator("summary", has_text="Done").click()
    page.locator("#td-1").fill("Measured: 41 dB.")
    tasks.get_by_role("button", name="Done").click()
    expect(tasks).to_contain_text("1 ended")
    expect(page.locator(".moj-timeline")).to_contain_text("Measured: 41 dB.")


def test_a_person_who_is_refused_keeps_all_that_was_typed_and_says_what_is_wrong_where(page: Page, hub: str) -> None:
    reference = case_of(hub, post_call(hub, "Loud music, all night.", place={"text": street()}))
    sign_in(page, "asha-venn")
    page.goto(f"/cases/{reference}")
    page.locator("summary", has_text="Add a person").click()
    typed = {"#p-name": "Zoe Ashe", "#p-phone": "01582 000000", "#p-note": "After six.", "#p-born": "2999-01-01"}
    for field, words in typed.items():
        page.locator(field).fill(words)
    page.locator("#p-role").select_option("witness")
    page.locator("#p-safe").select_option("no")
    page.get_by_role("button", name="Add the person").click()
    for field, words in (typed | {"#p-role": "witness", "#p-safe": "no"}).items():
        expect(page.locator(field)).to_have_value(words)
    expect(page.locator("#p-born-error")).to_be_visible()
    expect(page.get_by_role("alert").get_by_role("link")).to_have_attribute("href", "#p-born")
    expect(page.locator("#text")).to_have_value("")
    assert_sound_on_any_screen(page, "a person refused", also_dark=True)
    page.locator("#p-born").fill("1990-01-01")
    page.get_by_role("button", name="Add the person").click()
    expect(page.locator("[aria-labelledby=ppl]")).to_contain_text("Zoe Ashe")


def test_a_report_is_split_off_and_both_sides_say_so(page: Page, hub: str) -> None:
    here: dict[str, Any] = {"text": street()} | somewhere()
    reference = case_of(hub, post_call(hub, "Loud music, first night.", place=here))
    second = post_call(hub, "Loud music, second night.", place=here)
    assert case_of(hub, second) == reference
    sign_in(page, "asha-venn")
    page.goto(f"/cases/{reference}")
    page.locator("summary", has_text="Split").click()
    page.get_by_label(second["reference"]).check()
    page.locator("#split-reason").fill("Another address.")
    page.get_by_role("button", name="Split them off").click()
    expect(page.locator(".moj-timeline")).to_contain_text("Case split")
    expect(page.locator("h1")).to_contain_text("1 report")
    shown(page, f"/reports/{second['reference']}", page.locator(f"main:not(:has-text('{reference}'))"))


def test_a_stale_change_of_risk_shows_both_sides(page: Page, hub: str) -> None:
    reference = case_of(hub, post_call(hub, "Loud music, all day.", place={"text": street()}))
    sign_in(page, "asha-venn")
    page.goto(f"/cases/{reference}")
    page.locator("summary", has_text="Risk").first.click()
    page.locator("#risk-to").select_option("high")
    page.locator("#risk-reason").fill("A child heard it.")
    other = page.context.new_page()
    other.goto(f"/cases/{reference}")
    other.get_by_role("button", name="Take").click()
    expect(other.locator(".facts")).to_contain_text("Asha Venn")
    page.get_by_role("button", name="Change the risk").click()
    expect(page.locator("h1")).to_contain_text("changed")
    expect(page.locator("main")).to_contain_text("A child heard it.")


def test_a_page_that_was_behind_shows_what_was_saved_as_soon_as_the_desk_has_it(page: Page, hub: str) -> None:
    reference = case_of(hub, post_call(hub, "Loud music, every evening.", place={"text": street()}))
    sign_in(page, "helen-strood")
    case = f"{hub}/api/v1/cases/{reference}"
    version = httpx2.get(case, headers=DUTY, timeout=ANSWER_SECONDS).json()["version"]
    page.goto(f"/cases/{reference}")
    page.goto(behind(reference, int(page.locator("[data-case]").get_attribute("data-sequence") or 0)))
    expect(page.locator("[data-behind]")).to_have_text("Saved. The page is catching up.")
    note = {"text": "Rang the landlord.", "fact": "fact"}
    saved = httpx2.post(f"{case}/note", json=note, headers=DUTY | {"If-Match": f'"{version}"'}, timeout=ANSWER_SECONDS)
    assert saved.status_code == httpx2.codes.OK, saved.text
    expect(page.locator(".moj-timeline")).to_contain_text("Rang the landlord.")
    expect(page.locator("[data-behind]")).to_have_count(0)


def test_the_parts_and_the_past_are_accessible_and_do_not_scroll_sideways(page: Page, hub: str) -> None:
    _, reference = two_alike(hub)
    sign_in(page, "asha-venn")
    page.goto(f"/cases/{reference}")
    for summary in page.locator(".panels > details > summary").all():
        summary.click()
    assert_sound_on_any_screen(page, "the case with every form open", also_dark=True)
    page.goto(f"/cases/{reference}/past")
    latest = page.locator("#at").get_attribute("max")
    page.goto(f"/cases/{reference}/past?at={latest}:59")
    expect(page.locator(".moj-timeline")).to_contain_text("Case opened")
    assert_sound_on_any_screen(page, "the past", also_dark=True)
    page.goto(f"/cases/{reference}/past?at=2020-01-01T00:00")
    expect(page.locator("main")).to_contain_text("nothing that your agency could see")


def test_a_page_keeps_from_an_agency_what_its_sharing_agreement_withholds_and_says_so(page: Page, hub: str) -> None:
    person = {"id": "p1", "role": "victim", "name": "Sal Quill", "age": 43, "contact": {"safe": "yes"}}
    case = case_of(hub, post_call(hub, "Loud music through the wall.", place=somewhere(), people=[person]))
    sign_in(page, "asha-venn")
    page.goto(f"/cases/{case}")
    expect(page.locator("[aria-labelledby=ppl]")).to_contain_text("Sal Quill")
    expect(page.locator("[aria-labelledby=ppl]")).not_to_contain_text("43")
    expect(page.locator("[aria-labelledby=acc]")).to_contain_text("keeps dates of birth and ages of this case from you")
    page.goto("/sign-in")
    sign_in(page, "helen-strood")
    page.goto(f"/cases/{case}")
    expect(page.locator("[aria-labelledby=ppl]")).to_contain_text("Sal Quill, 43")
    expect(page.locator("[aria-labelledby=acc]")).not_to_contain_text("sharing agreement")
