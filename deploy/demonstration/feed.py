"""Plays the demonstration day against a running hub: fourteen days of history, then about 15 reports a minute.

Everything goes in by the doors that partners, call-takers and residents use. Runs until it is stopped.
"""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import httpx2
import structlog
from aiokafka.errors import KafkaError

from deploy.demonstration.considerate import Considerate
from deploy.demonstration.player import StoryPlayer
from deploy.demonstration.plays import EARLIER, read_plays
from deploy.demonstration.poison import put
from deploy.demonstration.script import Background, Script, Step, Story, body, housing_file, read_script
from deploy.demonstration.staff import LeftAt, StaffAtWork, StaffOnDuty
from deploy.local.ports import Ports

HISTORY_DAYS, HISTORY_REPORTS = 14, 560
RECENT = 3.0
"""Above 1 the reports crowd towards today, as open work does: what is older than its due time has been closed."""
SENT_AT_ONCE = 2
EVERY_SECONDS = 4.0
ROUND_SECONDS = 900.0
SEED = 20_251_014
RECEIVED_AT = "X-Demonstration-Received-At"
"""Only a demonstration believes this header: it lets the first fourteen days lie in the past."""
CALL_KEY, POLICE_KEY = "demo-contact-centre", "demo-police"
AGAIN = (429, 503)

log = structlog.get_logger()


def key_of(report: Background | Step) -> str:
    """Whose key sends a report: the script's, else the contact centre's for a call and the police's for a record."""
    return report.key or (CALL_KEY if report.channel == "101" else POLICE_KEY)


