"""A poisoned record on a topic of the hub's own and on a partner's: seen, mended, and decided under the same id."""

import asyncio
import json
import os
import subprocess
import sys
import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx2
import pytest
from aiokafka import AIOKafkaProducer

from schemas import topics
from tests.faults.ledger import by_report
from tests.faults.traffic import record
from tests.faults.whole_hub import ROOT, WholeHub, until

pytestmark = pytest.mark.faults
_LETTERS = "SELECT id FROM {0}.dead_letters WHERE held_key LIKE $1"
POLICE = {"Authorization": "Bearer demo-police"}


async def command(hub: WholeHub, *words: str) -> tuple[int, Any]:
    """Run the hub's command line with --json: its exit code and its one document."""
    environment = os.environ | {
        "HUB_HOME": str(hub.home),
        "HUB_PORT_BASE": str(hub.ports.base),
        "HUB_DATABASE_URL": hub.database_url,
    }
    done = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-m", "hub", *words, "--json"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, json.loads(done.stdout) if done.stdout.strip() else done.stderr


async def publish(hub: WholeHub, topic: str, key: str, body: bytes, **headers: str) -> None:
    """Lay a record on a topic, past the relay: as a broken program would."""
    async with AIOKafkaProducer(bootstrap_servers=hub.bootstrap, acks="all") as producer:
        await producer.send_and_wait(
            topic, body, key=key.encode(), headers=[(name, value.encode()) for name, value in headers.items()]
        )


def an_event(report_id: str) -> dict[str, Any]:
    """A report's event as intake writes it."""
    example = json.loads((ROOT / "schemas/examples/ReportReceived.v1/minimal.json").read_text())
    example["report"] |= {"report_id": report_id, "reference": "R-222-222-222", "source_id": "poison"}
    found: dict[str, Any] = example
    return found


async def _letter(hub: WholeHub, report_id: str) -> dict[str, Any] | None:
    _, found = await command(hub, "dead-letters", "list", "--service", "triage")
    return next((each for each in found["items"] if report_id in str(each.get("held_key"))), None)


async def test_a_poisoned_record_of_our_own_is_listed_masked_mended_and_replayed_under_its_id(
    hub: WholeHub, tmp_path: Path
) -> None:
    await until(hub.ready, "the hub to be ready")
    report_id, event_id = str(uuid.uuid4()), str(uuid.uuid4())
    event = an_event(report_id)
    poisoned = json.dumps(event | {"report": event["report"] | {"received_at": "when zebra-4711 called"}})
    envelope = {"ce_id": event_id, "ce_type": "ReportReceived.v1", "ce_time": datetime.now(UTC).isoformat()}
    await publish(hub, topics.REPORTS_PARTNER, report_id, poisoned.encode(), **envelope)
    letter = await until(lambda: _letter(hub, report_id), "the dead letter to be listed")
    assert letter["reason"].startswith("invalid-body: /report/received_at")
    _, shown = await command(hub, "dead-letters", "show", "triage", str(letter["id"]))
    assert shown["message_id"] == event_id
    assert "zebra" not in json.dumps(shown)
    assert "4711" not in json.dumps(shown)
    again, answer = await command(hub, "dead-letters", "replay", "triage", str(letter["id"]))
    assert (again, answer["dead_again"]) == (1, 1)
    mended = tmp_path / "mended.json"
    mended.write_text(json.dumps(event))
    letter = await until(lambda: _letter(hub, report_id), "the dead letter to be listed again")
    assert (letter["replays"], letter["id"]) == (1, answer["numbers"][0])
    code, answer = await command(hub, "dead-letters", "replay", "triage", str(letter["id"]), "--body", str(mended))
    assert (code, answer["replayed"]) == (0, 1)
    assert await _letter(hub, report_id) is None

    async def decided() -> set[str]:
        records = await hub.records(topics.DECISIONS)
        return by_report(records, {"ReportTriaged.v1", "ReviewRequested.v1"}).get(uuid.UUID(report_id), set())

    ids = await until(decided, "the decision")
    begun_by = {
        dict(each.headers)["correlationid"].decode()
        for each in await hub.records(topics.DECISIONS)
        if dict(each.headers)["ce_id"].decode() in ids
    }
    assert begun_by == {event_id}
    await _bury_the_others(hub, report_id)


