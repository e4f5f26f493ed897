"""Minutes that nobody signs: a reminder to the chair and then the duty manager, once each, through to their mail."""

from datetime import UTC, datetime, timedelta
from email.message import Message as Mail

import pytest

from tests.integration.conftest import Pipeline, until
from tests.integration.notify.receivers import MailServer

pytestmark = pytest.mark.integration
CHAIR, MANAGER = "miriam-lunt", "helen-strood"
MASH = {"Authorization": "Bearer demo-mash"}
ARMED = """
    SELECT kind, due_at FROM referrals.timers WHERE subject = $1 AND kind LIKE 'minutes-%' ORDER BY due_at
"""
MOVED = "UPDATE referrals.timers SET due_at = now() WHERE subject = $1 AND kind LIKE 'minutes-%'"
EVENTS = "SELECT count(*) FROM notify.notifications WHERE about = $1 AND document->'state'->>'template' = $2"


async def scheduled(hub: Pipeline, days: int) -> str:
    """The id of a meeting of the MASH on a day to come."""
    body = {"panel": "mash", "at": (datetime.now(UTC) + timedelta(days=days)).isoformat()}
    answer = await hub.clients["referrals"].post("/api/v1/meetings", json=body, headers=MASH)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["meeting_id"])


async def its_hour_comes(hub: Pipeline, meeting: str) -> None:
    """Time moves to when the next timer of the meeting's minutes is due, and it fires."""
    before = {(row["kind"], row["due_at"]) for row in await hub.rows(ARMED, meeting)}
    await hub.rows(MOVED, meeting)

    async def fired() -> bool:
        now = datetime.now(UTC)
        return not any(row["due_at"] <= now for row in await hub.rows(ARMED, meeting))

    assert before, "no timer is armed"
    await until(fired, "the timer to fire")


async def mailed(hub: Pipeline, post_office: MailServer, meeting: str, subject: str, many: int) -> list[Mail]:
    """The mails about the meeting under that subject, once all that were decided have come."""

    def found() -> list[Mail]:
        return [each for each in post_office.kept if each["X-Hub-Reference"] == meeting and subject in each["Subject"]]

    async def come() -> bool:
        return len(found()) >= many

    await until(come, f"mail about {subject}")
    return found()


def addresses(mails: list[Mail], hub: Pipeline) -> list[str]:
    """The staff ids of whom mails went to."""
    staff = {each.address: each.id for each in hub.processes["referrals"].app.state.partnership.staff}
    return sorted(staff[str(each["To"])] for each in mails)


async def test_unsigned_minutes_remind_the_chair_once_and_then_tell_the_duty_manager_once(
    hub: Pipeline, post_office: MailServer
) -> None:
    meeting = await scheduled(hub, 40)
    assert [row["kind"] for row in await hub.rows(ARMED, meeting)] == ["minutes-due"]
    await its_hour_comes(hub, meeting)
    reminded = await mailed(hub, post_office, meeting, "Minutes to sign", 1)
    assert addresses(reminded, hub) == [CHAIR]
    (later,) = await hub.rows(ARMED, meeting)
    assert (later["kind"], later["due_at"] > datetime.now(UTC)) == ("minutes-late", True)
    await its_hour_comes(hub, meeting)
    escalated = await mailed(hub, post_office, meeting, "still not signed", 2)
    assert addresses(escalated, hub) == sorted([CHAIR, MANAGER])
    assert await hub.rows(ARMED, meeting) == []
    for template, many in (("minutes-reminded@1", 1), ("minutes-escalated@1", 2)):
        assert (await hub.rows(EVENTS, meeting, template))[0]["count"] == many
    assert len(await mailed(hub, post_office, meeting, "Minutes to sign", 1)) == 1


async def test_minutes_that_were_signed_chase_nobody(hub: Pipeline, post_office: MailServer) -> None:
    meeting = await scheduled(hub, 41)
    client = hub.clients["referrals"]
    version = (await client.get(f"/api/v1/meetings/{meeting}", headers=MASH)).json()["version"]
    headers = MASH | {"If-Match": f'"{version}"'}
    signed = await client.post(f"/api/v1/meetings/{meeting}/sign-off", json={}, headers=headers)
    assert signed.status_code == 200, signed.text
    assert await hub.rows(ARMED, meeting) == []
    assert await mailed(hub, post_office, meeting, "Minutes:", 1)
    for template in ("minutes-reminded@1", "minutes-escalated@1"):
        assert (await hub.rows(EVENTS, meeting, template))[0]["count"] == 0
