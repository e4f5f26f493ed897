"""The demonstration leaves the hub to others when it answers slowly, and not otherwise."""

import httpx2
import pytest

from deploy.demonstration.considerate import SLOW_SECONDS, Considerate


@pytest.mark.parametrize(("takes", "waits"), [(SLOW_SECONDS * 4, [SLOW_SECONDS * 4]), (SLOW_SECONDS, [])])
async def test_after_a_slow_answer_it_waits_as_long_again(takes: float, waits: list[float]) -> None:
    now, waited = [0.0], list[float]()

    def answer(request: httpx2.Request) -> httpx2.Response:
        now[0] += takes
        return httpx2.Response(200, text="done")

    async def wait(seconds: float) -> None:
        waited.append(seconds)

    slow = Considerate(httpx2.MockTransport(answer), clock=lambda: now[0], wait=wait)
    async with httpx2.AsyncClient(transport=slow, base_url="http://hub") as client:
        assert (await client.get("/")).text == "done"
    assert waited == waits