async def _bury_the_others(hub: WholeHub, report_id: str) -> None:
    """The desk and notify heard the poisoned record too; mend it there, so that the hub is at rest."""
    for service in ("notify", "desk"):
        for row in await hub.rows(_LETTERS.format(service), f"%{report_id}"):
            mended = {"body": json.dumps(an_event(report_id))}
            async with httpx2.AsyncClient(base_url=hub.address(service), headers=hub.secret(), timeout=30) as client:
                path = f"/internal/dead-letters/{row['id']}/replay"
                assert (await client.post(path, json=mended)).json()["dead_again"] == 0


async def test_a_poisoned_record_of_a_partner_is_a_refused_row_with_its_reason_and_the_next_goes_on(
    hub: WholeHub,
) -> None:
    await until(hub.ready, "the hub to be ready")
    before = await _refused(hub, "housing")
    good = record(f"poison-{uuid.uuid4()}")
    for body in (b"\xff\xfe", b"{", json.dumps(good | {"colour": "zebra-4711"}).encode()):
        await publish(hub, "feed-housing", "poison", body, ce_type="\ud7ff")
    await publish(hub, "feed-housing", "good", json.dumps(good).encode())

    async def taken() -> bool:
        return bool(await hub.rows("SELECT 1 FROM intake.reports WHERE source_id = $1", good["source_id"]))

    await until(taken, "the good record behind the poisoned ones")
    assert await _refused(hub, "housing") == before + 3
    rows = await hub.rows(
        "SELECT reasons FROM intake.refused_feed_rows WHERE topic = 'feed-housing' ORDER BY record_offset DESC LIMIT 3"
    )
    reasons = [json.loads(row["reasons"])[0] for row in rows]
    assert [(each["field"], each["code"]) for each in reasons] == [
        ("/colour", "unknown-field"),
        ("", "json-invalid"),
        ("", "json-invalid"),
    ]
    assert not await hub.rows("SELECT 1 FROM intake.dead_letters")
    async with httpx2.AsyncClient(base_url=hub.address("intake"), headers=hub.secret(), timeout=30) as client:
        listed = (await client.get("/internal/refused-rows", params={"partner": "housing"})).json()["items"]
    assert len(listed) >= 3
    assert "zebra" not in json.dumps(listed)


async def _refused(hub: WholeHub, partner: str) -> int:
    async with httpx2.AsyncClient(base_url=hub.address("intake"), headers=hub.secret(), timeout=30) as client:
        balance = (await client.get("/internal/balance")).raise_for_status().json()
    return int(next(each for each in balance["partners"] if each["partner"] == partner)["refused_today"])


async def test_a_key_is_made_used_listed_without_itself_and_revoked(hub: WholeHub) -> None:
    await until(hub.ready, "the hub to be ready")
    name = f"trial-{uuid.uuid4().hex[:6]}"
    _, made = await command(hub, "keys", "create", "--partner", "school", "--scope", "reports", "--name", name)
    headers = {"Authorization": f"Bearer {made['key']}"}
    async with httpx2.AsyncClient(base_url=hub.address("desk"), headers=headers, timeout=30) as client:
        sent = await client.post("/api/v1/reports", json=record(f"school-{uuid.uuid4()}"))
        assert sent.status_code == 202
        receipt = (await client.get(sent.json()["url"])).json()
        assert "decision" not in receipt
        assert (await client.get(sent.json()["url"], headers=POLICE)).status_code == 404
        assert (await client.post("/api/v1/batches", content=b"{}")).status_code == 403
        _, listed = await command(hub, "keys", "list")
        assert made["key"] not in json.dumps(listed)
        assert next(each for each in listed["items"] if each["name"] == name)["scopes"] == ["reports"]
        code, answer = await command(hub, "keys", "revoke", name)
        assert (code, answer["revoked"]) == (0, True)
        refused = await client.get(sent.json()["url"])
        assert (refused.status_code, refused.json()["code"]) == (401, "key-unknown")
    code, _ = await command(hub, "keys", "revoke", name)
    assert code == 1
