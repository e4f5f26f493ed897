"""Takes the README's pictures from a running demonstration: `python -m tests.journey.pictures [ADDRESS]`.

Let the demonstration run for ten minutes before, so that its stories have come far; and look at what was taken.
"""

import sys
from pathlib import Path
from typing import Any

import httpx2
from playwright.sync_api import Browser, sync_playwright

from deploy.local import browser as chromium
from tests.journey.conftest import FLAGS, PHONE, WIDE, sign_in
from tests.journey.steps import DUTY

PICTURES = Path(__file__).parents[2] / "docs" / "pictures"
SCREENS = (("1440", WIDE), ("390", PHONE))
PLACE, THEME = "Marsh Road", "domestic-abuse-osse"
"""Where the demonstration's fourth story happens: a case with words, signs, people, referrals and tasks."""


def told_case(hub: str) -> str:
    """The address of the fourth story's case. Raises `SystemExit` where the story has not been told yet."""
    asked: dict[str, str] = {"status": "open"}
    while True:
        answer = httpx2.get(f"{hub}/api/v1/cases", params=asked, headers=DUTY, timeout=30)
        page: dict[str, Any] = answer.raise_for_status().json()
        for case in page["items"]:
            if PLACE in case["title"] and THEME in case["themes"]:
                return f"/cases/{case['reference']}"
        if page["next"] is None:
            raise SystemExit(f"No open case at {PLACE} yet: wait until the demonstration has told its fourth story.")
        asked["after"] = page["next"]


def take(chrome: Browser, hub: str, name: str, address: str, size: dict[str, int]) -> None:
    """One picture of one page, as the duty manager sees it."""
    context = chrome.new_context(viewport=size, base_url=hub)  # type: ignore[arg-type]
    page = context.new_page()
    sign_in(page, "helen-strood", address)
    page.wait_for_load_state("networkidle" if address == "/demo" else "load")
    page.evaluate("document.fonts.ready")
    page.screenshot(path=PICTURES / f"{name}.png")
    context.close()


def main() -> None:
    """Take all five."""
    hub = sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:8000"
    case = told_case(hub)
    with sync_playwright() as playwright:
        chrome = playwright.chromium.launch(executable_path=str(chromium.find()), args=FLAGS)
        take(chrome, hub, "demo-1440", "/demo", WIDE)
        for name, size in SCREENS:
            take(chrome, hub, f"worklist-{name}", "/", size)
            take(chrome, hub, f"case-{name}", case, size)
        chrome.close()


if __name__ == "__main__":
    main()
