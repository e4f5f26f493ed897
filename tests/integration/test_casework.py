"""Cases over HTTP on real engines: merged, split, likely the same, tasks, people, the past, many moved at once."""

import asyncio
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from itertools import count
from string import ascii_uppercase
from typing import Any

import pytest
from sqlalchemy import text

from services.access.callers import Caller
from services.access.tokens import mint_token
from services.referrals import repository
from services.referrals.domain.state import case_key, link_key
from tests.integration.conftest import Pipeline, until

pytestmark = pytest.mark.integration
POLICE = {"Authorization": "Bearer demo-police"}
_STREETS = count()
DUTY_ = {"Authorization": "Bearer demo-duty"}
WHY = {"reason": "It is right."}


def street() -> dict[str, Any]:
    """A street of this test's own, of the 676 that there are for all tests of a run."""
    first, second = divmod(next(_STREETS), len(ascii_uppercase))
    return {"text": f"On or near Invented {ascii_uppercase[first]}{ascii_uppercase[second] * 2} Street"}


async def case_of(pipeline: Pipeline, place: dict[str, Any], **more: Any) -> tuple[str, str]:
    """The references of a new report about noise and of its case."""
    sent = {"source_id": str(uuid.uuid4()), "category": "noise", "description": "Loud music all night.", "place": place}
    posted = (await pipeline.clients["intake"].post("/api/v1/reports", json=sent | more, headers=POLICE)).json()

    async def found() -> str | None:
        got = (await pipeline.clients["intake"].get(posted["url"], headers=POLICE)).json()
        case: str | None = (got["decision"] or {}).get("case")
        return case

    return posted["reference"], await until(found, "the report to be in a case")


async def receipt(pipeline: Pipeline, reference: str) -> dict[str, Any]:
    answer = await pipeline.clients["intake"].get(f"/api/v1/reports/{reference}", headers=POLICE)
    body: dict[str, Any] = answer.json()
    return body


async def get(pipeline: Pipeline, reference: str, key: str = "demo-duty", **query: str) -> Any:
    headers = {"Authorization": f"Bearer {key}"}
    return await pipeline.clients["referrals"].get(f"/api/v1/cases/{reference}", headers=headers, params=query)


async def command(pipeline: Pipeline, reference: str, name: str, body: dict[str, Any], **more: Any) -> Any:
    """A command on the case at its present version, unless another one is given."""
    key = more.get("key", "demo-duty")
    version = more.get("version") or (await get(pipeline, reference)).json()["version"]
    headers = {"Authorization": f"Bearer {key}", "If-Match": f'"{version}"'} | more.get("headers", {})
    path = f"/api/v1/cases/{reference}/{name}"
    return await pipeline.clients["referrals"].post(path, json=body, headers=headers)


async def test_a_likely_join_is_proposed_confirmed_and_the_old_reference_opens_the_survivor(pipeline: Pipeline) -> None:
    here = street()
    first_report, first = await case_of(pipeline, here | {"latitude": 51.9101, "longitude": -0.4402})
    second_report, second = await case_of(pipeline, here | {"latitude": 51.9301, "longitude": -0.4602})
    assert first != second
    proposal = (await get(pipeline, second)).json()["proposals"][0]
    assert (proposal["other"], proposal["score"]) == (first, 0.55)
    assert {part["what"] for part in proposal["parts"]} == {"the same street", "the same kind"}
    confirmed = await command(pipeline, second, "confirm-join", {"proposal": proposal["proposal"]})
    assert (confirmed.status_code, confirmed.json()["reference"]) == (200, first)
    opened = (await get(pipeline, second)).json()
    assert opened["reference"] == first
    assert opened["reports"] == [first_report, second_report]
    assert "CasesMerged" in [entry["type"] for entry in opened["timeline"]]
    assert opened["proposals"] == []

    async def moved() -> bool:
        return bool((await receipt(pipeline, second_report))["decision"]["case"] == first)

    await until(moved, "the receipt to name the surviving case")


