"""The services' numbers of the last hour, sampled into this process's memory: what is slow now, not since the start."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from time import monotonic

from services.desk.hops import Hop, Numbers, Place, Tally, between, furthest_behind, numbers, slowest
from services.kernel.process import Process

EVERY_SECONDS = 60.0
QUARTER, HOUR = 900.0, 3600.0
KEPT = int(HOUR / EVERY_SECONDS) + 1
HOPS_SHOWN = 8


@dataclass(frozen=True, slots=True)
class HopRow:
    """One hop as the page shows it: in the last quarter of an hour, the last hour, and since the start."""

    service: str
    source: str
    quarter: Hop | None
    hour: Hop | None
    start: Hop


class RecentNumbers:
    """A ring of samples; after a restart it fills again, and what it does not reach back to begins with the start."""

    def __init__(self, ask: Callable[[], Awaitable[Mapping[str, str]]], clock: Callable[[], float] = monotonic) -> None:
        self._ask, self._clock = ask, clock
        self._samples: deque[tuple[float, Numbers]] = deque(maxlen=KEPT)

    async def run(self, _: Process) -> None:
        """Until cancelled; a service that does not answer is missing in that sample only."""
        while True:
            self.note(numbers(await self._ask()))
            await asyncio.sleep(EVERY_SECONDS)

    def note(self, sample: Numbers) -> None:
        """Keep a sample."""
        self._samples.append((self._clock(), sample))

    def hops(self, now: Numbers, shown: int = HOPS_SHOWN) -> list[HopRow]:
        """What took longest of late, then what took longest at all."""
        quarter, hour = (_by_place(between(self._before(seconds), now)) for seconds in (QUARTER, HOUR))
        rows = []
        for hop in slowest(now.hops):
            place = hop.service, hop.source
            rows.append(HopRow(*place, quarter.get(place), hour.get(place), hop))
        return sorted(rows, key=lambda row: -(row.quarter.seconds if row.quarter else 0.0))[:shown]

    def furthest_behind(self) -> dict[Place, int]:
        """The most records that each topic was behind in the last hour, as far as the samples saw it."""
        return furthest_behind(sample for _, sample in self._samples)

    def _before(self, seconds: float) -> Numbers | None:
        """The youngest sample of at least that age; None where none reaches so far back."""
        until = self._clock() - seconds
        return next((sample for at, sample in reversed(self._samples) if at <= until), None)


def _by_place(tallies: Mapping[Place, Tally]) -> dict[Place, Hop]:
    return {(hop.service, hop.source): hop for hop in slowest(tallies)}
