"""PostgreSQL and Kafka go away while records flow, and come back: what HTTP says meanwhile, and what is there after.

HUB_TEST_OUTAGE_SECONDS (10) is how long each is away; a release is tried with 30.
"""

import asyncio
import os
from collections.abc import Callable, Coroutine
from time import monotonic
from typing import Any

import pytest

from tests.engines.running import Running
from tests.faults.ledger import all_exactly_once
from tests.faults.listener import Listener
from tests.faults.traffic import Traffic
from tests.faults.whole_hub import WholeHub, until

pytestmark = pytest.mark.faults
AWAY_SECONDS = float(os.environ.get("HUB_TEST_OUTAGE_SECONDS", "10"))
EACH = 40
SPREAD = AWAY_SECONDS / EACH
"""Seconds between two records that make them last as long as the outage."""
Recorded = Callable[[str, object], None]


async def _taken(traffic: Traffic, count: int) -> bool:
    return len(traffic.taken) >= count


async def _away(engine: Running, traffic: Traffic, senders: Coroutine[Any, Any, None]) -> int:
    """Kill the engine while records flow and start it again later; how many records were taken meanwhile."""
    flowing = asyncio.create_task(senders)
    await until(lambda: _taken(traffic, EACH // 2), "the first records to be taken")
    engine.kill()
    before, back = len(traffic.taken), asyncio.get_running_loop().create_future()
    asyncio.get_running_loop().call_later(AWAY_SECONDS, back.set_result, None)
    await back
    meanwhile = len(traffic.taken) - before
    await engine.start_again()
    await flowing
    return meanwhile


async def _all_there(hub: WholeHub, listener: Listener, traffic: Traffic, record: Recorded) -> None:
    """Everything once, and how long after the last record that took."""
    began = monotonic()
    await all_exactly_once(hub, listener, traffic)
    record("away_seconds", AWAY_SECONDS)
    record("records_taken", len(traffic.taken))
    record("answers", dict(traffic.answers))
    record("seconds_from_the_last_record_until_all_was_there_once", round(monotonic() - began, 1))


async def test_while_postgresql_is_away_posts_are_told_when_to_come_back_and_nothing_is_lost(
    hub: WholeHub, listener: Listener, record_property: Recorded
) -> None:
    await until(hub.ready, "the hub to be ready")
    traffic = Traffic(hub, "no-postgres")
    await _away(hub.postgres, traffic, traffic.all_doors(EACH))
    assert traffic.answers[503] > 0
    for answer in traffic.refusals:
        if answer.status_code == 503:
            assert int(answer.headers["retry-after"]) > 0
            assert answer.headers["content-type"] == "application/problem+json"
            assert answer.json()["code"] == "unavailable"
    await _all_there(hub, listener, traffic, record_property)


async def test_while_kafka_is_away_posts_are_taken_and_all_arrives_later(
    hub: WholeHub, listener: Listener, record_property: Recorded
) -> None:
    await until(hub.ready, "the hub to be ready")
    traffic = Traffic(hub, "no-kafka", pause=SPREAD)
    http_only = asyncio.gather(
        traffic.post("desk", "/api/v1/reports", "police", EACH),
        traffic.post("intake", "/api/v1/calls", "police", EACH, line="101"),
        traffic.batch("mall", EACH),
    )

    async def doors() -> None:
        await http_only

    meanwhile = await _away(hub.kafka, traffic, doors())
    assert meanwhile > 0
    assert set(traffic.answers) == {202}
    await _all_there(hub, listener, traffic, record_property)