async def test_a_refused_proposal_leaves_both_cases_and_is_not_asked_again(pipeline: Pipeline) -> None:
    here = street()
    _, first = await case_of(pipeline, here | {"latitude": 51.9102, "longitude": -0.4502})
    _, second = await case_of(pipeline, here | {"latitude": 51.9302, "longitude": -0.4702})
    proposal = (await get(pipeline, second)).json()["proposals"][0]["proposal"]
    body = {"proposal": proposal} | WHY
    assert (await command(pipeline, first, "refuse-join", body)).status_code == 200
    again = await command(pipeline, first, "refuse-join", body)
    assert (again.status_code, again.json()["code"]) == (422, "no-proposal")
    assert (await get(pipeline, first)).json()["proposals"] == []
    assert (await get(pipeline, second)).json()["status"] == "open"


async def test_three_likely_cases_are_proposed_and_what_is_not_answered_is_asked_of_the_survivor(
    pipeline: Pipeline,
) -> None:
    here = street()
    apart = [(await case_of(pipeline, here | {"latitude": 51.90 + n / 50, "longitude": -0.44}))[1] for n in range(5)]
    opened = (await get(pipeline, apart[4])).json()
    assert [(each["score"], len(each["parts"])) for each in opened["proposals"]] == [(0.55, 2)] * 3
    assert {each["other"] for each in opened["proposals"]} == set(apart[1:4])
    first, second, third = opened["proposals"]
    confirmed = await command(pipeline, apart[4], "confirm-join", {"proposal": first["proposal"]})
    assert confirmed.json()["reference"] == first["other"]
    left = {each["other"]: each for each in (await get(pipeline, first["other"])).json()["proposals"]}
    assert {second["other"], third["other"]} <= set(left)
    body = {"proposal": left[second["other"]]["proposal"]} | WHY
    assert (await command(pipeline, first["other"], "refuse-join", body)).status_code == 200
    now = {each["other"] for each in (await get(pipeline, first["other"])).json()["proposals"]}
    assert now == set(left) - {second["other"]}


async def test_a_merge_carries_referral_and_task_and_a_second_one_with_the_old_version_shows_both(
    pipeline: Pipeline,
) -> None:
    _, gone = await case_of(pipeline, street())
    _, kept = await case_of(pipeline, street())
    body = {"panel": "tcig", "reason": "Help.", "consent": {"status": "given"}}
    referral = (await command(pipeline, gone, "referrals", body)).json()["reference"]
    assert (await command(pipeline, gone, "tasks", {"what": "Visit the address."})).status_code == 200
    before = (await get(pipeline, kept)).json()["version"]
    then = datetime.now(UTC).isoformat()
    merged = await command(pipeline, gone, "merge", {"into": kept} | WHY)
    assert merged.status_code == 200, merged.text
    survivor = (await get(pipeline, kept)).json()
    assert survivor["referrals"] == [referral]
    assert [task["what"] for task in survivor["tasks"]] == ["Visit the address."]
    past = (await get(pipeline, gone, as_known_at=then)).json()
    assert (past["reference"], past["status"], past["referrals"]) == (gone, "open", [referral])
    stale = await command(pipeline, kept, "risk", {"risk": "high"} | WHY, version=before)
    assert (stale.status_code, stale.json()["version"]) == (412, survivor["version"])
    assert stale.json()["yours"]["risk"] == "high"


async def test_who_is_not_safe_to_call_stays_so_when_a_report_finds_the_case_by_one_that_went_into_it(
    pipeline: Pipeline,
) -> None:
    here = street() | {"latitude": 51.9011, "longitude": -0.4711}
    _, gone = await case_of(pipeline, here)
    _, kept = await case_of(pipeline, street())
    victim = {"name": "Imogen Rook", "role": "victim", "contact": {"phone": "01582 000000"}}
    unsafe = victim | {"contact": {"safe": "no"}}
    assert (await command(pipeline, kept, "people", unsafe)).status_code == 200
    assert (await command(pipeline, gone, "merge", {"into": kept} | WHY)).status_code == 200
    _, found = await case_of(pipeline, here, people=[victim | {"id": "p1"}])
    assert found == kept
    people = (await get(pipeline, kept)).json()["people"]
    assert [(each["name"], each["safe"]) for each in people] == [("Imogen Rook", "no")]


