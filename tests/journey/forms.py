"""Forms as a person fills them in: open what is folded, write, press, and wait until the page has answered."""

import re

import httpx2
from playwright.sync_api import Locator, Page

from tests.journey.conftest import PATIENCE, sign_in
from tests.journey.steps import until


def become(page: Page, person: str, address: str) -> None:
    """Sign in as somebody else and open the page."""
    sign_in(page, person)

    def there() -> bool:
        answer = page.goto(address)
        return answer is not None and answer.status != httpx2.codes.NOT_FOUND

    # What was just sent to her agency is hers to see once the desk has heard of it.
    until(there, f"{address} to be there for her")


def opened(page: Page, summary: str, within: str = "main") -> Locator:
    """The form that is folded behind those words, unfolded."""
    fold = page.locator(
        f"{within} details", has=page.locator("summary", has_text=re.compile(rf"^{re.escape(summary)}\b"))
    )
    found = fold.last
    if found.get_attribute("open") is None:
        found.locator("summary").first.click()
    return found


def send(page: Page, summary: str, button: str = "", within: str = "main", **fields: str) -> None:
    """Fill the fields in by their labels (`_` for a space) and send; it must be carried out."""
    status = answered(page, summary, button, within, **fields)
    said = page.locator("[role=alert]").all_inner_texts() if status >= httpx2.codes.BAD_REQUEST else []
    assert status == httpx2.codes.SEE_OTHER, (summary, status, said)


def answered(page: Page, summary: str, button: str = "", within: str = "main", **fields: str) -> int:
    """The same, whatever the answer is: its status."""
    form = opened(page, summary, within)
    for label, value in fields.items():
        fill(form, label.replace("_", " "), value)
    return press(page, form, button or summary)


def fill(form: Locator, label: str, value: str) -> None:
    """One field, whatever its kind."""
    field = form.get_by_label(label, exact=False).first
    if field.evaluate("each => each.tagName") == "SELECT":
        field.select_option(value)
    else:
        field.fill(value)


def press(page: Page, form: Locator, button: str) -> int:
    """Press, and wait for the answer to the form: its status."""
    with page.expect_response(lambda answer: answer.request.method == "POST", timeout=PATIENCE) as sent:
        form.get_by_role("button", name=button).first.click()
    page.wait_for_load_state()
    return sent.value.status
