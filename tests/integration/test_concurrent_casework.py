"""Fifty people at once on the same cases, on real engines: nothing is lost, every conflict is shown."""

import httpx2
import pytest

from tests.benchmarks.casework_api import soak
from tests.benchmarks.casework_record import open_cases
from tests.integration.conftest import Pipeline

pytestmark = pytest.mark.integration
PEOPLE, CASES, SECONDS = 50, 40, 12.0


class _Both(httpx2.AsyncBaseTransport):
    """One address for intake and referrals, as the desk gives people."""

    def __init__(self, pipeline: Pipeline) -> None:
        self._apps = {name: httpx2.ASGITransport(app=pipeline.processes[name].app) for name in ("intake", "referrals")}

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Cases go to referrals, the rest to intake."""
        name = "referrals" if request.url.path.startswith("/api/v1/cases") else "intake"
        return await self._apps[name].handle_async_request(request)


async def test_fifty_people_on_the_same_cases_lose_no_update_and_see_every_conflict(pipeline: Pipeline) -> None:
    clients = [httpx2.AsyncClient(transport=_Both(pipeline), base_url="http://hub", timeout=60) for _ in range(PEOPLE)]
    cases = await open_cases(clients[0], CASES)
    assert len(cases) == CASES
    tally = await soak(clients, cases, SECONDS)
    assert tally.faults == []
    assert tally.answers["200"] > CASES
    assert tally.answers["412 version-stale"] > 0
    assert tally.answers["sent twice"] > 0