async def test_a_merge_carries_a_report_as_it_was_corrected_and_both_stand_in_the_order_in_which_they_came(
    pipeline: Pipeline,
) -> None:
    source, reporter = str(uuid.uuid4()), {"id": "p1", "role": "reporter", "name": "Jane Doe"}
    safe, unsafe = ({"contact": {"email": "jane@home.invalid", "safe": safe}} for safe in ("yes", "no"))
    first, gone = await case_of(pipeline, street(), source_id=source, people=[reporter | safe])
    victim = {"id": "p2", "role": "victim", "name": "Ann Lee"}
    people = [reporter | unsafe, victim]
    again = {"source_id": source, "revision": 2, "category": "noise", "description": "Louder.", "people": people}
    posted = await pipeline.clients["intake"].post("/api/v1/reports", json=again, headers=POLICE)
    assert posted.status_code == 202, posted.text

    async def known() -> bool:
        return len((await get(pipeline, gone)).json()["people"]) == 2

    await until(known, "the correction to come to the case")
    second, kept = await case_of(pipeline, street())
    assert (await command(pipeline, gone, "merge", {"into": kept} | WHY)).status_code == 200
    case = (await get(pipeline, kept)).json()
    assert {each["name"]: each["safe"] for each in case["people"]} == {"Jane Doe": "no", "Ann Lee": "unknown"}
    assert (await command(pipeline, kept, "split", {"reports": [second]} | WHY)).status_code == 200
    left = (await get(pipeline, kept)).json()
    assert [each["name"] for each in left["people"]] == ["Ann Lee", "Jane Doe"], "the victim first"
    assert left["reports"] == [first]


async def test_what_is_split_off_again_after_a_merge_has_the_theme_and_lead_of_its_own_report(
    pipeline: Pipeline,
) -> None:
    begging = {"category": "begging-vagrancy", "description": "Men begging by the doors."}
    (_, noise), (report, other) = await case_of(pipeline, street()), await case_of(pipeline, street(), **begging)
    assert (await command(pipeline, other, "merge", {"into": noise} | WHY)).status_code == 200
    split = await command(pipeline, noise, "split", {"reports": [report]} | WHY)
    assert split.status_code == 200

    async def moved() -> Any:
        case = (await receipt(pipeline, report))["decision"]["case"]
        return case if case not in (noise, other) else None

    new = (await get(pipeline, await until(moved, "the receipt to name the new case"))).json()
    assert (new["themes"], new["lead_agency"]) == (["town-centre"], "bedfordshire-police")
    assert (await get(pipeline, noise)).json()["themes"] == ["asb-environmental"]


async def test_a_split_takes_a_report_out_and_both_sides_say_so(pipeline: Pipeline) -> None:
    here = street() | {"latitude": 51.8931, "longitude": -0.4811}
    first, reference = await case_of(pipeline, here)
    second, joined = await case_of(pipeline, here)
    assert joined == reference
    all_of_them = await command(pipeline, reference, "split", {"reports": [first, second]} | WHY)
    assert all_of_them.json()["code"] == "nothing-left"
    split = await command(pipeline, reference, "split", {"reports": [second]} | WHY)
    assert split.status_code == 200
    assert (await get(pipeline, reference)).json()["reports"] == [first]

    async def moved() -> str | None:
        case: str = (await receipt(pipeline, second))["decision"]["case"]
        return case if case != reference else None

    new = (await get(pipeline, await until(moved, "the report's new case"))).json()
    assert new["reports"] == [second]
    for side in (new, (await get(pipeline, reference)).json()):
        assert {"CaseSplit"} <= {entry["type"] for entry in side["timeline"]}


