"""A panel's meeting in a real browser: from the agenda to signed minutes, and what somebody of another agency sees."""

import io
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest
from playwright.sync_api import Browser, Page, expect
from pypdf import PdfReader

from tests.journey.conftest import WIDE, sign_in
from tests.journey.steps import assert_sound, assert_sound_on_any_screen, case_of, post_call, press_key, shown
from tests.journey.test_referrals import told

DUTY = "demo-duty"
SECRET = "Denny asked for a bed for the night"


@dataclass(frozen=True, slots=True)
class Planned:
    """A meeting that is due, its two items, and of which the mall was asked something."""

    meeting: str
    case: str
    first: str
    asked: str
    name: str


def read(hub: str, path: str, key: str = DUTY) -> dict[str, Any]:
    answer = httpx2.get(f"{hub}/api/v1/{path}", headers={"Authorization": f"Bearer {key}"}, timeout=60)
    assert answer.status_code == httpx2.codes.OK, answer.text
    found: dict[str, Any] = answer.json()
    return found


def accepted(hub: str, name: str) -> tuple[str, dict[str, Any]]:
    """A case about a man of that name, with its referral to the group, which it has taken."""
    mark = "".join(random.choices("bcdfghklmnprstvw", k=8)).capitalize()
    person = {"id": "p1", "role": "subject", "name": name, "date_of_birth": "1982-04-01"}
    words = "Begging outside the bank in the town centre every day, he shouts at shoppers."
    case = case_of(hub, post_call(hub, words, place={"text": f"{mark} Street"}, people=[person]))
    sent = {"panel": "tcig", "reason": SECRET, "consent": {"status": "given"}, "under_18": False}
    referral = told(hub, DUTY, f"cases/{case}/referrals", read(hub, f"cases/{case}")["version"], sent)
    return case, told(hub, DUTY, f"referrals/{referral['reference']}/accept", referral["version"], {})


def plan(hub: str, first: str, second: str, days: int) -> Planned:
    """A meeting in so many days about both men; the mall is asked about the second."""
    case, taken = accepted(hub, first)
    _, other = accepted(hub, second)
    question = {"agency": "the-mall", "question": "What have your officers seen of him?"}
    told(hub, DUTY, f"referrals/{other['reference']}/request-information", other["version"], question)
    at = datetime.now(UTC) + timedelta(days=days, minutes=random.randrange(20_000))
    body = {"panel": "tcig", "at": at.isoformat()}
    answer = httpx2.post(f"{hub}/api/v1/meetings", json=body, headers={"Authorization": f"Bearer {DUTY}"}, timeout=60)
    assert answer.status_code == httpx2.codes.OK, answer.text
    return Planned(answer.json()["meeting_id"], case, taken["reference"], other["reference"], second)


@pytest.fixture(scope="module")
def planned(hub: str) -> Planned:
    """Two items of the next meeting of the Town Centre Intervention Group; the mall answers for one of them."""
    name = "Denny " + "".join(random.choices("bcdfghklmnprstvw", k=6)).capitalize()
    return plan(hub, name, "Lee Marsh", days=20)


@pytest.fixture
def mall(chrome: Browser, hub: str) -> Iterator[Page]:
    """An accredited officer of the mall at her own browser."""
    context = chrome.new_context(viewport=WIDE, base_url=hub)  # type: ignore[arg-type]
    page = context.new_page()
    sign_in(page, "joss-wimbley", "/meetings")
    yield page
    context.close()


def minute(page: Page, item: str, decision: str, words: str) -> None:
    """Minute a decision on an item."""
    row = page.locator(f"[id='{item}']")
    row.locator("summary", has_text="Minute a decision").click()
    row.locator("select[name=decision]").select_option(decision)
    row.locator("form[action$='/decision'] textarea").fill(words)
    row.get_by_role("button", name="Minute it").click()


