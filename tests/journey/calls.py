"""A 101 call as a call-taker takes it at `/call`: by keyboard, saved while the caller speaks, and its reference."""

import re
from pathlib import Path

from playwright.sync_api import Page, expect

from services.partnership.loading import load_partnership
from tests.journey.conftest import sign_in
from tests.journey.steps import DUTY_MANAGER, press_key, until

PARTNERSHIP = load_partnership(Path("partnerships/luton"))
TAKER = "imran-dacre"
REFERENCE = re.compile(r"R(?:-[0-9A-Z]{3}){3}")


def taken(page: Page, words: str, *, where: str, category: str) -> str:
    """Take the call and finish it; the reference of its report."""
    sign_in(page, TAKER, "/call")
    press_key(page, "Alt+1")
    press_key(page, "n")
    press_key(page, "Alt+4")
    page.keyboard.type(where)
    page.locator("#category").select_option(category)
    press_key(page, "Alt+6")
    page.keyboard.insert_text(words)
    expect(page.locator("[data-saved]")).to_contain_text("Saved")
    press_key(page, "Control+Enter")
    expect(page.locator("[data-saved]")).to_contain_text("this is the next call")
    found = REFERENCE.search(page.locator("[data-saved]").inner_text())
    assert found is not None
    return found[0]


def case_of_call(page: Page, report: str, theme: str) -> str:
    """The case of the call, as the duty manager finds it; where triage asks a person first, she answers that theme."""
    sign_in(page, DUTY_MANAGER)
    where: str = until(lambda: _stands(page, report), "the call to be decided")
    if where == "in review":
        _answer(page, report, theme)
    return until(lambda: _case(page, report), "the call's case")  # type: ignore[no-any-return]


def _stands(page: Page, report: str) -> str | None:
    page.goto(f"/reports/{report}")
    if page.get_by_text("in review").count():
        return "in review"
    return _case(page, report)


def _case(page: Page, report: str) -> str | None:
    page.goto(f"/reports/{report}")
    link = page.locator("dl.facts a[href^='/cases/']")
    return link.inner_text() if link.count() else None


def _answer(page: Page, report: str, theme: str) -> None:
    page.goto(f"/review/{report}")
    proposed = page.locator(".rv__prop tr", has_text="Theme").first.inner_text()
    if PARTNERSHIP.theme(theme).short_name in proposed:
        press_key(page, "1")
    else:
        press_key(page, "2")
        page.locator("#theme").select_option(theme)
    page.locator("#reason").fill("As it was told.")
    press_key(page, "Control+Enter")
    page.wait_for_url(lambda address: f"review/{report}" not in address)
