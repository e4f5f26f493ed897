"""Clocks that run out fire once and in order, across a restart and a second process, on real engines."""

import pytest

from tests.benchmarks.clocks_due import measure

pytestmark = pytest.mark.integration


async def test_two_thousand_clocks_run_out_in_order_and_once_across_a_restart(
    fresh_database: str, kafka_topics: str
) -> None:
    found = await measure(fresh_database, kafka_topics, 2_000, 12)
    assert (found.fired, found.lost, found.more_than_once, found.out_of_order) == (2_000, 0, 0, 0)
