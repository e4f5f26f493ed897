"""`kill -9` of every service at random while records flow: nothing is lost, and no effect happens twice."""

import random
from functools import partial

import pytest

from deploy.local.ports import SERVICES
from tests.faults.ledger import all_exactly_once
from tests.faults.listener import Listener
from tests.faults.traffic import Traffic
from tests.faults.whole_hub import WholeHub, until

pytestmark = pytest.mark.faults
SEED, EACH, ROUNDS = 20261126, 60, 2


async def test_services_that_are_killed_at_random_lose_nothing_and_do_nothing_twice(
    hub: WholeHub, listener: Listener
) -> None:
    chance = random.Random(SEED)
    due = [name for _ in range(ROUNDS) for name in chance.sample(SERVICES, len(SERVICES))]
    moments = sorted(chance.sample(range(5, 5 * EACH - 10), len(due)))
    killed: list[str] = []

    def strike(taken: int) -> None:
        while moments and taken >= moments[0]:
            moments.pop(0)
            name = due.pop(0)
            if hub.kill(name):
                killed.append(name)
            else:
                due.append(name)

    traffic = Traffic(hub, "killed", after_each=strike)
    await traffic.all_doors(EACH)
    assert len(killed) >= len(SERVICES)
    for name in due:
        await until(partial(_struck, hub, name), f"{name} to be there to be killed")
        killed.append(name)
    assert set(killed) == set(SERVICES)
    await all_exactly_once(hub, listener, traffic)


async def _struck(hub: WholeHub, name: str) -> bool:
    return hub.kill(name)
