"""What a process knows of the outbox, whoever leads."""

import asyncio
from typing import Any

from services.kernel.relay import Relay


class Following:
    """A connection on which another process holds the lock, with an empty outbox."""

    def __init__(self) -> None:
        self.measured = asyncio.Event()

    async def dedicated(self) -> "Following":
        return self

    async def fetchval(self, *_: Any) -> bool:
        return False

    async def fetchrow(self, _: str) -> dict[str, Any]:
        self.measured.set()
        return {"n": 0, "age": None}

    def terminate(self) -> None:
        """Nothing to end."""


async def test_a_process_that_lost_the_lead_sees_that_the_outbox_is_empty_again() -> None:
    following = Following()
    relay = Relay("probe", following, "")  # type: ignore[arg-type]
    relay.rows = 100_000
    task = asyncio.create_task(relay._lead())
    await asyncio.wait_for(following.measured.wait(), 30)
    await asyncio.sleep(0)
    assert relay.rows == 0
    task.cancel()
