"""An analyst changes a rule: refused at its cell, drafted, tried on history, approved, published, and it decides."""

from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
from playwright.sync_api import Page, expect

from tests.journey.conftest import PHONE, sign_in
from tests.journey.steps import ANSWER_SECONDS, POLICE, assert_sound_on_any_screen, post_call, until

pytestmark = pytest.mark.journey
DAY = "2020-01-01"


@pytest.fixture
def before(page: Page) -> Iterator[int]:
    """The version in force, which is in force again afterwards: other tests count on it."""
    sign_in(page, "maya-orchard", "/rules")
    row = page.locator("tr.is-now")
    number = int(row.locator("a").first.inner_text().removeprefix("Version "))
    yield number
    sign_in(page, "helen-strood", f"/rules/{number}")
    if page.locator("summary", has_text="Take back into force").count():
        page.locator("summary", has_text="Take back into force").click()
        page.locator("#why-roll-back").fill("The test is over.")
        page.get_by_role("button", name="Take back into force").click()
        expect(page.locator(".moj-badge")).to_have_text("in force")


def decision(hub: str, posted: dict[str, Any]) -> dict[str, Any]:
    def found() -> Any:
        return httpx2.get(hub + posted["url"], headers=POLICE, timeout=ANSWER_SECONDS).json()["decision"]

    made: dict[str, Any] = until(found, "the decision")
    return made


def test_a_rule_is_changed_by_an_analyst_and_decides_after_a_second_person_approved_it(
    page: Page, hub: str, before: int
) -> None:
    words = {"category": "vehicle-abandoned", "description": "A car without plates has stood here for weeks."}
    first = decision(hub, post_call(hub, place={"text": "Hitchin Road"}, **words))
    assert first["themes"][0] == "asb-environmental"
    _edit_wrongly_then_rightly(page, before)
    draft = _shadow_run_and_proposal(page)
    expect(page.locator("main")).to_contain_text("Somebody who did not write it must approve it.")
    sign_in(page, "helen-strood", f"/rules/{draft}")
    page.get_by_role("button", name="Approve", exact=True).click()
    expect(page.locator(".moj-badge")).to_have_text("approved")
    sign_in(page, "maya-orchard", f"/rules/{draft}")
    page.get_by_role("button", name="Publish", exact=True).click()
    expect(page.locator(".moj-badge")).to_have_text("in force")
    then = decision(hub, post_call(hub, place={"text": "Ashcroft Road"}, **words))
    assert then["themes"][0] == "re-offending"
    assert f"+r{draft}.t" in then["rule_set"]
    assert f"+r{draft}.t" not in first["rule_set"]
    page.goto("/rules")
    until(lambda: _told(page, draft), "desk to have heard of it")


def _told(page: Page, draft: int) -> bool:
    page.reload()
    return page.locator("section", has_text="Came into force").locator("a", has_text=f"Version {draft}").count() > 0


def _edit_wrongly_then_rightly(page: Page, number: int) -> None:
    page.goto(f"/rules/{number}/tables/category")
    page.locator("tr#vehicle-abandoned th a").click()
    page.get_by_label("When: category").fill("vehicle-abandoned")
    page.locator("#reason").fill("Abandoned cars are a matter of re-offending (invented).")
    page.get_by_role("button", name="Save in the draft").click()
    expect(page.locator("#cell-category-error")).to_contain_text("row vehicle-abandoned, column category")
    expect(page.locator("#cell-category-error")).to_contain_text("is a bare word")
    expect(page.locator("#reason")).to_have_value("Abandoned cars are a matter of re-offending (invented).")
    page.get_by_label("When: category").fill('"vehicle-abandoned"')
    page.get_by_label("Then: theme").select_option('"re-offending"')
    page.get_by_label("Then: weight").fill("0.95")
    page.get_by_role("button", name="Save in the draft").click()
    expect(page.locator(".moj-badge")).to_have_text("draft")
    expect(page.locator("tr#vehicle-abandoned")).to_contain_text("re offending")


def _ended(page: Page) -> bool:
    return page.locator(".rules__run").count() > 0 and page.locator(".rules__run progress").count() == 0


def _shadow_run_and_proposal(page: Page) -> int:
    page.locator(".case__crumb a").nth(1).click()
    draft = int(page.url.rpartition("/")[2])
    expect(page.locator("section", has_text="What it changes").first).to_contain_text("theme: re offending")
    page.locator("#since").fill(DAY)
    page.get_by_role("button", name="Run it").click()
    until(lambda: page.goto(f"/rules/{draft}") and _ended(page), "the shadow run")
    run = page.locator(".rules__run").first
    expect(run).to_contain_text("would be decided otherwise")
    expect(run.locator("tr", has_text="theme").first).to_contain_text("re offending")
    page.get_by_role("button", name="Propose", exact=True).click()
    expect(page.locator(".moj-badge")).to_have_text("proposed")
    return draft


def test_a_term_that_could_never_be_found_is_refused_by_its_list(page: Page) -> None:
    sign_in(page, "maya-orchard", "/rules")
    page.locator("tr.is-now a").first.click()
    page.get_by_role("link", name="Words").click()
    page.get_by_role("link", name="signals: weapon").click()
    page.locator("#terms").fill("kni(fe|ves\nmachete")
    page.locator("#reason").fill("Try it.")
    page.get_by_role("button", name="Save in the draft").click()
    expect(page.get_by_role("alert")).to_contain_text(
        "list signals/weapon: `kni(fe|ves` has brackets that do not close"
    )


def test_the_rules_are_not_for_everybody(page: Page) -> None:
    sign_in(page, "colm-ferris")
    answer = page.goto("/rules")
    assert answer is not None
    assert answer.status == 403
    assert page.get_by_role("link", name="Rules", exact=True).count() == 0


def test_a_rule_s_figures_are_shown_beside_its_words(page: Page, hub: str) -> None:
    words = {"category": "vehicle-abandoned", "description": "A car without plates has stood here for weeks."}
    decision(hub, post_call(hub, place={"text": "Kimpton Road"}, **words))
    sign_in(page, "maya-orchard", "/rules")
    page.get_by_role("link", name="How good they are").click()
    row = page.locator("tr[data-row]", has=page.locator("a[href$='/tables/category#vehicle-abandoned']"))
    assert int(row.locator("td").nth(1).inner_text()) >= 1
    row.locator("a").click()
    expect(page.locator("tr#vehicle-abandoned")).to_be_visible()


def test_an_analyst_finds_the_rules_in_the_menu_of_her_phone(page: Page) -> None:
    page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    sign_in(page, "maya-orchard", "/")
    page.locator("summary", has_text="Menu").click()
    page.locator("details.menu").get_by_role("link", name="Rules").click()
    expect(page.locator("h1")).to_have_text("Rules")


def test_the_rules_pages_are_accessible_and_do_not_scroll_sideways(page: Page) -> None:
    sign_in(page, "helen-strood", "/rules")
    for address in (
        "/rules",
        "/rules/quality",
        "/rules/1",
        "/rules/1/tables/risk",
        "/rules/1/tables/signals/row?id=weapon",
        "/rules/1/words?section=signals/weapon",
    ):
        page.goto(address)
        assert_sound_on_any_screen(page, address, also_dark=True)
