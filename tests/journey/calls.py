"""A 101 call as a call-taker takes it at `/call`: by keyboard, saved while the caller speaks, and its reference."""

import re
from typing import Any

from playwright.sync_api import Page, expect

from tests.journey.conftest import sign_in

TAKER = "imran-dacre"
REFERENCE = re.compile(r"R(?:-[0-9A-Z]{3}){3}")
SAVED = 60_000
"""Milliseconds that a first save may take on a machine that runs other tests beside it."""


def taken(page: Page, words: str, *, where: str, category: str) -> dict[str, Any]:
    """Take the call and finish it; the report as the receipt is asked for: `reference` and `url`."""
    sign_in(page, TAKER, "/call")
    page.keyboard.press("Alt+1")
    page.keyboard.press("n")
    page.keyboard.press("Alt+4")
    page.keyboard.type(where)
    page.locator("#category").select_option(category)
    page.keyboard.press("Alt+6")
    page.keyboard.insert_text(words)
    expect(page.locator("[data-saved]")).to_contain_text("Saved", timeout=SAVED)
    page.keyboard.press("Control+Enter")
    expect(page.locator("[data-saved]")).to_contain_text("this is the next call", timeout=SAVED)
    found = REFERENCE.search(page.locator("[data-saved]").inner_text())
    assert found is not None
    return {"reference": found[0], "url": f"/api/v1/reports/{found[0]}"}
