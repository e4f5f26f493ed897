"""An analyst changes a rule: refused at its cell, drafted, tried on history, approved, published, and it decides."""

from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
from playwright.sync_api import Browser, Page, expect

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
    words: dict[str, Any] = {"category": "vehicle-abandoned", "description": None}  # so that the rule alone decides
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


def _draft(page: Page, weight: str) -> int:
    """A draft of the version in force in which one cell is another; its page is open."""
    sign_in(page, "maya-orchard", "/rules")
    page.locator("tr.is-now a").first.click()
    before = page.url.rpartition("/")[2]
    page.goto(f"{page.url}/tables/category/row?id=street-drinking")
    page.get_by_label("Then: weight").fill(weight)
    page.locator("#reason").fill("Try another weight (invented).")
    page.get_by_role("button", name="Save in the draft").click()
    draft = int(page.url.partition("/rules/")[2].partition("/")[0])
    expect(page.get_by_role("status")).to_have_text(
        f"Your change is in a new draft, version {draft}. Version {before}, from which it was begun, stays as it was."
    )
    return draft


def test_a_row_that_a_colleague_changed_meanwhile_is_shown_beside_hers_and_nothing_is_put_back(
    page: Page, chrome: Browser, hub: str
) -> None:
    draft = _draft(page, "0.61")
    form = f"/rules/{draft}/tables/category/row?id=street-drinking"
    page.goto(form)
    other = chrome.new_page(base_url=hub)
    sign_in(other, "helen-strood", "/rules")
    other.goto(form)
    other.get_by_label("Then: weight").fill("0.62")
    other.get_by_label("In plain words").fill("Drinking in the street (invented)")
    other.get_by_role("button", name="Save in the draft").click()
    expect(other.locator("tr#street-drinking")).to_contain_text("0.62")
    other.close()
    page.get_by_label("Then: weight").fill("0.63")
    page.get_by_role("button", name="Save in the draft").click()
    expect(page.get_by_role("alert")).to_contain_text("The row was changed while you were writing")
    differs = page.locator(".conflict")
    expect(differs).to_contain_text("Now; Helen Strood saved it last")
    expect(differs.locator("tr", has_text="Then: weight").locator("td")).to_have_text(
        ["0.61", "0.62 changed", "0.63 changed"]
    )
    expect(page.get_by_label("Then: weight")).to_have_value("0.63")
    expect(page.get_by_label("In plain words")).to_have_value("Drinking in the street (invented)")
    assert_sound_on_any_screen(page, form)
    page.get_by_role("button", name="Save in the draft").click()
    expect(page.locator("tr#street-drinking")).to_contain_text("0.63")
    expect(page.locator("tr#street-drinking")).to_contain_text("Drinking in the street (invented)")
    page.goto(form)
    page.get_by_role("button", name="Save in the draft").click()
    expect(page.get_by_role("status")).to_have_text("Nothing was changed: you saved the row as it was.")


def _add_term(page: Page, term: str) -> None:
    terms = page.locator("#terms").input_value()
    page.locator("#terms").fill(f"{terms}\n{term}")
    with page.expect_navigation():
        page.get_by_role("button", name="Save in the draft").click()


def test_a_list_of_words_that_a_colleague_changed_meanwhile_keeps_what_both_added(
    page: Page, chrome: Browser, hub: str
) -> None:
    form = f"/rules/{_draft(page, '0.65')}/words?section=signals/weapon"
    page.goto(form)
    page.get_by_role("button", name="Save in the draft").click()
    expect(page.get_by_role("status")).to_have_text("Nothing was changed: you saved the list as it was.")
    other = chrome.new_page(base_url=hub)
    sign_in(other, "helen-strood", "/rules")
    other.goto(form)
    _add_term(other, "invented spear")
    expect(other.get_by_role("alert")).to_have_count(0)
    other.close()
    _add_term(page, "invented lance")
    expect(page.get_by_role("alert")).to_contain_text("Helen Strood saved the version last. Added: invented spear.")
    page.get_by_role("button", name="Save in the draft").click()
    expect(page.get_by_role("alert")).to_have_count(0)
    assert page.locator("#terms").input_value().splitlines()[-2:] == ["invented spear", "invented lance"]


def test_a_publishing_time_that_is_past_is_refused_and_nothing_is_published(page: Page) -> None:
    draft = _draft(page, "0.64")
    page.goto(f"/rules/{draft}")
    page.get_by_role("button", name="Propose", exact=True).click()
    sign_in(page, "helen-strood", f"/rules/{draft}")
    page.get_by_role("button", name="Approve", exact=True).click()
    page.locator("#effective_from").fill("2020-01-01T09:00")
    page.get_by_role("button", name="Publish", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("That time has passed.")
    expect(page.locator(".moj-badge")).to_have_text("approved")


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
    words = {
        "category": "vehicle-abandoned",
        "description": "Abandoned car without plates, it has stood here for weeks with its windows gone.",
    }
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
