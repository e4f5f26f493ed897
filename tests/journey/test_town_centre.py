"""Three begging reports, walked through the pages: help refused, a warning, a breach, and what the law refuses then."""

import random
import uuid
from typing import Any

import httpx2
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.journey.calls import case_of_call, taken
from tests.journey.conftest import WIDE, sign_in
from tests.journey.forms import answered, become, opened, press, send
from tests.journey.panels import met, minuted, refer, referral_of
from tests.journey.steps import ANSWER_SECONDS, assert_sound_on_any_screen, post_call, routed

pytestmark = pytest.mark.journey
CASEWORKER, CHAIR, SERGEANT, MASH = "asha-venn", "ruth-pellow", "colm-ferris", "miriam-lunt"
NOTICE = "community-protection-notice"
TERMS = {
    "Conduct": "Begging at the doors of shops, every day.",
    "Its_effect": "Customers turn back; an older woman was frightened.",
    "Time_allowed": "From today.",
    "Consequences": "A notice, whose breach is an offence.",
}


def partner_case(hub: str, key: str, sent: dict[str, Any]) -> str:
    """The case of a partner's report."""
    headers = {"Authorization": f"Bearer {key}"}
    body = sent | {"source_id": str(uuid.uuid4())}
    answer = httpx2.post(f"{hub}/api/v1/reports", json=body, headers=headers, timeout=ANSWER_SECONDS)
    assert answer.status_code == httpx2.codes.ACCEPTED, answer.text
    return routed(hub, answer.json(), "town-centre", headers)


@pytest.fixture(scope="module")
def case(chrome: Browser, hub: str) -> str:
    """One case of a call and two officers' reports, about a young man who says that he is eighteen.

    The officers quote the reference that the call desk gave: by that the hub knows the same matter.
    """
    mark = "".join(random.choices("bcdfghklmnprstvw", k=8)).capitalize()
    context = chrome.new_context(viewport=WIDE, base_url=hub)  # type: ignore[arg-type]
    words = "Young man begging by the cash machine."
    page = context.new_page()
    report = taken(page, words, where=f"{mark} Street", category="begging-vagrancy")
    first, told = case_of_call(page, report, "town-centre"), f"Told to 101 as {report}."
    context.close()
    who = {"id": "kit", "role": "subject", "name": f"Kit {mark}", "age": 18}
    same = {"category": "begging-vagrancy", "place": {"text": f"{mark} Street"}, "people": [who]}
    mall = {"description": f"Begging at the doors again, asked to move on, swore at the officer. {told}"}
    csas = {"description": f"Same young man begging outside the bakery, third time today. {told}"}
    found = {partner_case(hub, "demo-mall", same | mall), partner_case(hub, "demo-council-csas", same | csas)}
    assert found == {first}
    return first


def test_three_begging_reports_end_at_a_notice_that_the_page_refuses_for_a_child(page: Page, case: str) -> None:
    sign_in(page, SERGEANT)
    page.goto(f"/cases/{case}")
    expect(page.locator("h1")).to_contain_text("3 reports")
    tcig = refer(page, case, "tcig", Why="Help first.", Behaviour="begging", Consent="given", Is_the_person="no")
    become(page, CHAIR, tcig)
    send(page, "Accept")
    met(page, CHAIR, "tcig", ("Neighbourhood Services", "Police"))
    minuted(page, tcig, "help-and-steps", "Outreach offers a bed.", "Offer him the bed.", CASEWORKER)
    warned(page, case)
    found_to_be_fifteen(page, case)
    refused(page, case)
    safeguarded(page, case)


def warned(page: Page, case: str) -> None:
    """Help is offered and refused; the warning needs a reason and a supervisor, is given, and is breached."""
    become(page, CASEWORKER, f"/cases/{case}/ladder")
    send(
        page,
        "Record an offer",
        "Record the offer",
        What_was_offered="drug-and-alcohol-service",
        What_was_answered="refused",
        In_your="Walked off.",
    )
    expect(page.locator(".lane")).to_contain_text("Said no")
    step = {"Step": "community-protection-warning", "Why": "He goes on."}
    opened(page, "Take a step")
    opened(page, "Terms of a community protection warning")
    assert answered(page, "Take a step", "Record the step", **step, **TERMS) == httpx2.codes.UNPROCESSABLE_CONTENT
    expect(page.get_by_role("alert")).to_contain_text("local order: a reason and a supervisor")
    forgets_nothing(page, step | TERMS)
    passed_over = {"Why_the_local_order": "It is daily.", "Supervisor_who_agreed": CHAIR}
    send(page, "Take a step", "Record the step", **passed_over)
    expect(page.locator(".ladder .is-done")).to_contain_text("Community protection warning")
    send(page, "Record a breach", "Record the breach", What_happened="Begging at the same doors.")
    expect(page.locator(".ladder .is-done")).to_contain_text("Breached.")


