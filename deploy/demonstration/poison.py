"""One record that nobody can read, as a tool with a misspelt word puts it on a topic: what operations staff mend."""

import json
import secrets
from datetime import UTC, datetime
from uuid import UUID, uuid5

from aiokafka import AIOKafkaProducer

from schemas import topics
from services.kernel.references import reference

POISONED = UUID("b0a3c1de-52f4-5d8e-9c67-1f0e4a7d2b95")
"""Namespace of the poisoned records' ids."""
MISSPELT = "partnerr"


def poisoned(round_number: int, now: datetime) -> tuple[str, dict[str, object], dict[str, str]]:
    """Key, body and headers: whole but for the channel, which is no word that a report may have."""
    report_id, message_id = (uuid5(POISONED, f"{kind}/{round_number}") for kind in ("report", "message"))
    facts = {
        "report_id": str(report_id),
        "reference": reference("R", report_id),
        "source_id": f"poisoned-{round_number}",
        "channel": MISSPELT,
        "received_at": now.isoformat(),
        "category": "fly-tipping",
        "street": "Ashcroft Road",
    }
    personal = {"form": "plain", "fields": {"description": "Four fridges left beside the garages overnight."}}
    headers = {
        "ce_specversion": "1.0",
        "ce_id": str(message_id),
        "ce_type": "ReportReceived.v1",
        "ce_source": "/demonstration",
        "ce_time": now.isoformat(),
        "ce_subject": str(report_id),
        "traceparent": f"00-{secrets.token_hex(16)}-{secrets.token_hex(8)}-01",
    }
    return str(report_id), {"report": facts, "personal": personal}, headers


async def put(bootstrap: str, round_number: int) -> None:
    """Put one on the partners' topic. Raises what the broker raises."""
    key, body, headers = poisoned(round_number, datetime.now(UTC))
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap)
    await producer.start()
    try:
        sent = [(name, value.encode()) for name, value in headers.items()]
        await producer.send_and_wait(topics.REPORTS_PARTNER, json.dumps(body).encode(), key.encode(), headers=sent)
    finally:
        await producer.stop()
