"""A process's tasks end when it does, also one that loses the word that it is cancelled."""

import asyncio

import pytest

from services.kernel import stopping

pytestmark = pytest.mark.usefixtures("impatient")


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stopping, "ASK_AGAIN_SECONDS", 0.01)


async def deaf(times: int) -> None:
    """Goes on so many times after it was cancelled, as a loop does whose library swallows it."""
    for _ in range(times):
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            continue
    await asyncio.Event().wait()


async def begun(times: int) -> "asyncio.Task[None]":
    task = asyncio.create_task(deaf(times))
    await asyncio.sleep(0)
    return task


async def test_a_task_that_loses_its_cancellation_is_cancelled_until_it_ends() -> None:
    tasks = [await begun(0), await begun(3)]
    assert await stopping.end(tasks, [], seconds=30) == 0
    assert all(task.cancelled() for task in tasks)


async def test_what_stops_beside_them_is_waited_for_and_not_cancelled() -> None:
    beside = asyncio.ensure_future(asyncio.sleep(0.03))
    assert await stopping.end([await begun(0)], [beside], seconds=30) == 0
    assert not beside.cancelled()


async def test_the_wait_is_bounded_and_says_how_many_go_on() -> None:
    never = asyncio.get_running_loop().create_future()
    assert await stopping.end([await begun(0)], [never], seconds=0.05) == 1
    never.cancel()