class Feed:
    """Sends the script to one hub."""

    def __init__(
        self,
        client: httpx2.AsyncClient,
        triage: httpx2.AsyncClient,
        script: Script,
        home: Path,
        *,
        pace: float = 1.0,
        kafka: str | None = None,
    ) -> None:
        """`pace` is how many times the waits between people's steps last; without `kafka` no record is poisoned."""
        self._client, self._kafka = client, kafka
        self._script, self._random = script, Random(SEED)
        self._history_began = home / "demonstration-history-began"
        self._history_done = home / "demonstration-history-sent"
        self._poisoned = home / "demonstration-poisoned"
        self._count = self._turn = 0
        self._left_at = LeftAt(home / "demonstration-staff.json")
        self.player = StoryPlayer(self._client, triage, read_plays(), home / "demonstration-stories.json", pace=pace)

    async def run(self) -> None:
        """History once, then for ever."""
        await self._ready()
        if not self._history_done.exists():
            await self._send_history()
            await StaffAtWork(self._client, self._random, self._left_at).fortnight()
            self._history_done.write_text(datetime.now(UTC).isoformat())
        log.info("demonstration_live")
        await asyncio.gather(
            self._background(),
            self._stories(),
            self.player.run(),
            StaffOnDuty(self._client, self._random, self._left_at).run(),
        )

    async def _ready(self) -> None:
        while True:
            try:
                if (await self._client.get("/readyz")).status_code == httpx2.codes.OK:
                    return
            except httpx2.HTTPError as error:
                log.debug("hub_not_ready", error=type(error).__name__)
            await asyncio.sleep(0.5)

    async def _send_history(self) -> None:
        now = self._began()
        ages = sorted(
            (HISTORY_DAYS * self._random.random() ** RECENT + 0.02 for _ in range(HISTORY_REPORTS)), reverse=True
        )
        log.info("demonstration_history_started", reports=HISTORY_REPORTS)
        for first in range(0, len(ages), SENT_AT_ONCE):
            together = enumerate(ages[first : first + SENT_AT_ONCE], first)
            await asyncio.gather(*(self._send_old(number, now - timedelta(days=days)) for number, days in together))
        log.info("demonstration_history_sent")

    def _began(self) -> datetime:
        """When the history was first sent from: a start that was interrupted sends the very same records again."""
        if not self._history_began.exists():
            beside = self._history_began.with_suffix(".new")  # half a moment, from a full disk, would stay
            beside.write_text(datetime.now(UTC).isoformat())
            beside.replace(self._history_began)
        return datetime.fromisoformat(self._history_began.read_text())

    async def _send_old(self, number: int, received: datetime) -> None:
        report = self._random.choice(self._script.reports)
        await self._send(report, f"history-{number}", received - timedelta(minutes=20), received)

    async def _background(self) -> None:
        while True:
            self._count += 1
            stamp = datetime.now(UTC)
            report = self._random.choice(self._script.reports)
            await self._send(report, f"live-{stamp:%Y%m%d%H%M%S}-{self._count}", stamp - timedelta(minutes=5), None)
            await asyncio.sleep(self._random.uniform(0.5, 1.5) * EVERY_SECONDS)

    async def _stories(self) -> None:
        round_number = int(datetime.now(UTC).timestamp())
        while True:
            self._turn = round_number if self.player.stories else 0
            began = asyncio.get_running_loop().time()
            steps = sorted(
                ((step, story.number) for story in self._script.stories for step in story.steps),
                key=lambda each: each[0].at,
            )
            for step, number in steps:
                await asyncio.sleep(max(0.0, began + step.at - asyncio.get_running_loop().time()))
                await self._play(step, number, round_number)
            await asyncio.sleep(max(0.0, began + ROUND_SECONDS - asyncio.get_running_loop().time()))
            round_number += 1

    async def tell(self, story: Story, round_number: int) -> None:
        """Send a story's reports one after the other, without the script's pauses; its people begin."""
        for step in story.steps:
            await self._play(step, story.number, round_number)

    async def _play(self, step: Step, story: int, round_number: int) -> None:
        if step.file is not None:
            headers = {"Authorization": "Bearer demo-housing", "Content-Type": "application/x-ndjson"}
            await self._post("/api/v1/batches?format=hub", housing_file(round_number), headers)
            return
        if step.poison:
            await self._poison(round_number)
            return
        source_id = f"story-{story}-{round_number}-{step.at:g}"
        now, step = datetime.now(UTC), self._script.recast(step, self._turn)
        then = now - timedelta(minutes=step.ago)
        await self._send(step, source_id, then, then if step.ago else None, round_number)
        if step.channel != "online" and step.case != "left":
            # A resident's receipt is hers alone; a partner's leads its people to the case.
            played = EARLIER if step.case == "earlier" else story
            self.player.begins(played, round_number, source_id, key_of(step))

    async def _poison(self, round_number: int) -> None:
        """Once for a hub's data: operations staff shall find one dead letter, not one for each quarter of an hour."""
        if self._kafka is None or self._poisoned.exists():
            return
        try:
            await put(self._kafka, round_number)
        except KafkaError as error:
            log.warning("demonstration_not_poisoned", error=type(error).__name__)
        else:
            self._poisoned.write_text(datetime.now(UTC).isoformat())

    async def _send(
        self,
        report: Background | Step,
        source_id: str,
        occurred: datetime,
        received: datetime | None,
        round_number: int = 0,
    ) -> None:
        if isinstance(report, Step):
            place = self._script.place(report.street, self._turn)
        else:
            place = self._script.somewhere(report, self._random)
        made = body(report, place, source_id, occurred.isoformat(), round_number)
        headers = {"Authorization": f"Bearer {key_of(report)}"}
        if received is not None:
            headers[RECEIVED_AT] = received.isoformat()
        if report.channel == "101":
            await self._post("/api/v1/calls", made | {"line": "101", "call_taker": "imran-dacre"}, headers)
        elif report.channel == "online":
            await self._post("/api/v1/reports", made, headers | {"X-Demonstration-Channel": "online"})
        else:
            await self._post("/api/v1/reports", made, headers)

    async def _post(self, path: str, content: dict[str, object] | bytes, headers: dict[str, str]) -> None:
        """Send until it is taken; what is refused is said, so that a wrong script is noticed."""
        while (answer := await self._tried(path, content, headers)) is None:
            await asyncio.sleep(2)
        if answer.is_error:
            code = answer.json().get("code")
            log.error("demonstration_refused", path=path, status=answer.status_code, code=code)

    async def _tried(
        self, path: str, content: dict[str, object] | bytes, headers: dict[str, str]
    ) -> httpx2.Response | None:
        """The answer, or None where it is worth sending again."""
        sent = content if isinstance(content, bytes) else json.dumps(content).encode()
        try:
            answer = await self._client.post(path, content=sent, headers={"Content-Type": "application/json"} | headers)
        except httpx2.HTTPError as error:
            log.warning("demonstration_not_sent", path=path, error=type(error).__name__)
            return None
        return None if answer.status_code in AGAIN else answer


def main(base_url: str, home: Path, kafka: str) -> None:
    """Play until stopped."""
    asyncio.run(_played(base_url, home, kafka))


async def _played(base_url: str, home: Path, kafka: str) -> None:
    triage = httpx2.URL(base_url).copy_with(port=Ports(httpx2.URL(base_url).port or 8000).service("triage"))
    async with (
        httpx2.AsyncClient(base_url=base_url, timeout=20, transport=Considerate(httpx2.AsyncHTTPTransport())) as client,
        httpx2.AsyncClient(base_url=triage, timeout=20) as reviews,
    ):
        await Feed(client, reviews, read_script(), home, kafka=kafka).run()
