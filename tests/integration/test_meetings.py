"""Panels' meetings over HTTP on real engines: agenda, quorum, minutes, actions, two at once, sign-off."""

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy.exc import DBAPIError

from schemas.meeting_events import MeetingState
from services.referrals import meeting_repository
from services.referrals.domain.meeting_state import Meeting, meeting_key
from tests.integration.conftest import Pipeline, until
from tests.integration.test_casework import case_of, command, get, street

pytestmark = pytest.mark.integration
SECONDS = iter(range(1, 1000))


async def call(pipeline: Pipeline, method: str, path: str, key: str, **more: Any) -> Any:
    headers = {"Authorization": f"Bearer {key}"} | more.pop("headers", {})
    return await pipeline.clients["referrals"].request(method, f"/api/v1/{path}", headers=headers, **more)


async def meet(pipeline: Pipeline, identity: str, name: str, body: dict[str, Any], **more: Any) -> Any:
    """A command on the meeting at the version that is given, by the sergeant unless another key is."""
    headers = {"If-Match": f'"{more["version"]}"'} if "version" in more else {}
    headers |= more.get("headers", {})
    path = f"meetings/{identity}/{name}"
    return await call(pipeline, "POST", path, more.get("key", "demo-sergeant"), json=body, headers=headers)


async def referral_to(pipeline: Pipeline, panel: str) -> tuple[str, str]:
    """The references of a new case and of its referral, which the panel has accepted."""
    _, case = await case_of(pipeline, street())
    sent = {"panel": panel, "reason": "Help is needed beside the warnings.", "consent": {"status": "given"}}
    answer = await command(pipeline, case, "referrals", sent)
    assert answer.status_code == 200, answer.text
    referral = answer.json()["reference"]
    headers = {"If-Match": f'"{answer.json()["version"]}"'}
    accepted = await call(pipeline, "POST", f"referrals/{referral}/accept", "demo-duty", json={}, headers=headers)
    assert accepted.status_code == 200, accepted.text
    return case, referral


async def scheduled(pipeline: Pipeline, panel: str = "tcig", key: str = "demo-sergeant") -> dict[str, Any]:
    at = datetime.now(UTC) + timedelta(days=30, minutes=next(SECONDS))
    answer = await call(pipeline, "POST", "meetings", key, json={"panel": panel, "at": at.isoformat()})
    assert answer.status_code == 200, answer.text
    made: dict[str, Any] = answer.json()
    return made


def item_of(meeting: dict[str, Any], referral: str) -> dict[str, Any]:
    found: dict[str, Any] = next(each for each in meeting["agenda"] if each["referral"]["reference"] == referral)
    return found


async def test_an_agenda_makes_itself_and_a_decision_without_quorum_warns_and_is_marked(pipeline: Pipeline) -> None:
    case, referral = await referral_to(pipeline, "tcig")
    made = await scheduled(pipeline)
    opened = (await call(pipeline, "GET", f"meetings/{made['meeting_id']}", "demo-sergeant")).json()
    item = item_of(opened, referral)
    assert (item["case"]["reference"], opened["quorum"], opened["quorate"], opened["policy"]) == (case, 2, False, False)
    said = {"referral": referral, "decision": "help", "reason": "Outreach goes first."}
    version = item["referral"]["version"]
    minuted = await meet(pipeline, made["meeting_id"], "decision", said, version=version)
    assert minuted.status_code == 200, minuted.text
    assert "no quorum" in minuted.json()["warning"]
    assert (minuted.json()["referral"]["status"], minuted.json()["decisions"]) == ("discussed", 1)
    again = await meet(pipeline, made["meeting_id"], "decision", said, version=version)
    assert again.status_code == 412
    assert (again.json()["current"]["version"], again.json()["yours"]["decision"]) == (version + 1, "help")
    opened = (await call(pipeline, "GET", f"meetings/{made['meeting_id']}", "demo-sergeant")).json()
    (line,) = item_of(opened, referral)["minuted"]
    assert (line["decision"], line["quorate"], line["reason"]) == ("help", False, "Outreach goes first.")