async def test_who_is_not_safe_to_contact_stays_so_in_a_case_of_more_people_than_are_compared(
    pipeline: Pipeline,
) -> None:
    here = street() | {"latitude": 51.8911, "longitude": -0.4711}
    many = [
        {"id": first + last, "role": "witness", "name": f"{first * 3} {last * 4}"}
        for first in "abcdefgh"
        for last in "vwxyz"
    ]
    unsafe = [each | {"contact": {"phone": "+447700900123", "safe": "no"}} for each in many]
    others = [each | {"name": f"{each['name']} Oke"} for each in many]
    _, reference = await case_of(pipeline, here, people=unsafe)
    for people in (others, many):
        assert (await case_of(pipeline, here, people=people))[1] == reference
    case = (await get(pipeline, reference)).json()
    assert len(case["people"]) == 2 * len(many)
    assert {each["name"] for each in case["people"] if each["safe"] == "no"} == {each["name"] for each in many}


async def test_a_report_that_a_split_moves_while_its_correction_waits_for_the_case_is_corrected_where_it_is(
    pipeline: Pipeline,
) -> None:
    """As it happens between two transactions: the correction reads where its report is, and waits for that case."""
    report, here = await case_of(pipeline, street())
    _, there = await case_of(pipeline, street())
    database = pipeline.processes["referrals"].database
    find = "SELECT case_id FROM cases WHERE reference = :reference"
    move = "UPDATE case_reports SET case_id = :there WHERE reference = :report RETURNING report_id"
    waits = "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%FROM cases WHERE case_id%'"

    async def loaded(link: str) -> Mapping[str, Any]:
        async with database.writing() as connection:
            return await repository.load(connection, frozenset({link}), frozenset({link}))

    async with database.writing() as connection:
        first = (await connection.execute(text(f"{find} FOR UPDATE"), {"reference": here})).scalar_one()
        second = (await connection.execute(text(find), {"reference": there})).scalar_one()
        moved = (await connection.execute(text(move), {"there": second, "report": report})).scalar_one()
        correction = asyncio.create_task(loaded(link_key(moved)))

        async def waiting() -> bool:
            async with database.writing() as other:
                return (await other.execute(text(waits))).first() is not None

        await until(waiting, "the correction to wait for the case")
    state = await correction
    assert state[link_key(moved)].case_id == second != first
    assert state[case_key(second)].state.reference == there


async def test_only_who_may_see_both_cases_merges_them(pipeline: Pipeline) -> None:
    _, noise = await case_of(pipeline, street())
    words = {"category": "begging-vagrancy", "description": "Man begging and drinking lager at the doors."}
    _, begging = await case_of(pipeline, street() | {"latitude": 51.8781, "longitude": -0.4162}, **words)
    hidden = await get(pipeline, begging, "demo-caseworker")
    refused = await command(pipeline, noise, "merge", {"into": begging} | WHY, key="demo-caseworker")
    if hidden.status_code == 404:
        assert (refused.status_code, refused.json()["code"]) == (422, "other-case-unknown")
    assert hidden.status_code == 404