def forgets_nothing(page: Page, chosen: dict[str, str]) -> None:
    """Every choice stands in the form again, and what is missing says so at its field."""
    form = page.locator("#take")
    for label, value in chosen.items():
        expect(form.get_by_label(label.replace("_", " "), exact=False).first).to_have_value(value)
    expect(page.locator("#override_reason-error")).to_contain_text("Say why the local order is passed over.")
    expect(page.locator("#supervisor-error")).to_contain_text("Name the supervisor who agreed.")
    expect(page.locator("#instrument-error")).to_contain_text("Local order of steps")
    expect(page.locator("#override_reason")).to_be_visible()


def found_to_be_fifteen(page: Page, case: str) -> None:
    """The age that he said gives way to his date of birth, which police may see and write down."""
    become(page, SERGEANT, f"/cases/{case}")
    people = "section[aria-labelledby=ppl]"
    expect(page.locator(people)).to_contain_text(", 18")
    change = "Change role, contact or date of birth"
    send(page, change, "Change it", people, Date_of_birth="2010-12-20", Why="His school says so.")
    expect(page.locator(people)).to_contain_text("Child")


def refused(page: Page, case: str) -> None:
    """The notice: which rule of the law refused it, that nothing was issued, and what can be done instead."""
    become(page, CASEWORKER, f"/cases/{case}/ladder")
    shut = page.locator(".ladder li:has(> span:text-is('Community protection notice'))")
    expect(shut).to_contain_text("The person is under 16; this is only for 16 or over. (2014 Act s.43(1))")
    asked = answered(page, "Take a step", "Record the step", Step=NOTICE, Why="It goes on.")
    assert asked == httpx2.codes.UNPROCESSABLE_CONTENT
    alert = page.get_by_role("alert")
    expect(alert).to_contain_text("2014 Act s.43(1)")
    expect(alert).to_contain_text("the law: no supervisor can pass over it")
    expect(alert).to_contain_text("Nothing was issued")
    expect(page.locator("section[aria-labelledby=instead]")).to_contain_text("Offer help again")
    expect(page.locator("section[aria-labelledby=instead]")).to_contain_text("Acceptable behaviour agreement")


def safeguarded(page: Page, case: str) -> None:
    """The child's referral to MASH is sent from where the notice was refused, and MASH takes it."""
    form = page.locator("section[aria-labelledby=instead] form")
    expect(form.get_by_label("Why")).to_have_value(
        "Under 18, and a step of the ladder was asked for that the law refuses: 2014 Act s.43(1)."
    )
    form.get_by_label("Consent").select_option("overridden")
    form.get_by_label("Lawful basis of an override").fill("Children Act 2004 s.11")
    form.get_by_label("Who decided the override").fill("Ruth Pellow")
    assert press(page, form, "Send the referral") == httpx2.codes.SEE_OTHER
    mash = referral_of(page, "mash")
    become(page, MASH, mash)
    send(page, "Accept")
    expect(page.locator("dl.facts")).to_contain_text("Screening")
    become(page, CASEWORKER, f"/cases/{case}/ladder")
    answered(page, "Take a step", "Record the step", Step=NOTICE, Why="It goes on.")
    expect(page.locator("section[aria-labelledby=instead]")).to_contain_text("has the case already")


def test_a_refusal_is_accessible_and_does_not_scroll_sideways(page: Page, hub: str) -> None:
    who = {"id": "child", "role": "subject", "name": f"Kit {uuid.uuid4().hex[:6]}", "date_of_birth": "2011-03-01"}
    more: dict[str, Any] = {"place": {"text": "Invented Lane"}, "people": [who]}
    words = "Boy of 15 begging at the station doors every day, frightened of the older ones with him."
    child = routed(hub, post_call(hub, words, **more), "asb-environmental")
    sign_in(page, "helen-strood")
    page.goto(f"/cases/{child}/ladder")
    answered(page, "Take a step", "Record the step", Step=NOTICE, Why="It goes on.")
    expect(page.get_by_role("heading", name="What can be done instead")).to_be_visible()
    assert_sound_on_any_screen(page, "a refused notice")
