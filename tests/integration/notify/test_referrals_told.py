"""A referral's steps reach the systems of the agencies between whom it goes, signed, each once; and nobody else's."""

from typing import Any

import pytest

from tests.integration.conftest import Pipeline, until
from tests.integration.notify.conftest import calls_about, listens, mail_of_the_case, posted, read_of
from tests.integration.notify.receivers import PartnersSystem, partners_system

pytestmark = pytest.mark.integration
SERGEANT = {"Authorization": "Bearer demo-sergeant"}
DUTY = {"Authorization": "Bearer demo-duty"}
BEGGING = {"category": "begging-vagrancy", "description": "The same men begging by the doors every evening."}
HELP = {"panel": "tcig", "reason": "The same group is back every evening.", "consent": {"status": "given"}}
NEXT = {"reason": "Not for this panel.", "next_lead": "luton-council-public-health"}


async def step(hub: Pipeline, path: str, body: dict[str, Any], by: dict[str, str]) -> Any:
    """A command on a case or a referral at the version that stands, carried out."""
    client, (kind, reference, _) = hub.clients["referrals"], path.split("/")
    version = (await client.get(f"/api/v1/{kind}/{reference}", headers=by)).json()["version"]
    answer = await client.post(f"/api/v1/{path}", json=body, headers=by | {"If-Match": f'"{version}"'})
    assert answer.status_code == 200, answer.text
    return answer.json()


async def referred(hub: Pipeline, street: str) -> tuple[str, str]:
    """The references of a new case and of its referral."""
    case = await mail_of_the_case(hub, await posted(hub, place={"text": street}, **BEGGING))
    return case, (await step(hub, f"cases/{case}/referrals", HELP, SERGEANT))["reference"]


async def told(partner: PartnersSystem, reference: str, times: int) -> list[Any]:
    """What the system was told of a referral, once that has come so many times; each signature was right."""

    async def came() -> bool:
        return len(calls_about(partner, reference)) >= times

    await until(came, f"{times} webhooks about a referral")
    return [read_of(call) for call in calls_about(partner, reference)]


@pytest.fixture(scope="module")
async def police(hub: Pipeline, partner: PartnersSystem) -> PartnersSystem:
    """The system of the agency that sends; the partner that reported is no side of the referral."""
    await listens(hub, "police", partner.url)
    return partner


async def test_sending_answering_and_concluding_a_referral_are_told_once_each_with_its_state(
    hub: Pipeline, police: PartnersSystem
) -> None:
    async with partners_system() as elsewhere:
        await listens(hub, "mall", elsewhere.url)
        case, reference = await referred(hub, "George Street")
        await step(hub, f"referrals/{reference}/accept", {}, DUTY)
        await step(hub, f"referrals/{reference}/conclude", {"outcome": "He took a bed.", "score": "achieved"}, DUTY)
        said = await told(police, reference, 3)
        assert not elsewhere.calls
    assert [each["type"] for each in said] == ["referral.sent", "referral.answered", "referral.concluded"]
    referrals = [each["data"]["referral"] for each in said]
    assert [each["status"] for each in referrals] == ["sent", "accepted", "concluded"]
    route = {"reference": reference, "case": case, "panel": "tcig", "destination": None}
    assert all(each == route | {"status": each["status"]} for each in referrals)
    identities = {headers["webhook-id"] for headers, _ in calls_about(police, reference)}
    assert len(identities) == 3


async def test_a_decline_is_an_answer_and_holds_no_word_of_its_reason(hub: Pipeline, police: PartnersSystem) -> None:
    _, reference = await referred(hub, "Park Street")
    await step(hub, f"referrals/{reference}/decline", NEXT, DUTY)
    said = await told(police, reference, 2)
    assert [each["type"] for each in said] == ["referral.sent", "referral.answered"]
    assert said[-1]["data"]["referral"]["status"] == "declined"
    assert not any(NEXT["reason"].encode() in body for _, body in calls_about(police, reference))
