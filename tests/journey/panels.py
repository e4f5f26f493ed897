"""A panel's meeting as its chair runs it on the pages: planned, attended, minuted, read and signed off."""

import random
from datetime import datetime, timedelta

import httpx2
from playwright.sync_api import Page, expect

from tests.journey.forms import become, fill, opened, press, send
from tests.journey.steps import shown


def refer(page: Page, case: str, route: str, to: str = "", **fields: str) -> str:
    """Refer from the case page by the route's own form; the referral's address. It must be carried out.

    `to` where the referral waits for a supervisor first, and so stands as `route` on the case page.
    """
    page.goto(f"/cases/{case}")
    form = opened(page, "Refer")
    fill(form, "To which panel or service", to or route)
    form.get_by_role("button", name="Go on to its form").click()
    page.wait_for_url(f"**/cases/{case}/refer?to={to or route}")
    main = page.locator("main form").first
    for label, value in fields.items():
        fill(main, label.replace("_", " "), value)
    assert press(page, main, "Send the referral") == httpx2.codes.SEE_OTHER
    return referral_of(page, route)


def referral_of(page: Page, route: str) -> str:
    """The address of the case page's referral on that route."""
    link = page.locator(f"section[aria-labelledby=refs] a[href^='/referrals/{route}/']").first
    shown(page, page.url.partition("?")[0], link)
    return link.get_attribute("href") or ""


def met(page: Page, chair: str, panel: str, present: tuple[str, ...]) -> str:
    """Plan a meeting of the panel and note who is there; its address."""
    become(page, chair, "/meetings")
    at = datetime.now() + timedelta(days=20, minutes=random.randrange(20_000))  # noqa: DTZ005 - a form's local time
    send(page, "Plan a meeting", "Plan it", Panel=panel, Day_and_time=f"{at:%Y-%m-%dT%H:%M}")
    for agency in present:
        button = page.get_by_role("button", name=f"Present, {agency}", exact=True)
        button.click()
        expect(button).to_have_attribute("aria-pressed", "true")
    expect(page.locator("dl.facts")).to_contain_text("quorum")
    return page.url.partition("?")[0]


def minuted(page: Page, referral: str, decision: str, why: str, action: str, person: str) -> None:
    """The decision and an action on the referral's item of the meeting that is open, and the chair's signature."""
    reference = referral.rpartition("/")[2]
    send(page, "Minute a decision", "Minute it", f"[id='{reference}']", The_panel_decides=decision, Why=why)
    expect(page.locator(f"[id='{reference}']")).to_contain_text(why)
    send(page, "Give an action", "Give it", f"[id='{reference}']", What_is_to_be_done=action, By_whom=person)
    expect(page.locator(f"[id='{reference}']")).to_contain_text(action)
    page.get_by_role("link", name="Read and sign off").click()
    page.get_by_label("I have read these minutes").check()
    press(page, page.locator("main"), "Sign the minutes off")
    expect(page.get_by_role("heading", name="Signature")).to_be_visible()
