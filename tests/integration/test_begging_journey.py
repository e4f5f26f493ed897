"""Three begging reports, the town centre's group, help refused, a warning, a breach, and what the law refuses then."""

import uuid
from typing import Any

import pytest

from tests.integration.conftest import Pipeline, until
from tests.integration.test_casework import get
from tests.integration.test_gang_journey import held, minuted, refer, shown, step, told
from tests.integration.test_meetings import call

pytestmark = pytest.mark.integration
CASEWORKER, TOWN, MASH = "demo-caseworker", "demo-town-centre", "demo-mash"
PLACE = {"text": "On or near George Street", "latitude": 51.87922, "longitude": -0.41713}
SAID_18 = {"id": "kit", "role": "subject", "name": "Kit Arden", "age": 18}
REPORTS: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("calls", "demo-police", {"line": "101", "description": "Lad begging by the cash machine, says he is eighteen."}),
    (
        "reports",
        "demo-mall",
        {"description": "Kit begging at the doors again, asked to move on, swore at the officer."},
    ),
    ("reports", "demo-council-csas", {"description": "Same young man begging outside the bakery, third time today."}),
)
TERMS = {
    "conduct": "Begging at the doors of shops, every day.",
    "effect": "Customers turn back; an older woman was frightened.",
    "time-allowed": "From today.",
    "consequences": "A notice, whose breach is an offence.",
}
OVERRIDE = {"reason": "It is daily, and an agreement was refused.", "supervisor": "ruth-pellow"}


async def reported(pipeline: Pipeline) -> str:
    """The one case that the three reports came to."""
    intake, cases = pipeline.clients["intake"], set()
    for path, key, more in REPORTS:
        headers = {"Authorization": f"Bearer {key}"}
        sent = {"source_id": str(uuid.uuid4()), "category": "begging-vagrancy", "place": PLACE, "people": [SAID_18]}
        posted = (await intake.post(f"/api/v1/{path}", json=sent | more, headers=headers)).json()

        async def case(posted: dict[str, Any] = posted, headers: dict[str, str] = headers) -> Any:
            got = (await intake.get(posted["url"], headers=headers)).json()
            return (got["decision"] or {}).get("case")

        cases.add(await until(case, "the report to be in a case"))
    (reference,) = cases
    found: str = reference
    return found


async def asked_for(pipeline: Pipeline, key: str, case: str, body: dict[str, Any]) -> Any:
    """A step of the ladder by one person, and its answer whatever it is."""
    headers = {"If-Match": f'"{(await get(pipeline, case, key)).json()["version"]}"'}
    return await call(pipeline, "POST", f"cases/{case}/steps", key, json=body, headers=headers)


async def warned(pipeline: Pipeline, case: str) -> None:
    """Help is offered and refused, then a written warning is given and breached."""
    offer = {"offered": "drug-and-alcohol-service", "answer": "refused", "note": "A bed and the van; he walked off."}
    await told(pipeline, CASEWORKER, case, "support", offer)
    warning = {"instrument": "community-protection-warning", "fields": TERMS, "reason": "He goes on."}
    out_of_order = await asked_for(pipeline, CASEWORKER, case, warning)
    assert (out_of_order.status_code, out_of_order.json()["code"]) == (422, "ladder-step-out-of-order")
    given = await asked_for(pipeline, CASEWORKER, case, warning | {"override": OVERRIDE})
    assert given.status_code == 200, given.text
    (taken,) = (await call(pipeline, "GET", f"cases/{case}/ladder", CASEWORKER)).json()["taken"]
    assert (taken["instrument"], taken["supervisor"]) == ("community-protection-warning", "ruth-pellow")
    await told(pipeline, CASEWORKER, case, "breaches", {"step": taken["step_id"], "what": "Begging at the same doors."})


async def test_three_begging_reports_end_at_a_notice_that_the_law_refuses_for_a_fifteen_year_old(
    pipeline: Pipeline,
) -> None:
    case = await reported(pipeline)
    body = {"panel": "tcig", "reason": "Help first.", "consent": {"status": "given"}, "under_18": False}
    tcig = await refer(pipeline, "demo-sergeant", case, body)
    await step(pipeline, TOWN, tcig, "accept", {})
    meeting = await held(pipeline, "tcig", TOWN, ("luton-council-neighbourhood-services", "bedfordshire-police"))
    said = {"decision": "help-and-steps", "reason": "Outreach offers a bed; a warning is written if he refuses."}
    action = {"what": "Offer the bed.", "person": "asha-venn"}
    assert (await minuted(pipeline, meeting, tcig, TOWN, said, action))["status"] == "signed-off"
    await warned(pipeline, case)

    (person,) = (await get(pipeline, case, CASEWORKER)).json()["people"]
    found = {"person": person["person"], "date_of_birth": "2010-12-20", "reason": "His school says so."}
    await told(pipeline, CASEWORKER, case, "person", found)
    refused = await asked_for(
        pipeline, CASEWORKER, case, {"instrument": "community-protection-notice", "reason": "On."}
    )
    assert (refused.status_code, refused.json()["code"]) == (422, "ladder-step-not-lawful")
    assert [(each["rule"], each["provision"]) for each in refused.json()["unmet"]] == [
        ("minimum-age", "2014 Act s.43(1)")
    ]
    instead = refused.json()["instead"]
    assert (instead["refer"]["code"], instead["referred"], instead["help"]) == ("mash", False, True)
    assert "acceptable-behaviour-agreement" in [each["code"] for each in instead["steps"]]
    ladder = (await call(pipeline, "GET", f"cases/{case}/ladder", CASEWORKER)).json()
    assert [each["instrument"] for each in ladder["taken"]] == ["community-protection-warning"] * 2
    assert [each["breach_of"] is None for each in ladder["taken"]] == [True, False]

    overridden = {"status": "overridden", "basis": "Children Act 2004 s.11", "by": "Ruth Pellow"}
    body = {"panel": "mash", "reason": "A child of fifteen.", "consent": overridden, "under_18": True}
    mash = await refer(pipeline, CASEWORKER, case, body)
    assert (await step(pipeline, MASH, mash, "accept", {}))["status"] == "accepted"
    again = await asked_for(pipeline, CASEWORKER, case, {"instrument": "community-protection-notice", "reason": "On."})
    assert again.json()["instead"]["referred"] is True
    assert (await shown(pipeline, TOWN, tcig))["status"] == "discussed"