def test_a_chair_runs_a_meeting_from_its_agenda_to_signed_minutes(page: Page, planned: Planned, mall: Page) -> None:
    sign_in(page, "ruth-pellow", "/meetings")
    page.locator(f"a[href='/meetings/{planned.meeting}']").click()
    expect(page.locator("h1")).to_contain_text("Town Centre Intervention Group")
    for agency in ("Neighbourhood Services", "Police"):
        page.get_by_role("button", name=f"Present, {agency}").click()
        expect(page.get_by_role("button", name=f"Present, {agency}")).to_have_attribute("aria-pressed", "true")
    expect(page.locator("dl.facts")).to_contain_text("2 of 2 agencies, quorum")
    minute(page, planned.first, "help", SECRET)
    row = page.locator(f"[id='{planned.first}']")
    expect(row).to_contain_text("Help is coordinated.")
    row.locator("summary", has_text="Give an action").click()
    row.locator("form[action$='/action'] textarea").fill("Visit with the outreach worker.")
    row.locator("select[name=person]").select_option("colm-ferris")
    row.get_by_role("button", name="Give it").click()
    expect(row).to_contain_text("Visit with the outreach worker.")
    page.get_by_role("link", name="Read and sign off").click()
    page.get_by_label("I have read these minutes").check()
    page.get_by_role("button", name="Sign the minutes off").click()
    expect(page.get_by_role("heading", name="Signature")).to_be_visible()
    said = page.locator("main").inner_text()
    assert "Signed off by Ruth Pellow, chair" in said
    assert SECRET in said
    assert read(hub_of(page), f"meetings/{planned.meeting}")["digest"] in said
    assert f"({planned.asked})" in said, "what was due and not reached is named"
    assert SECRET in pdf_text(page, planned.meeting)
    mall.goto(f"/meetings/{planned.meeting}/minutes")
    theirs = mall.locator("main").inner_text()
    assert planned.asked in theirs
    assert planned.first not in theirs
    assert "Decisions\n0" in theirs, "what she may not see is not counted either"
    assert SECRET not in theirs
    assert SECRET not in pdf_text(mall, planned.meeting)
    assert read(hub_of(page), f"meetings/{planned.meeting}")["digest"] in pdf_text(mall, planned.meeting)


def pdf_text(page: Page, meeting: str) -> str:
    """The text of the minutes' PDF as its reader gets it, lines joined."""
    answer = page.request.get(f"/meetings/{meeting}/minutes.pdf")
    assert (answer.status, answer.headers["content-type"]) == (httpx2.codes.OK, "application/pdf")
    found = PdfReader(io.BytesIO(answer.body()))
    return " ".join(" ".join(each.extract_text() for each in found.pages).split())


def hub_of(page: Page) -> str:
    """The address that the page came from."""
    return page.url.partition("/meetings")[0]


@pytest.fixture(scope="module")
def open_meeting(hub: str) -> Planned:
    """A meeting that nobody signs off."""
    return plan(hub, "Owen Pask", "Ray Cole", days=40)


def test_somebody_of_another_agency_sees_only_her_item_and_her_pack(open_meeting: Planned, mall: Page) -> None:
    mall.goto(f"/meetings/{open_meeting.meeting}")
    assert mall.locator(f"[id='{open_meeting.asked}']").count() == 1
    assert mall.locator(f"[id='{open_meeting.first}']").count() == 0
    assert mall.get_by_role("button", name="Present").count() == 0
    mall.locator(f"[id='{open_meeting.asked}']").get_by_role("link", name="Case pack").click()
    mall.wait_for_url(f"**/packs/{open_meeting.asked}")
    pack = mall.locator("main").inner_text()
    assert "Held back by your agency’s sharing agreement" in pack
    assert open_meeting.name not in pack
    mall.locator("summary", has_text="Who has read this pack").click()
    assert "Joss Wimbley" in mall.locator("main").inner_text()
    other = mall.request.get(f"/meetings/{open_meeting.meeting}/packs/{open_meeting.first}")
    assert other.status == httpx2.codes.NOT_FOUND


