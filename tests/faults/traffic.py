"""Records through every door of the hub, each sent again until the hub has said that it is safe."""

import asyncio
import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import httpx2
from aiokafka import AIOKafkaProducer

from services.intake.domain.receiving import report_id
from tests.faults.whole_hub import WholeHub

CALM = 0.03
"""Seconds between two records of one door: below the 50 a second that a key may send."""
_NUMBERS: dict[str, int] = {}


def place(source_id: str) -> dict[str, Any]:
    """A street corner of this record's own, far enough from every other to make a case of its own."""
    number = _NUMBERS.setdefault(source_id, len(_NUMBERS))
    return {
        "text": "On or near Mill Street",
        "latitude": 51.861 + 0.0021 * (number % 36),
        "longitude": -0.48 + 0.0033 * (number // 36),
    }


def record(source_id: str) -> dict[str, Any]:
    """A report that opens a case, and is told to its sender."""
    words = {"category": "begging-vagrancy", "description": "Man begging and drinking lager at the doors."}
    return {"source_id": source_id, "place": place(source_id), **words}


@dataclass
class Traffic:
    """Senders and their ledger: which records the hub has taken, by partner and source id, and what it answered."""

    hub: WholeHub
    name: str
    after_each: Callable[[int], None] = lambda _: None
    pause: float = CALM
    taken: set[tuple[str, str]] = field(default_factory=set)
    answers: Counter[int] = field(default_factory=Counter)
    refusals: list[httpx2.Response] = field(default_factory=list)
    gaps: int = 0

    def ids(self) -> set[UUID]:
        """The report ids of all that was taken."""
        return {report_id(partner, source) for partner, source in self.taken}

    async def all_doors(self, each: int) -> None:
        """So many records through every door at once."""
        await asyncio.gather(
            self.post("desk", "/api/v1/reports", "police", each),
            self.post("intake", "/api/v1/reports", "mall", each),
            self.post("intake", "/api/v1/calls", "police", each, line="101", grade="3"),
            self.feed("housing", each),
            self.batch("mall", each),
        )

    def _names(self, door: str, count: int) -> Sequence[str]:
        return [f"{self.name}-{door}-{number}" for number in range(count)]

    def _keep(self, partner: str, source_ids: Sequence[str]) -> None:
        for source_id in source_ids:
            self.taken.add((partner, source_id))
            self.after_each(len(self.taken))

    async def post(self, service: str, path: str, partner: str, count: int, **more: Any) -> None:
        """One by one over HTTP."""
        door = f"{service}{path.rpartition('/')[2]}"
        headers = {"Authorization": f"Bearer demo-{partner}"}
        async with httpx2.AsyncClient(base_url=self.hub.address(service), headers=headers, timeout=60) as client:
            for source_id in self._names(door, count):
                await self._until_safe(client, path, json.dumps(record(source_id) | more).encode())
                self._keep(partner, [source_id])
                await asyncio.sleep(self.pause)

    async def _until_safe(self, client: httpx2.AsyncClient, path: str, content: bytes) -> None:
        """Send until 202, as a partner's system does: the same record may be sent any number of times."""
        headers = {"Content-Type": "application/json"}
        while True:
            try:
                answer = await client.post(path, content=content, headers=headers)
            except httpx2.HTTPError:
                self.gaps += 1
                await asyncio.sleep(0.3)
                continue
            self.answers[answer.status_code] += 1
            if answer.status_code == 202:
                return
            assert answer.status_code in (429, 503), answer.text
            self.refusals.append(answer)
            await asyncio.sleep(0.5)

    async def feed(self, partner: str, count: int) -> None:
        """On the partner's own topic; a record counts when the broker has it."""
        names = self._names("feed", count)
        producer = AIOKafkaProducer(bootstrap_servers=self.hub.bootstrap, acks="all", request_timeout_ms=60_000)
        await producer.start()
        try:
            for source_id in names:
                body = json.dumps(record(source_id)).encode()
                await producer.send_and_wait(f"feed-{partner}", body, key=source_id.encode())
                self._keep(partner, [source_id])
                await asyncio.sleep(self.pause)
        finally:
            await producer.stop()

    async def batch(self, partner: str, count: int) -> None:
        """In one file."""
        names = self._names("file", count)
        lines = "".join(json.dumps(record(source_id)) + "\n" for source_id in names)
        headers = {"Authorization": f"Bearer demo-{partner}"}
        async with httpx2.AsyncClient(base_url=self.hub.address("intake"), headers=headers, timeout=30) as client:
            await self._until_safe(client, "/api/v1/batches?format=hub", lines.encode())
        self._keep(partner, names)
