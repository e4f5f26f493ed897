"""One report through every hop, on real engines: from the POST to the case, the receipt and the mail."""

import uuid
from itertools import count
from typing import Any

import pytest

from tests.integration.conftest import Pipeline, until

pytestmark = pytest.mark.integration
POLICE = {"Authorization": "Bearer demo-police"}
DUTY = {"Authorization": "Bearer demo-duty"}
_PLACES = count()


@pytest.fixture(autouse=True)
def place() -> dict[str, Any]:
    """A place in the town centre of this test's own: like reports of different tests are never joined."""
    number = next(_PLACES)
    HERE.update(
        text="On or near George Street",
        latitude=51.8765 + 0.0013 * (number % 5),
        longitude=-0.4195 + 0.002 * (number // 5),
    )
    return HERE


HERE: dict[str, Any] = {}


async def post(pipeline: Pipeline, **changes: Any) -> dict[str, Any]:
    sent = {"source_id": str(uuid.uuid4()), "category": "begging-vagrancy", "place": dict(HERE)} | changes
    answer = await pipeline.clients["intake"].post("/api/v1/reports", json=sent, headers=POLICE)
    assert answer.status_code == 202, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def receipt(pipeline: Pipeline, posted: dict[str, Any]) -> dict[str, Any]:
    answer = await pipeline.clients["intake"].get(posted["url"], headers=POLICE)
    body: dict[str, Any] = answer.json()
    return body


async def in_case(pipeline: Pipeline, posted: dict[str, Any]) -> dict[str, Any]:
    async def found() -> dict[str, Any] | None:
        got = await receipt(pipeline, posted)
        return got if (got["decision"] or {}).get("case") else None

    made: dict[str, Any] = await until(found, "the report to be in a case")
    return made


async def case(pipeline: Pipeline, reference: str) -> dict[str, Any]:
    answer = await pipeline.clients["referrals"].get(f"/api/v1/cases/{reference}", headers=DUTY)
    body: dict[str, Any] = answer.json()
    return body


async def test_a_report_opens_a_case_and_a_like_one_joins_it(pipeline: Pipeline) -> None:
    first = await in_case(pipeline, await post(pipeline, description="Man begging and drinking lager at the doors."))
    assert first["status"] == "routed"
    assert first["decision"]["disposition"] == "open-case"
    assert first["decision"]["lead_agency"] == "bedfordshire-police"
    second = await in_case(pipeline, await post(pipeline, description="Same man begging, asking everyone for change."))
    assert second["decision"]["disposition"] == "join-case"
    assert second["decision"]["case"] == first["decision"]["case"]
    found = await case(pipeline, first["decision"]["case"])
    assert found["reports"] == [first["reference"], second["reference"]]
    told = [entry["type"] for entry in found["timeline"]]
    # Another test's case of the same corner may be proposed beside; nothing else has happened here.
    assert [each for each in told if each != "JoinProposed"] == ["ReportJoined", "CaseOpened"]
    assert found["version"] == 1


async def test_four_reports_of_one_place_at_once_make_one_case(pipeline: Pipeline) -> None:
    posted = [await post(pipeline, description=f"Begging by the doors, number {n}.") for n in range(8)]
    cases = {(await in_case(pipeline, each))["decision"]["case"] for each in posted}
    assert len(cases) == 1


async def test_a_historic_report_counts_and_opens_nothing(pipeline: Pipeline) -> None:
    posted = await post(pipeline, occurred_month="2021-05", category="burglary")

    async def decided() -> bool:
        return bool((await receipt(pipeline, posted))["status"] == "routed")

    await until(decided, "the decision")
    assert (await receipt(pipeline, posted))["decision"]["disposition"] == "record-only"
    reference = posted["reference"]
    assert not await pipeline.rows("SELECT 1 FROM notify.notifications WHERE about = $1", reference)
    linked = "SELECT 1 FROM referrals.case_reports c JOIN intake.reports r USING (report_id) WHERE r.reference = $1"
    assert not await pipeline.rows(linked, reference)


async def opened(pipeline: Pipeline, description: str) -> str:
    """The reference of the case of a new report."""
    reference: str = (await in_case(pipeline, await post(pipeline, description=description)))["decision"]["case"]
    return reference


async def command(pipeline: Pipeline, path: str, version: int, body: dict[str, Any], key: str = "demo-duty") -> Any:
    headers = {"Authorization": f"Bearer {key}", "If-Match": f'"{version}"'}
    return await pipeline.clients["referrals"].post(f"/api/v1/{path}", json=body, headers=headers)


async def test_a_case_is_taken_referred_accepted_concluded_and_closed(pipeline: Pipeline) -> None:
    reference = (await in_case(pipeline, await post(pipeline, description="Man begging, drinking lager.")))["decision"][
        "case"
    ]
    taken = await command(pipeline, f"cases/{reference}/take", 1, {}, "demo-sergeant")
    assert taken.json()["owner"] == "colm-ferris"
    stale = await command(pipeline, f"cases/{reference}/close", 1, {"outcome": "behaviour-stopped", "reason": "x"})
    assert stale.status_code == 412
    assert stale.json()["current"]["version"] == 2
    assert stale.json()["yours"]["outcome"] == "behaviour-stopped"
    body: dict[str, Any] = {"panel": "tcig", "reason": "Help beside enforcement.", "consent": {"status": "refused"}}
    refused = await command(pipeline, f"cases/{reference}/referrals", 2, body, "demo-sergeant")
    assert (refused.status_code, refused.json()["code"]) == (422, "consent-missing")
    body["consent"] = {"status": "given"}
    sent = await command(pipeline, f"cases/{reference}/referrals", 2, body, "demo-sergeant")
    referral = sent.json()["reference"]
    assert (sent.json()["status"], sent.json()["clock"][0]["event"]) == ("sent", "start")
    declined = await command(pipeline, f"referrals/{referral}/decline", 1, {"reason": "Not ours."})
    assert declined.json()["code"] == "next-lead-missing"
    accepted = await command(pipeline, f"referrals/{referral}/accept", 1, {"owner": "ruth-pellow"})
    assert accepted.json()["owner"] == "ruth-pellow"
    concluded = await command(
        pipeline, f"referrals/{referral}/conclude", 2, {"outcome": "plan kept", "score": "achieved"}
    )
    assert concluded.json()["status"] == "concluded"
    closed = await command(
        pipeline, f"cases/{reference}/close", 2, {"outcome": "behaviour-stopped", "reason": "It stopped."}
    )
    assert closed.json()["status"] == "closed"
    reopened = await command(pipeline, f"cases/{reference}/reopen", 3, {"reason": "It began again."})
    assert reopened.json()["status"] == "open"
    query = "SELECT sequence FROM referrals.case_events JOIN referrals.cases USING (case_id) WHERE reference = $1"
    history = await pipeline.rows(query, reference)
    assert sorted(row["sequence"] for row in history) == list(range(1, len(history) + 1))


async def test_a_case_of_other_agencies_does_not_exist_for_an_agency(pipeline: Pipeline) -> None:
    reference = (await in_case(pipeline, await post(pipeline, description="Man begging for change.")))["decision"][
        "case"
    ]
    outsider = {"Authorization": "Bearer demo-caseworker"}
    client = pipeline.clients["referrals"]
    assert (await client.get(f"/api/v1/cases/{reference}", headers=outsider)).status_code == 404
    listed = (await client.get("/api/v1/cases", headers=outsider)).json()["items"]
    assert reference not in [item["reference"] for item in listed]
    assert (await command(pipeline, f"cases/{reference}/take", 1, {}, "demo-caseworker")).status_code == 404


async def test_an_unanswered_referral_goes_to_the_alternate_lead_and_then_to_the_duty_manager(
    pipeline: Pipeline,
) -> None:
    reference = (await in_case(pipeline, await post(pipeline, description="Man begging for change.")))["decision"][
        "case"
    ]
    body = {"panel": "tcig", "reason": "Help.", "consent": {"status": "given"}}
    sent = (await command(pipeline, f"cases/{reference}/referrals", 1, body)).json()

    for before in ("bedfordshire-police", "helen-strood"):
        await pipeline.rows("UPDATE referrals.timers SET due_at = now() WHERE kind = 'referral-due'")

        async def escalated(before: str = before) -> bool:
            got = await pipeline.clients["referrals"].get(f"/api/v1/referrals/{sent['reference']}", headers=DUTY)
            return bool(got.json()["escalated_to"] == before)

        await until(escalated, f"the escalation to {before}")
    types = [entry["type"] for entry in (await case(pipeline, reference))["timeline"]]
    assert types[:2] == ["ReferralEscalated", "ReferralEscalated"]


async def test_a_draft_is_known_to_its_authors_agency_alone(pipeline: Pipeline) -> None:
    reference = await opened(pipeline, "Man begging for change.")
    drafted = await command(pipeline, f"cases/{reference}/drafts", 1, {"panel": "tcig"}, "demo-sergeant")
    assert (drafted.status_code, drafted.json()["status"]) == (200, "draft")
    path = f"/api/v1/referrals/{drafted.json()['reference']}"
    client = pipeline.clients["referrals"]
    mine = await client.get(path, headers={"Authorization": "Bearer demo-sergeant"})
    others = await client.get(path, headers=DUTY)
    assert (mine.status_code, others.status_code) == (200, 404), "not even who sees all agencies"
    shown = await case(pipeline, reference)
    assert shown["referrals"] == []
    assert not [entry["type"] for entry in shown["timeline"] if entry["type"].startswith("Referral")]