def test_two_who_minute_one_item_get_both_sides_and_an_open_page_is_told(
    page: Page, chrome: Browser, hub: str, open_meeting: Planned
) -> None:
    context = chrome.new_context(viewport=WIDE, base_url=hub)  # type: ignore[arg-type]
    second = context.new_page()
    address = f"/meetings/{open_meeting.meeting}"
    sign_in(page, "ruth-pellow", "/meetings")
    sign_in(second, "colm-ferris", "/meetings")
    page.goto(address)
    second.goto(address)
    minute(page, open_meeting.first, "help", "Outreach goes first.")
    expect(page.locator(f"[id='{open_meeting.first}']")).to_contain_text("Outreach goes first.")
    expect(second.locator("[data-newer]")).to_contain_text("Minuted since")
    minute(second, open_meeting.first, "no-further-action", "He has moved away.")
    alert = second.get_by_role("alert")
    expect(alert).to_contain_text("Not saved")
    said = alert.inner_text()
    assert "Outreach goes first." in said
    assert "He has moved away." in said
    assert "No further action" in said
    assert_sound(second, "two who minuted one item")
    second.get_by_role("button", name="Keep mine as a note of the case").click()
    expect(second.get_by_role("status").first).to_contain_text("Kept as a note")
    notes = [each["why"] for each in read(hub, f"cases/{open_meeting.case}")["timeline"] if each["type"] == "NoteAdded"]
    assert notes == ["He has moved away."]
    context.close()


def test_a_referral_is_put_on_the_agenda_by_hand_and_minuted_by_keyboard(page: Page, hub: str) -> None:
    _, referral = accepted(hub, "Una Vale")
    plan = {"lead_worker": "asha-venn", "plan": "Outreach twice a week."}
    told(hub, DUTY, f"referrals/{referral['reference']}/agree-plan", referral["version"], plan)
    at = datetime.now(UTC) + timedelta(days=2, minutes=random.randrange(2_000))
    body = {"panel": "tcig", "at": at.isoformat()}
    made = httpx2.post(f"{hub}/api/v1/meetings", json=body, headers={"Authorization": f"Bearer {DUTY}"}, timeout=60)
    sign_in(page, "ruth-pellow", "/meetings")
    choice = page.locator("#pick option", has_text=referral["reference"])
    shown(page, f"/meetings/{made.json()['meeting_id']}", choice)
    item = page.locator(f"[id='{referral['reference']}']")
    assert item.count() == 0
    press_key(page, "m")
    page.locator("#pick").select_option(label=choice.inner_text())
    page.get_by_role("button", name="Put it on the agenda").click()
    expect(item).to_contain_text("Put on this agenda")
    item.get_by_role("link").first.focus()
    press_key(page, "d")
    expect(item.locator("select[name=decision]")).to_be_focused()


def test_the_pages_of_a_meeting_are_accessible_and_do_not_scroll_sideways(
    page: Page, open_meeting: Planned, planned: Planned
) -> None:
    sign_in(page, "ruth-pellow", "/meetings")
    whole = f"/meetings/{open_meeting.meeting}"
    signed = f"/meetings/{planned.meeting}/minutes"
    for address in ("/meetings", whole, f"{whole}/minutes", f"{whole}/packs/{open_meeting.first}", signed):
        page.goto(address)
        assert_sound_on_any_screen(page, address)
    page.goto(whole)
    for each in page.locator("article summary").all():
        each.click()
    assert_sound_on_any_screen(page, "a meeting with every form open")


def test_nothing_that_an_agency_without_exact_places_opens_or_gets_names_the_street(
    open_meeting: Planned, mall: Page, hub: str
) -> None:
    case = read(hub, f"referrals/{open_meeting.asked}")["case"]
    street = read(hub, f"cases/{case}")["title"].split(" · ")[1]
    meeting, referral = f"/meetings/{open_meeting.meeting}", open_meeting.asked
    shows = ["/", f"/cases/{case}", f"/cases/{case}/ladder", f"/cases/{case}/refer", f"/search?q={case}"]
    shows += ["/referrals/tcig", f"/referrals/tcig/{referral}", meeting, f"{meeting}/packs/{referral}"]
    for address in (*shows, f"/cases/{case}/evidence", f"/search?q={street}", "/review"):
        mall.goto(address)
        main = mall.locator("main").inner_text()
        assert street not in main, address
        assert address not in shows or "place withheld" in main, address
    mall.goto(f"/search?q={street}")
    assert mall.locator(f"main a[href='/cases/{case}']").count() == 0, "a street that finds a case says where it is"
    assert street not in httpx2.get(f"{hub}/demo/mail.json", timeout=60).text