async def test_an_action_is_a_task_of_its_case_and_stays_on_the_next_agenda_until_it_is_done(
    pipeline: Pipeline,
) -> None:
    case, referral = await referral_to(pipeline, "tcig")
    first, second = await scheduled(pipeline), await scheduled(pipeline)
    given = {"referral": referral, "what": "Visit with the outreach worker.", "person": "colm-ferris"}
    key = {"Idempotency-Key": str(uuid.uuid4())}
    made = await meet(pipeline, first["meeting_id"], "action", given, headers=key)
    assert made.status_code == 200, made.text
    repeated = await meet(pipeline, first["meeting_id"], "action", given, headers=key)
    assert (repeated.json(), repeated.headers["Idempotent-Replayed"]) == (made.json(), "true")
    opened = (await get(pipeline, case)).json()
    (task,) = [each for each in opened["tasks"] if each["task"] == made.json()["action"]]
    assert (task["what"], task["person"], task["status"]) == (given["what"], "colm-ferris", "open")
    assert "TaskAdded" in [entry["type"] for entry in opened["timeline"]]

    async def carried() -> list[str]:
        later = (await call(pipeline, "GET", f"meetings/{second['meeting_id']}", "demo-sergeant")).json()
        return [each["action"] for each in later["open_actions"]]

    assert made.json()["action"] in await carried()
    done = await command(pipeline, case, "task-done", {"task": task["task"], "reason": "Visited."})
    assert done.status_code == 200, done.text
    assert made.json()["action"] not in await carried()


async def agenda_of(pipeline: Pipeline, identity: str) -> set[str]:
    opened = (await call(pipeline, "GET", f"meetings/{identity}", "demo-mash")).json()
    return {each["referral"]["reference"] for each in opened["agenda"]}


async def test_what_was_put_on_an_agenda_and_not_reached_is_on_the_next_once_the_minutes_are_signed(
    pipeline: Pipeline,
) -> None:
    _, referral = await referral_to(pipeline, "mash")
    first, second = await scheduled(pipeline, "mash", "demo-mash"), await scheduled(pipeline, "mash", "demo-mash")
    version = (await call(pipeline, "GET", f"referrals/{referral}", "demo-mash")).json()["version"]
    after_it_began = datetime.fromisoformat(first["at"]) + timedelta(seconds=30)
    body = {"at": after_it_began.isoformat(), "meeting": first["meeting_id"]}
    headers = {"If-Match": f'"{version}"'}
    put = await call(pipeline, "POST", f"referrals/{referral}/schedule", "demo-mash", json=body, headers=headers)
    assert put.status_code == 200, put.text
    assert referral in await agenda_of(pipeline, first["meeting_id"])
    assert referral not in await agenda_of(pipeline, second["meeting_id"])
    seen = (await call(pipeline, "GET", f"meetings/{first['meeting_id']}", "demo-mash")).json()["version"]
    signed = await meet(pipeline, first["meeting_id"], "sign-off", {}, version=seen, key="demo-mash")
    assert signed.status_code == 200, signed.text
    later = await scheduled(pipeline, "mash", "demo-mash")
    assert referral in await agenda_of(pipeline, later["meeting_id"])


async def test_what_was_accepted_after_a_meetings_hour_was_not_due_there(pipeline: Pipeline) -> None:
    _, referral = await referral_to(pipeline, "mash")
    state = MeetingState(meeting_id=str(uuid.uuid4()), panel="mash", at=datetime.now(UTC) - timedelta(days=1))
    held = Meeting(state=state, visible_to=("mash",))
    async with pipeline.processes["referrals"].database.writing() as connection:
        await meeting_repository.save(connection, {meeting_key(state.meeting_id): held})
    assert referral not in await agenda_of(pipeline, state.meeting_id)


