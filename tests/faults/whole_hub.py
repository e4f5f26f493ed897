"""The whole hub as the one-command run starts it, on engines that a test may stop: its processes, tables and topics."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import asyncpg
import httpx2

from deploy.local import kafka as kafka_engine
from deploy.local import postgres as postgres_engine
from deploy.local.home import started_at
from deploy.local.ports import SERVICES, Ports
from services.kernel.errors import INFRASTRUCTURE
from tests.engines.running import Running
from tests.engines.topics import records_on

ROOT = Path(__file__).parents[2]
DEADLINE_SECONDS = 300.0

_UNDER_WAY = """
    SELECT '{0}' AS service, (SELECT count(*) FROM {0}.dead_letters) AS dead, (SELECT count(*) FROM {0}.jobs) AS jobs,
           (SELECT count(*) FROM {0}.outbox_messages) AS unsent
"""


async def until(condition: Callable[[], Awaitable[Any]], what: str, seconds: float = DEADLINE_SECONDS) -> Any:
    """Wait for a condition's true value; fail with its name when the deadline passes."""
    end = time.monotonic() + seconds
    while not (found := await condition()):
        assert time.monotonic() < end, f"waited in vain for {what}"
        await asyncio.sleep(0.2)
    return found


class WholeHub:
    """`hub up` of all services, without the demonstration day, supervised as in the one-command run."""

    def __init__(self, home: Path, base: int, postgres: Running, kafka: Running) -> None:
        self.home, self.postgres, self.kafka = home, postgres, kafka
        self.ports = Ports(base)
        self.database_url = postgres_engine.url(postgres.program.port or 0)
        self.bootstrap = kafka_engine.bootstrap(kafka.program.port or 0)
        self.said = home.parent / "up.log"
        told = {name: value for name, value in os.environ.items() if not name.startswith("HUB_")}
        self.environment = told | {
            "HUB_HOME": str(home),
            "HUB_PORT_BASE": str(base),
            "HUB_DATABASE_URL": self.database_url,
            "HUB_KAFKA": self.bootstrap,
            "HUB_JOB_LEASE_SECONDS": "6",
        }
        with self.said.open("wb") as output:
            self.up = subprocess.Popen(
                [sys.executable, "-m", "hub", "up", "--only", ",".join(SERVICES)],
                cwd=ROOT,
                env=self.environment,
                stdout=output,
                stderr=output,
            )

    def another(self, service: str, slot: int, port: int) -> "subprocess.Popen[bytes]":
        """One more process of a service beside the supervised one, in a place of its own in the groups."""
        told = {"HUB_DEMONSTRATION": "true", "HUB_SMTP_PORT": str(self.ports.smtp)}
        command = [sys.executable, "-m", "hub", "run", service, "--slot", str(slot), "--port", str(port)]
        with (self.home.parent / f"{service}-{slot}.log").open("wb") as output:
            return subprocess.Popen(command, cwd=ROOT, env=self.environment | told, stdout=output, stderr=output)

    def address(self, service: str) -> str:
        """Where a service listens; desk's is the one address of everything."""
        return f"http://127.0.0.1:{self.ports.service(service)}"

    def secret(self) -> dict[str, str]:
        """The header by which the installation's own tools are known."""
        return {"X-Hub-Secret": json.loads((self.home / "secrets.json").read_text())["service_secret"]}

    async def ready(self) -> bool:
        """Whether every service says that it is ready."""
        assert self.up.poll() is None, f"the hub ended: {self.said.read_text()[-2000:]}"
        async with httpx2.AsyncClient(timeout=30) as client:
            try:
                answers = [await client.get(f"{self.address(name)}/readyz") for name in SERVICES]
            except httpx2.HTTPError:
                return False
        return all(answer.is_success for answer in answers)

    def alive(self, service: str) -> int | None:
        """The process of a service, or None between its end and its next start."""
        listed = json.loads((self.home / "run.json").read_text())["children"]
        found = next(each for each in listed if each["name"] == service)
        still = found["started"] is not None and started_at(found["pid"]) == found["started"]
        return int(found["pid"]) if still else None

    def kill(self, service: str) -> bool:
        """`kill -9`, unless it is dead already: whether it was alive."""
        process = self.alive(service)
        if process is not None:
            os.kill(process, signal.SIGKILL)
        return process is not None

    def end(self) -> None:
        """Ctrl-C."""
        if self.up.poll() is None:
            self.up.send_signal(signal.SIGINT)
            self.up.wait(120)

    async def rows(self, query: str, *arguments: Any) -> list[Any]:
        """Look at the tables."""
        connection = await asyncpg.connect(self.database_url)
        try:
            return await connection.fetch(query, *arguments)
        finally:
            await connection.close()

    async def records(self, topic: str) -> list[Any]:
        """Everything on a topic, from its beginning to its present end."""
        return await records_on(self.bootstrap, topic)

    async def mails(self) -> list[dict[str, Any]]:
        """All mails of the sink."""
        found: list[dict[str, Any]] = []
        before = ""
        async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{self.ports.mail}", timeout=30) as client:
            while True:
                page = (await client.get("/mails", params={"before": before})).json()
                found += page["items"]
                if not (before := page["next"] or ""):
                    return found

    async def at_rest(self) -> bool:
        """Whether nothing is under way: no outbox row, no job, no unanswered report; and no dead letter anywhere."""
        try:
            found = await self.rows(" UNION ALL ".join(map(_UNDER_WAY.format, SERVICES)))
            dead = {each["service"]: each["dead"] for each in found if each["dead"]}
            assert not dead, f"dead letters: {dead}"
            if any(each["unsent"] or each["jobs"] for each in found):
                return False
            return not await self.rows("SELECT 1 FROM intake.reports WHERE status = 'received' LIMIT 1")
        except INFRASTRUCTURE:
            return False
