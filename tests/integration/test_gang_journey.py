"""From a 101 call about a child to an outcome: MASH, two partners' returns, two meetings, the gang panel, a plan."""

import uuid
from typing import Any

import pytest

from tests.integration.conftest import Pipeline, until
from tests.integration.test_casework import get
from tests.integration.test_meetings import call, item_of, meet, scheduled

pytestmark = pytest.mark.integration
POLICE = {"Authorization": "Bearer demo-police"}
SERGEANT, MASH, YOUTH = "demo-sergeant", "demo-mash", "demo-youth"
WORDS = (
    "Mother calling. Her son is fourteen, has a third new phone and will not say who pays. Older man collects him in a "
    "hire car. Missing overnight twice, came back with cash and new trainers."
)


REFERRAL: dict[str, Any] = {
    "reason": "A child who is made to carry.",
    "consent": {"status": "overridden", "basis": "Children Act 2004 s.11", "by": "Jerome Tansley"},
    "under_18": True,
}


async def called(pipeline: Pipeline) -> dict[str, Any]:
    """The receipt of a 101 call, once it is in a case."""
    child = {"id": "child", "role": "victim", "name": "Alfie Brandt", "age": 14, "under_18": True}
    sent: dict[str, Any] = {"source_id": str(uuid.uuid4()), "line": "101", "category": "child-criminal-exploitation"}
    sent |= {"description": WORDS, "people": [child], "place": {"text": "On or near Hockwell Ring"}}
    intake = pipeline.clients["intake"]
    posted = (await intake.post("/api/v1/calls", json=sent, headers=POLICE)).json()

    async def found() -> Any:
        receipt = (await intake.get(posted["url"], headers=POLICE)).json()
        return receipt if (receipt["decision"] or {}).get("case") else None

    receipt: dict[str, Any] = await until(found, "the call to be in a case")
    return receipt


async def refer(pipeline: Pipeline, key: str, case: str, body: dict[str, Any]) -> str:
    seen = (await get(pipeline, case, key)).json()
    headers = {"If-Match": f'"{seen["version"]}"'}
    answer = await call(pipeline, "POST", f"cases/{case}/referrals", key, json=body, headers=headers)
    assert answer.status_code == 200, answer.text
    reference: str = answer.json()["reference"]
    return reference


async def shown(pipeline: Pipeline, key: str, referral: str) -> dict[str, Any]:
    answer = await call(pipeline, "GET", f"referrals/{referral}", key)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def step(pipeline: Pipeline, key: str, referral: str, name: str, body: dict[str, Any]) -> dict[str, Any]:
    """A step of the referral by one person, at the version that she sees."""
    headers = {"If-Match": f'"{(await shown(pipeline, key, referral))["version"]}"'}
    answer = await call(pipeline, "POST", f"referrals/{referral}/{name}", key, json=body, headers=headers)
    assert answer.status_code == 200, (name, answer.text)
    made: dict[str, Any] = answer.json()
    return made


async def held(pipeline: Pipeline, panel: str, key: str, agencies: tuple[str, ...]) -> str:
    """A meeting of the panel with those agencies present."""
    meeting = await scheduled(pipeline, panel, key)
    for number, agency in enumerate(agencies):
        there = {"agency": agency, "status": "present"}
        noted = await meet(
            pipeline, meeting["meeting_id"], "attendance", there, version=meeting["version"] + number, key=key
        )
        assert noted.status_code == 200, noted.text
    identity: str = meeting["meeting_id"]
    return identity


async def minuted(
    pipeline: Pipeline, meeting: str, referral: str, key: str, said: dict[str, str], action: dict[str, str]
) -> dict[str, Any]:
    """The decision and the action on one item, then the signature; the meeting as it stands."""
    opened = (await call(pipeline, "GET", f"meetings/{meeting}", key)).json()
    version = item_of(opened, referral)["referral"]["version"]
    decided = await meet(pipeline, meeting, "decision", {"referral": referral} | said, version=version, key=key)
    assert (decided.status_code, decided.json()["warning"]) == (200, None), decided.text
    given = await meet(pipeline, meeting, "action", {"referral": referral} | action, key=key)
    assert given.status_code == 200, given.text
    seen = (await call(pipeline, "GET", f"meetings/{meeting}", key)).json()
    signed = await meet(pipeline, meeting, "sign-off", {}, version=seen["version"], key=key)
    assert signed.status_code == 200, signed.text
    found: dict[str, Any] = (await call(pipeline, "GET", f"meetings/{meeting}", key)).json()
    return found


async def told(pipeline: Pipeline, key: str, case: str, name: str, body: dict[str, Any]) -> dict[str, Any]:
    """A command on the case by one person, at the version that she sees."""
    headers = {"If-Match": f'"{(await get(pipeline, case, key)).json()["version"]}"'}
    answer = await call(pipeline, "POST", f"cases/{case}/{name}", key, json=body, headers=headers)
    assert answer.status_code == 200, (name, answer.text)
    made: dict[str, Any] = answer.json()
    return made