async def test_signed_minutes_change_no_more_and_only_the_chair_signs_them(pipeline: Pipeline) -> None:
    _, referral = await referral_to(pipeline, "mash")
    made = await scheduled(pipeline, "mash", "demo-mash")
    identity = made["meeting_id"]
    for number, agency in enumerate(("luton-council", "bedfordshire-police", "luton-icb")):
        there = {"agency": agency, "status": "present"}
        noted = await meet(pipeline, identity, "attendance", there, version=number + 1, key="demo-mash")
        assert noted.status_code == 200, noted.text
    stale = await meet(pipeline, identity, "attendance", there, version=1, key="demo-mash")
    assert (stale.status_code, stale.json()["current"]["version"], stale.json()["yours"]) == (412, 4, there)
    opened = (await call(pipeline, "GET", f"meetings/{identity}", "demo-mash")).json()
    assert (opened["quorate"], opened["present"]) == (True, 3)
    version = item_of(opened, referral)["referral"]["version"]
    said = {"referral": referral, "decision": "existing-worker", "reason": "She has one."}
    minuted = await meet(pipeline, identity, "decision", said, version=version, key="demo-mash")
    assert (minuted.status_code, minuted.json()["warning"]) == (200, None)
    seen = minuted.json()["version"]
    not_chair = await meet(pipeline, identity, "sign-off", {}, version=seen)
    assert (not_chair.status_code, not_chair.json()["code"]) == (403, "not-the-chair")
    signed = await meet(pipeline, identity, "sign-off", {}, version=seen, key="demo-mash")
    assert (signed.status_code, signed.json()["status"], len(signed.json()["digest"])) == (200, "signed-off", 64)
    late = await meet(pipeline, identity, "attendance", there, version=seen + 1, key="demo-mash")
    assert (late.status_code, late.json()["code"]) == (422, "minutes-signed-off")
    kept = (await call(pipeline, "GET", f"meetings/{identity}", "demo-mash")).json()
    assert item_of(kept, referral)["minuted"][0]["reason"] == "She has one."
    async with pipeline.processes["referrals"].database.writing() as connection:
        with pytest.raises(DBAPIError, match="permission denied"):
            await connection.exec_driver_sql("DELETE FROM meeting_decisions")


async def test_a_meeting_is_not_there_for_who_is_no_member_of_its_panel(pipeline: Pipeline) -> None:
    made = await scheduled(pipeline, "mash", "demo-mash")
    for key in ("demo-caseworker",):
        assert (await call(pipeline, "GET", f"meetings/{made['meeting_id']}", key)).status_code == 404
        listed = (await call(pipeline, "GET", "meetings", key)).json()["items"]
        assert made["meeting_id"] not in [each["meeting_id"] for each in listed]
        refused = await call(pipeline, "POST", "meetings", key, json={"panel": "mash"})
        assert refused.status_code == 404


async def test_a_pack_holds_only_what_the_readers_agreement_lets_her_see(pipeline: Pipeline) -> None:
    case, referral = await referral_to(pipeline, "tcig")
    person = {"role": "subject", "name": "Denny Rook", "date_of_birth": "1982-04-01"}
    assert (await command(pipeline, case, "people", person)).status_code == 200
    made = await scheduled(pipeline)
    path = f"meetings/{made['meeting_id']}/packs/{referral}"
    whole = (await call(pipeline, "GET", path, "demo-duty")).json()
    assert (whole["people"][0]["name"], whole["withheld"]) == ("Denny Rook", [])
    hers = (await call(pipeline, "GET", path, "demo-caseworker")).json()
    assert "date_of_birth" not in hers["people"][0]
    assert hers["withheld"] == ["date-of-birth"]


async def test_members_are_told_of_a_meeting_by_mail_without_any_case(pipeline: Pipeline) -> None:
    made = await scheduled(pipeline)

    async def sent() -> list[Any]:
        async with pipeline.processes["notify"].database.writing() as connection:
            found = await connection.exec_driver_sql(
                "SELECT document->'state'->>'recipient' AS r FROM notifications WHERE document->'state'->>'about' = $1",
                (made["meeting_id"],),
            )
            return [row.r for row in found]

    told = await until(sent, "the members to be told")
    assert {"ruth-pellow", "the-mall"} <= set(told)
