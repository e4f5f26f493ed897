"""Steps that the journeys share: send a call, wait for its case, wait for anything."""

import time
import uuid
from typing import Any, Literal

import httpx2
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Locator, Page

from tests.journey.conftest import PHONE, WIDE

_ONLY_MISTAKES = {"resultTypes": ["violations"]}
"""What is right is not written up: on a long page that took as long as to judge it."""
AXE = _ONLY_MISTAKES | {"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}}
COLOURS = _ONLY_MISTAKES | {"runOnly": {"type": "rule", "values": ["color-contrast"]}}
"""In the dark only colours are others: a page's words and parts are judged in the light, where every test looks too."""
POLICE = {"Authorization": "Bearer demo-police"}
DUTY = {"Authorization": "Bearer demo-duty"}
DUTY_MANAGER = "helen-strood"
DEADLINE, ANSWER_SECONDS = 240.0, 60
"""Seconds: nothing takes so long, but a slow machine that runs other tests beside it is no failure."""


def until(find: Any, what: str) -> Any:
    """Wait for a true value."""
    end = time.monotonic() + DEADLINE
    while not (found := find()):
        assert time.monotonic() < end, f"waited in vain for {what}"
        time.sleep(0.1)
    return found


def post_call(hub: str, description: str | None, **changes: Any) -> dict[str, Any]:
    sent = {"source_id": str(uuid.uuid4()), "line": "101", "category": "noise", "description": description} | changes
    answer = httpx2.post(f"{hub}/api/v1/calls", json=sent, headers=POLICE, timeout=ANSWER_SECONDS)
    assert answer.status_code == 202, answer.text
    body: dict[str, Any] = answer.json()
    return body


def case_of(hub: str, posted: dict[str, Any]) -> str:
    def found() -> str | None:
        decision = httpx2.get(hub + posted["url"], headers=POLICE, timeout=ANSWER_SECONDS).json()["decision"]
        case: str | None = decision and decision["case"]
        return case

    reference: str = until(found, "the report's case")
    on_the_desk(hub, posted["reference"], reference)
    return reference


def signed_in(hub: str, person: str) -> httpx2.Client:
    """A browser's session without its browser."""
    answer = httpx2.post(f"{hub}/sign-in", data={"person": person}, timeout=ANSWER_SECONDS)
    assert answer.status_code == httpx2.codes.SEE_OTHER, answer.text
    return httpx2.Client(base_url=hub, timeout=ANSWER_SECONDS, cookies=dict(answer.cookies))


def on_the_desk(hub: str, report: str, case: str) -> None:
    """Wait until the desk's pages have the report in its case: the desk hears of it apart from the receipt."""
    with signed_in(hub, DUTY_MANAGER) as desk:
        until(lambda: f'href="/cases/{case}"' in desk.get(f"/reports/{report}").text, "the desk to have the case")


def shown(page: Page, address: str, what: Locator) -> None:
    """Open the page until it shows that: what a page knows by hearing comes when it comes."""
    until(lambda: page.goto(address) and what.count(), f"{what} on {address}")


def press_key(page: Page, key: str) -> None:
    """Press it once the page hears keys: its script runs after its words are there, and a key before it is lost."""
    page.wait_for_load_state()
    page.keyboard.press(key)


def answer_review(hub: str, report: str, answer: dict[str, Any]) -> None:
    """The duty manager answers a report in review, as its receipt stands now."""
    triage = httpx2.URL(hub).copy_with(port=(httpx2.URL(hub).port or 0) + 2)
    path = f"{triage}/internal/reviews/{report}".replace("//internal", "/internal")
    version = httpx2.get(path, headers=DUTY, timeout=ANSWER_SECONDS).json()["version"]
    body = answer | {"version": version, "reason": "As it was told."}
    given = httpx2.post(path, json=body, headers=DUTY, timeout=ANSWER_SECONDS)
    assert given.status_code == httpx2.codes.OK, given.text


def routed(hub: str, posted: dict[str, Any], theme: str, key: dict[str, str] = POLICE) -> str:
    """The report's case; where triage asks a person first, the duty manager answers with that theme."""

    def settled() -> Any:
        receipt = httpx2.get(hub + posted["url"], headers=key, timeout=ANSWER_SECONDS).json()
        return receipt if receipt["status"] == "in-review" or (receipt["decision"] or {}).get("case") else None

    receipt = until(settled, "the report to be decided")
    if receipt["status"] == "in-review":
        proposed = receipt["decision"]["themes"][:1] == [theme]
        answer_review(
            hub, receipt["reference"], {"action": "confirm"} if proposed else {"action": "change", "themes": [theme]}
        )

    def found() -> Any:
        return (httpx2.get(hub + posted["url"], headers=key, timeout=ANSWER_SECONDS).json()["decision"] or {}).get(
            "case"
        )

    case: str = until(found, "the report's case")
    on_the_desk(hub, posted["reference"], case)
    return case


def assert_sound(page: Page, what: str) -> None:
    """No violation of WCAG 2.2 A and AA that axe finds, and nothing that scrolls sideways; `what` names the page."""
    dark = page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches")
    found = Axe().run(page, options=COLOURS if dark else AXE)
    assert found.violations_count == 0, f"{what}: {found.generate_report()}"
    overflow = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert overflow <= 0, f"{what} scrolls sideways by {overflow} px"


def assert_sound_on_any_screen(page: Page, what: str, *, also_dark: bool = False) -> None:
    """`assert_sound` on a wide screen and on a phone, in the light and perhaps in the dark, on the page as it stands.

    Size and colours are the style sheets' alone, so no page is loaded again for them.
    """
    schemes: tuple[Literal["light", "dark"], ...] = ("light", "dark") if also_dark else ("light",)
    for name, size in (("wide", WIDE), ("phone", PHONE)):
        page.set_viewport_size(size)  # type: ignore[arg-type]
        for scheme in schemes:
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            assert_sound(page, f"{what}, {name}, {scheme}")
    page.set_viewport_size(WIDE)  # type: ignore[arg-type]
    page.emulate_media(color_scheme="light")