async def screened(pipeline: Pipeline, case: str) -> str:
    """MASH accepts, rates amber, asks two partners, who answer, and holds its strategy discussion; the referral."""
    mash = await refer(pipeline, YOUTH, case, REFERRAL | {"panel": "mash"})
    await step(pipeline, MASH, mash, "accept", {})
    rated = await step(pipeline, MASH, mash, "rate", {"rating": "amber", "reason": "Missing twice, no injury seen."})
    assert rated["rating"] == "amber"
    for agency in ("bedfordshire-police", "luton-council-youth-partnership"):
        await step(pipeline, MASH, mash, "request-information", {"agency": agency, "question": "What is known?"})
    await step(pipeline, SERGEANT, mash, "return-information", {"answer": "Stopped in Norwich in May."})
    await step(pipeline, YOUTH, mash, "return-information", {"answer": "Known; attendance fell since June."})
    back = (await shown(pipeline, MASH, mash))["information"]
    assert [each["status"] for each in back] == ["returned", "returned"]
    there = ("luton-council", "bedfordshire-police", "luton-council-youth-partnership")
    strategy = await held(pipeline, "mash", MASH, there)
    said = {"decision": "s47-strategy-discussion", "reason": "Harm is likely; police and youth work together."}
    action = {"what": "See the child at school.", "person": "jerome-tansley"}
    minutes = await minuted(pipeline, strategy, mash, MASH, said, action)
    assert (minutes["status"], item_of(minutes, mash)["minuted"][0]["quorate"]) == ("signed-off", True)
    assert (await shown(pipeline, MASH, mash))["decision"] == "s47-strategy-discussion"
    return mash


async def planned(pipeline: Pipeline, case: str) -> str:
    """The gang panel scores, sets a tier, meets and agrees a plan, which is reviewed; the referral."""
    gang = await refer(pipeline, YOUTH, case, REFERRAL | {"panel": "gang-panel"})
    assert (await shown(pipeline, YOUTH, gang))["beside"] is None, "he is with MASH already: no second referral"
    await step(pipeline, YOUTH, gang, "accept", {"owner": "jerome-tansley"})
    await step(pipeline, YOUTH, gang, "advance", {"step": "score", "fields": {"risk-score": 62}})
    await step(pipeline, YOUTH, gang, "advance", {"step": "tier", "fields": {"tier": "tier-2"}})
    there = ("luton-council-youth-partnership", "bedfordshire-police", "luton-council")
    panel = await held(pipeline, "gang-panel", YOUTH, there)
    said = {"decision": "plan", "reason": "A mentor he knows."}
    action = {"what": "Ask the mentor to begin.", "person": "jerome-tansley"}
    assert (await minuted(pipeline, panel, gang, YOUTH, said, action))["status"] == "signed-off"
    plan = {"lead_worker": "jerome-tansley", "plan": "Mentor twice a week; school keeps the phone in lessons."}
    assert (await step(pipeline, YOUTH, gang, "agree-plan", plan))["status"] == "in-progress"
    await step(pipeline, YOUTH, gang, "review-plan", {"note": "No new phone, home every night."})
    return gang


async def test_a_101_call_about_a_child_goes_through_mash_and_the_gang_panel_to_an_outcome(pipeline: Pipeline) -> None:
    receipt = await called(pipeline)
    case, decision = receipt["decision"]["case"], receipt["decision"]
    assert decision["themes"][0] == "safeguarding-children"
    assert decision["lead_agency"] == "luton-council-youth-partnership"
    assert {"mash", "gang-panel"} <= set(decision["panels"])
    mash = await screened(pipeline, case)
    gang = await planned(pipeline, case)
    for key, referral, outcome in ((YOUTH, gang, "diverted"), (MASH, mash, "s47-strategy-discussion")):
        ended = await step(pipeline, key, referral, "conclude", {"outcome": outcome, "score": "achieved"})
        assert (ended["status"], ended["outcome"], ended["score"]) == ("concluded", outcome, "achieved")
    for task in (await get(pipeline, case, YOUTH)).json()["tasks"]:
        await told(pipeline, YOUTH, case, "task-done", {"task": task["task"], "reason": "It was done."})
    closed = await told(pipeline, YOUTH, case, "close", {"outcome": "person-safe", "reason": "Out of it for a month."})
    assert closed["status"] == "closed"
    happened = [each["type"] for each in (await get(pipeline, case, YOUTH)).json()["timeline"]]
    assert {"ReferralRated", "InformationReturned", "PlanAgreed", "PlanReviewed", "CaseClosed"} <= set(happened)
