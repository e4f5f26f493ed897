"""A referral to Channel goes to the police gateway first: over HTTP, and on the pages of everybody whose turn it is."""

import random
from typing import Any

import httpx2
import pytest
from playwright.sync_api import Page, expect

from tests.journey.forms import become, send
from tests.journey.panels import refer
from tests.journey.steps import case_of, post_call
from tests.journey.test_referrals import told

pytestmark = pytest.mark.journey
CASEWORKER, SUPERVISOR, GATEWAY, CHANNEL = "asha-venn", "ruth-pellow", "colm-ferris", "miriam-lunt"
SENT = {"Why": "He talks of a leader who tells him whom to hate.", "What_the_concern_is": "New friends online."}


def case(hub: str) -> str:
    """A case of Neighbourhood Services, of which the council's own desk knows nothing."""
    mark = "".join(random.choices("bcdfghklmnprstvw", k=8)).capitalize()
    return case_of(hub, post_call(hub, "Loud music, all night.", place={"text": f"{mark} Road"}))


def read(hub: str, key: str, path: str) -> httpx2.Response:
    return httpx2.get(f"{hub}/api/v1/{path}", headers={"Authorization": f"Bearer {key}"}, timeout=60)


def mine(found: dict[str, Any]) -> set[str]:
    """What the reader may do with it now."""
    return {each["step"] or each["command"] for each in found["steps"] if each["mine"]}


def test_over_http_channel_learns_of_a_referral_once_the_gateway_has_passed_it_on(page: Page, hub: str) -> None:
    reference = case(hub)
    version = read(hub, "demo-caseworker", f"cases/{reference}").json()["version"]
    body = {"destination": "channel", "reason": "A worry.", "consent": {"status": "given"}, "under_18": False}
    made = told(hub, "demo-caseworker", f"cases/{reference}/referrals", version, body)
    path = f"referrals/{made['reference']}"
    assert made["status"] == "awaiting-approval"
    assert read(hub, "demo-sergeant", path).status_code == httpx2.codes.NOT_FOUND, "nobody but its sender knows of it"
    become(page, SUPERVISOR, f"/referrals/channel/{made['reference']}")
    send(page, "Approve", "Approve and send")
    waiting = read(hub, "demo-sergeant", path).json()
    assert (waiting["stage"], mine(waiting)) == ("gateway", {"pass-on", "decline", "request-information"})
    assert read(hub, "demo-mash", path).status_code == httpx2.codes.NOT_FOUND
    assert read(hub, "demo-mash", f"cases/{reference}").status_code == httpx2.codes.NOT_FOUND
    passed = told(hub, "demo-sergeant", f"{path}/advance", waiting["version"], {"step": "pass-on"})
    assert passed["stage"] == "received"
    theirs = read(hub, "demo-mash", path).json()
    assert {"accept", "decline"} <= mine(theirs)
    assert told(hub, "demo-mash", f"{path}/accept", theirs["version"], {})["status"] == "accepted"


def test_on_the_pages_the_gateway_passes_on_what_channel_then_takes(page: Page, hub: str) -> None:
    reference = case(hub)
    become(page, CASEWORKER, f"/cases/{reference}/refer?to=channel")
    expect(page.locator("aside")).to_contain_text("Police sees it, and passes it on or declines it")
    expect(page.locator("aside")).to_contain_text("A supervisor of your agency lets it go")
    become(page, CASEWORKER, f"/cases/{reference}")
    address = refer(page, reference, "draft", to="channel", Consent="given", Is_the_person="no", **SENT)
    address = address.replace("/draft/", "/channel/")
    become(page, SUPERVISOR, address)
    send(page, "Approve", "Approve and send")
    expect(page.locator("dl.facts")).to_contain_text("With the gateway")
    become(page, CHANNEL, "/")
    assert page.request.get(address).status == httpx2.codes.NOT_FOUND
    become(page, GATEWAY, address)
    expect(page.locator("main")).not_to_contain_text("Accept")
    send(page, "Pass on")
    expect(page.locator("dl.facts")).to_contain_text("Passed on")
    become(page, CHANNEL, address)
    send(page, "Accept")
    expect(page.locator("dl.facts")).to_contain_text("Accepted")
