"""Counts what became of every record that the hub took: one decision, one case effect, one notification each."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable
from functools import partial
from typing import Any
from uuid import UUID

import httpx2

from schemas import topics
from tests.faults.listener import Listener
from tests.faults.traffic import Traffic
from tests.faults.whole_hub import WholeHub, until

_CASE_EFFECTS = {"CaseOpened.v1", "ReportJoined.v1"}
_DECIDED = {"ReportTriaged.v1", "ReviewRequested.v1"}


def _headers(record: Any) -> dict[str, str]:
    return {name: value.decode() for name, value in record.headers}


def by_report(records: Iterable[Any], types: set[str]) -> dict[UUID, set[str]]:
    """The distinct event ids of each report: a record that was published again has the id that it had before."""
    found: dict[UUID, set[str]] = defaultdict(set)
    for record in records:
        headers = _headers(record)
        if headers["ce_type"] in types:
            body = json.loads(record.value)
            found[UUID(body["report"]["report_id"])].add(headers["ce_id"])
    return found


def one_each(found: dict[UUID, set[str]], wanted: set[UUID], what: str) -> None:
    """Exactly one event for every report that was taken."""
    lost = wanted - found.keys()
    assert not lost, f"{len(lost)} of {len(wanted)} reports have no {what}"
    twice = [report for report in wanted if len(found[report]) > 1]
    assert not twice, f"{len(twice)} reports have more than one {what}"


def same(wanted: set[UUID], found: set[UUID], what: str) -> None:
    """Two sets of ids are equal; says by how many they are not."""
    assert not wanted - found, f"{len(wanted - found)} of {len(wanted)} {what} are missing"
    assert not found - wanted, f"{len(found - wanted)} {what} belong to nothing that was decided"


async def all_exactly_once(hub: WholeHub, listener: Listener, traffic: Traffic) -> None:
    """Wait until the hub is at rest, then compare tables, topics, mails and webhooks with what was taken."""
    wanted = traffic.ids()

    async def settled() -> bool:
        if not await hub.at_rest():
            return False
        counted = await hub.rows(
            """SELECT (SELECT count(*) FROM intake.reports WHERE report_id = ANY($1)) AS kept,
                      (SELECT count(*) FROM referrals.case_reports WHERE report_id = ANY($1)) AS linked""",
            list(wanted),
        )
        return bool(counted[0]["kept"] == counted[0]["linked"] == len(wanted))

    await until(settled, f"{len(wanted)} reports to be settled")
    await _topics_agree(hub, wanted)
    await _cases_agree(hub, wanted)
    await until(partial(_told, hub, listener, wanted), "every sender to be told")
    await _notified_once(hub, listener, wanted)
    await _balance_closes(hub)


async def _topics_agree(hub: WholeHub, wanted: set[UUID]) -> None:
    reports = [record for name in topics.REPORT_TOPICS.values() for record in await hub.records(name)]
    one_each(by_report(reports, {"ReportReceived.v1"}), wanted, "report event")
    one_each(by_report(await hub.records(topics.DECISIONS), _DECIDED), wanted, "decision")
    effects = [record for record in await hub.records(topics.CASES) if b'"report":{' in record.value]
    one_each(by_report(effects, _CASE_EFFECTS), wanted, "case effect")


async def _cases_agree(hub: WholeHub, wanted: set[UUID]) -> None:
    rows = await hub.rows(
        """SELECT c.case_id, count(DISTINCT r.report_id) AS reports,
                  count(DISTINCT e.event_id) FILTER (WHERE e.type IN ('CaseOpened', 'ReportJoined')) AS effects
           FROM referrals.cases c JOIN referrals.case_reports r USING (case_id)
           JOIN referrals.case_events e USING (case_id)
           GROUP BY c.case_id"""
    )
    assert [row for row in rows if row["reports"] != row["effects"]] == []
    linked = await hub.rows("SELECT report_id FROM referrals.case_reports")
    assert {row["report_id"] for row in linked} >= wanted


async def _told(hub: WholeHub, listener: Listener, wanted: set[UUID]) -> bool:
    """Every sender by a webhook, every case's lead by a mail, and nothing is still to be delivered."""
    found = (
        await hub.rows(
            """SELECT (SELECT count(*) FROM notify.notifications WHERE status <> 'delivered') AS waiting,
                      (SELECT count(*) FROM referrals.cases c WHERE NOT EXISTS (
                           SELECT 1 FROM notify.notifications n WHERE n.about = c.reference AND n.channel = 'mail'
                       )) AS untold"""
        )
    )[0]
    routed = [body for body in listener.bodies.values() if body["type"] == "report.routed"]
    return (found["waiting"], found["untold"]) == (0, 0) and len(routed) >= len(wanted) and await hub.at_rest()


async def _notified_once(hub: WholeHub, listener: Listener, wanted: set[UUID]) -> None:
    """One webhook a report; one mail a case, rule and recipient; the mail sink and the topic hold the same ids."""
    rows = await hub.rows("SELECT id, about, recipient, channel FROM notify.notifications")
    reports = await hub.rows("SELECT reference FROM intake.reports WHERE report_id = ANY($1)", list(wanted))
    per_report = Counter(row["about"] for row in rows if row["channel"] == "webhook")
    assert {row["reference"]: per_report[row["reference"]] for row in reports} == {
        row["reference"]: 1 for row in reports
    }
    mails = {row["id"] for row in rows if row["channel"] == "mail"}
    assert max(Counter((row["about"], row["recipient"]) for row in rows if row["channel"] == "mail").values()) == 1
    received = Counter(mail["headers"]["Message-ID"].strip("<>").partition("@")[0] for mail in await hub.mails())
    same(mails, {UUID(each) for each in received}, "mails of the sink")
    hooks = {row["id"] for row in rows if row["channel"] == "webhook"}
    same(hooks, {UUID(each.removeprefix("msg_")) for each in listener.seen}, "webhooks at the partner")
    published = {
        UUID(json.loads(record.value)["notification"]["notification_id"])
        for record in await hub.records(topics.NOTIFICATIONS)
    }
    same(mails | hooks, published, "notifications on the topic")


async def _balance_closes(hub: WholeHub) -> None:
    async with httpx2.AsyncClient(base_url=hub.address("intake"), headers=hub.secret(), timeout=30) as client:
        balance = (await client.get("/internal/balance")).raise_for_status().json()
    assert (balance["difference"], balance["waiting"]) == (0, 0)
