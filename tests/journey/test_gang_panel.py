"""A 101 call about a child, walked through the pages by everybody whose turn it is, to the gang panel's outcome."""

import random
import re

import pytest
from playwright.sync_api import Page, expect

from tests.journey.calls import case_of_call, taken
from tests.journey.conftest import sign_in
from tests.journey.forms import become, press, send
from tests.journey.panels import met, minuted, refer

pytestmark = pytest.mark.journey
CHILD = {
    "Consent": "overridden",
    "Lawful_basis": "Children Act 2004 s.11",
    "Who_decided": "Jerome Tansley",
    "Is_the_person_under_18": "yes",
}
BOY = {"Name": "Alfie Marsh", "Date_of_birth": "2012-03-01", "Role": "victim"}
YOUTH, MASH, SERGEANT = "jerome-tansley", "miriam-lunt", "colm-ferris"
WORDS = (
    "Mother calling. Her son is fourteen, has a third new phone and will not say who pays. Older man collects him in a "
    "hire car. Missing overnight twice, came back with cash and new trainers."
)


def called(page: Page) -> str:
    """The case of a call that is taken at the call desk, about a child on a street of this run alone."""
    mark = "".join(random.choices("bcdfghklmnprstvw", k=8)).capitalize()
    report = taken(page, WORDS, where=f"{mark} Road", category="child-criminal-exploitation")
    return case_of_call(page, report, "safeguarding-children")


def named(page: Page) -> None:
    """Whom the call was about is written down on the case: a call-taker asks for no names of others."""
    send(page, "Add a person", "Add", "section[aria-labelledby=ppl]", **BOY)
    expect(page.locator("section[aria-labelledby=ppl]")).to_contain_text("Alfie Marsh")


def test_a_101_call_about_a_child_reaches_the_gang_panels_outcome_through_the_pages(page: Page) -> None:
    case = called(page)
    sign_in(page, YOUTH)
    page.goto(f"/cases/{case}")
    expect(page.locator("header.case__head")).to_contain_text("Youth Partnership")
    expect(page.locator(".facts")).to_contain_text("Safeguarding")
    page.get_by_role("button", name="Take", exact=True).click()
    expect(page.locator(".facts")).to_contain_text("Jerome Tansley")
    named(page)
    mash = refer(page, case, "mash", Why="A child who is made to carry.", What_the_worry="exploitation", **CHILD)
    screened(page, mash)
    gang = refer(page, case, "gang-panel", Why="At risk of youth violence.", Nominated_for="at-risk", **CHILD)
    planned(page, gang)
    ended(page, case, mash, gang)


def screened(page: Page, mash: str) -> None:
    """Accepted, rated amber, two partners asked and heard, the strategy discussion held, minuted and signed."""
    become(page, MASH, mash)
    send(page, "Accept")
    send(page, "Rate", Rating="amber", Why="Missing twice, no injury seen.")
    expect(page.locator("dl.facts")).to_contain_text("Amber")
    send(page, "Ask for information", "Ask", Whom="bedfordshire-police", What="What is known of him?")
    send(page, "Ask for information", "Ask", Whom="luton-council-youth-partnership", What="How does he do at school?")
    become(page, SERGEANT, mash)
    send(page, "Answer a question", "Send the answer", The_answer="Stopped in Norwich in May, with an older man.")
    become(page, YOUTH, mash)
    send(page, "Answer a question", "Send the answer", The_answer="Attendance fell since June.")
    expect(page.locator("main")).to_contain_text("Partner returns 2 of 2")
    met(page, MASH, "mash", ("Council", "Police", "Youth Partnership"))
    minuted(page, mash, "s47-strategy-discussion", "Harm is likely.", "See him at school.", YOUTH)
    page.goto(mash)
    expect(page.locator("dl.facts")).to_contain_text("Discussed")


def planned(page: Page, gang: str) -> None:
    """Scored, tiered, decided and planned by the gang panel; the plan is reviewed once."""
    become(page, YOUTH, gang)
    send(page, "Accept")
    send(page, "Score the risk", Risk_score="62")
    send(page, "Set the tier", Tier="tier-2")
    met(page, YOUTH, "gang-panel", ("Youth Partnership", "Police", "Council"))
    minuted(page, gang, "plan", "A mentor he knows.", "Ask the mentor to begin.", YOUTH)
    page.goto(gang)
    expect(page.locator("dl.facts")).to_contain_text("Discussed")
    send(page, "Agree the plan", Lead_worker="jerome-tansley", The_plan="Mentor twice a week, phone kept in lessons.")
    expect(page.locator("main")).to_contain_text("Jerome Tansley leads the work.")
    send(page, "Review the plan", What_the_review_found="No new phone, home every night.")
    expect(page.locator("main")).to_contain_text("1 held")


def ended(page: Page, case: str, mash: str, gang: str) -> None:
    """Both referrals conclude as achieved, and the case closes with its outcome."""
    send(page, "Exit", Outcome="diverted", Achieved="achieved")
    expect(page.locator("main")).to_contain_text("diverted, achieved")
    become(page, MASH, mash)
    send(page, "Conclude", Outcome="s47-strategy-discussion", Achieved="achieved")
    become(page, YOUTH, f"/cases/{case}")
    tasks = page.locator("section[aria-labelledby=tsk]")
    while (done := tasks.locator("summary", has_text="Done")).count():
        left = done.count()
        done.first.click()
        tasks.locator("details[open] textarea").fill("It was done.")
        press(page, tasks.locator("details[open]"), "Done")
        expect(done).to_have_count(left - 1)
    send(page, "Close", "Close the case", Outcome="person-safe", Why="Out of it for a month.")
    expect(page.locator(".facts")).to_contain_text(re.compile("Closed"))
    expect(page.locator(".moj-timeline")).to_contain_text("Out of it for a month.")
