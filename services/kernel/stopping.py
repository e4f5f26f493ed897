"""Ends a process's tasks, also those that a library lets overhear that they were cancelled."""

import asyncio
from collections.abc import Collection, Coroutine
from typing import Any

ASK_AGAIN_SECONDS = 1.0


async def end(
    tasks: Collection["asyncio.Task[None]"], beside: Collection["asyncio.Future[None]"], seconds: float
) -> int:
    """Cancel the tasks, and wait so many seconds for their end and for what stops beside them; how many go on.

    They are asked again each second: `asyncio.wait_for` of Python 3.11, which asyncpg and aiokafka use, loses a
    cancellation that comes at the moment of its result, and a loop that lost it would run on after its process.
    """
    clock = asyncio.get_running_loop().time
    until = clock() + seconds
    running: set[asyncio.Future[None]] = {*tasks, *beside}
    while running and (left := until - clock()) > 0:
        for task in tasks:
            task.cancel()
        _, running = await asyncio.wait(running, timeout=min(left, ASK_AGAIN_SECONDS))
    return len(running)


async def to_its_end(work: "Coroutine[Any, Any, None]") -> None:
    """Do it whole: who is cancelled meanwhile ends after it. Raises what it raised."""
    task, stopped = asyncio.ensure_future(work), False
    while not task.done():
        try:
            await asyncio.wait((task,))
        except asyncio.CancelledError:
            stopped = True
    await task
    if stopped:
        raise asyncio.CancelledError