async def test_a_task_is_reminded_when_due_and_done_once(pipeline: Pipeline) -> None:
    _, reference = await case_of(pipeline, street())
    for seconds in (2, 20):  # on a busy machine the nearer time may have passed before the command arrives
        soon = (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat()
        added = await command(pipeline, reference, "tasks", {"what": "Call back.", "due_at": soon})
        if added.json().get("code") != "due-in-the-past":
            break
    assert added.status_code == 200

    async def reminded() -> dict[str, Any] | None:
        task: dict[str, Any] = (await get(pipeline, reference)).json()["tasks"][0]
        return task if task["reminded"] else None

    task = (await until(reminded, "the reminder"))["task"]
    done = await command(pipeline, reference, "task-done", {"task": task} | WHY)
    assert done.status_code == 200
    again = await command(pipeline, reference, "task-done", {"task": task} | WHY)
    assert again.json()["code"] == "task-ended"


async def test_the_past_shows_what_was_known_then_and_only_to_who_could_see_it(pipeline: Pipeline) -> None:
    _, reference = await case_of(pipeline, street())
    await command(pipeline, reference, "risk", {"risk": "medium"} | WHY)
    then = datetime.now(UTC).isoformat()
    await command(pipeline, reference, "leads", {"acting_lead": "bedfordshire-police"} | WHY)
    await command(pipeline, reference, "risk", {"risk": "high"} | WHY)
    past = (await get(pipeline, reference, as_known_at=then)).json()
    now = (await get(pipeline, reference)).json()
    assert (past["risk"], now["risk"]) == ("medium", "high")
    assert [entry["type"] for entry in past["timeline"]] == ["RiskChanged", "CaseOpened"]
    assert (await get(pipeline, reference, "demo-sergeant")).status_code == 200
    assert (await get(pipeline, reference, "demo-sergeant", as_known_at=then)).status_code == 404
    assert (await get(pipeline, reference, as_known_at="2020-01-01T00:00:00Z")).status_code == 404
    for unread in ("yesterday", "1735689600", "2026-03-02T09:00:00"):
        assert (await get(pipeline, reference, as_known_at=unread)).status_code == 422, unread


async def test_an_absent_colleagues_cases_are_moved_at_once_with_an_outcome_for_each(pipeline: Pipeline) -> None:
    found = [(await case_of(pipeline, street()))[1] for _ in range(3)]
    await command(pipeline, found[2], "take", {})
    wanted = [{"reference": each, "version": 1} for each in (*found, "C-222-222-222")]
    body = {"owner": "helen-strood", "cases": wanted}
    key = {"Idempotency-Key": str(uuid.uuid4())}
    client = pipeline.clients["referrals"]
    caseworker = {"Authorization": "Bearer demo-caseworker"}
    assert (await client.post("/api/v1/cases/assign", json=body, headers=caseworker)).status_code == 403
    duty = {"Authorization": "Bearer demo-duty"} | key
    first = (await client.post("/api/v1/cases/assign", json=body, headers=duty)).json()
    assert [item["outcome"] for item in first["items"]] == ["assigned", "assigned", "stale", "not-found"]
    second = (await client.post("/api/v1/cases/assign", json=body, headers=duty)).json()
    assert second == first
    assert (await get(pipeline, found[0])).json()["owner"] == "helen-strood"


async def test_people_of_reports_and_by_hand_stand_with_role_and_safe_contact(pipeline: Pipeline) -> None:
    people = [{"id": "p1", "role": "victim", "name": "Imogen Rook", "contact": {"phone": "01582 000000", "safe": "no"}}]
    _, reference = await case_of(pipeline, street(), people=people)
    added = {"role": "family", "name": "Zoe Ashe", "contact": {"safe": "yes", "phone": "01582 000001"}}
    assert (await command(pipeline, reference, "people", added)).status_code == 200
    twice = await command(pipeline, reference, "people", added)
    assert twice.json()["code"] == "person-known"
    shown = {each["name"]: each for each in (await get(pipeline, reference)).json()["people"]}
    assert (shown["Imogen Rook"]["safe"], shown["Imogen Rook"]["by_hand"]) == ("no", False)
    changed = {"person": shown["Zoe Ashe"]["person"], "contact": {"safe": "no"}} | WHY
    await command(pipeline, reference, "person", changed)
    after = {each["name"]: each["safe"] for each in (await get(pipeline, reference)).json()["people"]}
    assert after == {"Imogen Rook": "no", "Zoe Ashe": "no"}


SHARED = {
    "opcc": ("victim-support", ()),
    "probation": ("out-of-court-disposal-support", ("Denny Rook", "1982-04-01", "seen again", "Help beside")),
}
"""Who a case is referred to and by which route, and which words its agreement lets it read; opcc has none."""
SAID = ("Denny Rook", "1982-04-01", "01632 960001", "seen again", "Help beside")


@pytest.mark.parametrize("agency", SHARED)
async def test_an_agency_that_a_case_is_referred_to_reads_what_its_sharing_agreement_names_and_no_more(
    pipeline: Pipeline, agency: str
) -> None:
    destination, shown = SHARED[agency]
    place = street()
    _, case = await case_of(pipeline, place)
    person: dict[str, Any] = {"role": "subject", "name": "Denny Rook", "date_of_birth": "1982-04-01"}
    person |= {"contact": {"phone": "01632 960001", "safe": "yes"}}
    assert (await command(pipeline, case, "people", person)).status_code == 200
    note = {"text": "He was seen again.", "fact": "fact", "marking": "OFFICIAL"}
    assert (await command(pipeline, case, "note", note)).status_code == 200
    assert await _read_as(pipeline, agency, f"cases/{case}") is None, "the case is not theirs yet"
    sent = {"destination": destination, "reason": "Help beside the warnings.", "consent": {"status": "given"}}
    answer = await command(pipeline, case, "referrals", sent)
    assert answer.status_code == 200, answer.text
    later = datetime.now(UTC).isoformat()
    paths = [f"cases/{case}{more}" for more in ("", "/parts", "/timeline", "/evidence", "/ladder")]
    paths += [f"cases/{case}?as_known_at={later.replace('+00:00', 'Z')}", f"referrals/{answer.json()['reference']}"]
    read = {path: await _read_as(pipeline, agency, path) for path in paths}
    assert None not in read.values()
    everything = "".join(map(str, read.values()))
    assert {words for words in SAID if words in everything} == set(shown)
    named = place["text"].removeprefix("On or near ")
    assert named not in everything, "neither agreement names the exact place"
    assert "place withheld" in everything
    whole = (await get(pipeline, case)).json()
    assert (whole["withheld"], all(words in str(whole) for words in (*SAID, named))) == ([], True)


async def test_a_command_and_a_list_of_an_agency_without_exact_places_name_no_street(pipeline: Pipeline) -> None:
    place = street()
    _, case = await case_of(pipeline, place)
    sent = {"destination": "out-of-court-disposal-support", "reason": "Help.", "consent": {"status": "given"}}
    assert (await command(pipeline, case, "referrals", sent)).status_code == 200
    listed = await _read_as(pipeline, "probation", "cases?status=open")
    assert listed is not None
    assert case in listed
    named = place["text"].removeprefix("On or near ")
    assert named not in listed
    client, path = pipeline.clients["referrals"], f"/api/v1/cases/{case}"
    headers = _headers(pipeline, "probation") | {"If-Match": '"0"'}
    late = await client.post(f"{path}/assign", json={"owner": "helen-strood"}, headers=headers)
    headers |= {"If-Match": f'"{late.json()["version"]}"'}
    done = await client.post(f"{path}/note", json={"text": "Seen.", "fact": "fact"}, headers=headers)
    assert (late.status_code, done.status_code) == (412, 200)
    for answer in (late, done):
        assert "place withheld" in answer.text
        assert named not in answer.text


def _headers(pipeline: Pipeline, agency: str) -> dict[str, str]:
    """Somebody of that agency."""
    referrals = pipeline.processes["referrals"]
    reader = Caller("person", "a-reader", "A reader", agency, frozenset({agency}), frozenset({"cases"}))
    token = mint_token(reader, referrals.settings.service_secret.get_secret_value(), datetime.now(UTC))
    return {"Authorization": f"Bearer {token}"}


async def _read_as(pipeline: Pipeline, agency: str, path: str) -> str | None:
    """What somebody of that agency gets; None where there is nothing for her."""
    answer = await pipeline.clients["referrals"].get(f"/api/v1/{path}", headers=_headers(pipeline, agency))
    assert answer.status_code in (200, 404), answer.text
    return answer.text if answer.status_code == 200 else None
