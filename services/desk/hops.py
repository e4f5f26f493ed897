"""How long each hop takes and how far each topic is behind, read from what every service says in its metrics. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import groupby
from math import isinf
from typing import Self

from prometheus_client.parser import text_string_to_metric_families

SHARE = 0.95
HOPS, LAG = "hub_hop_seconds", "hub_consumer_lag"
Place = tuple[str, str]
"""A service and where what it handles comes from."""


@dataclass(frozen=True, slots=True)
class Tally:
    """Durations counted since a start: (upper bound in seconds, how many stayed below it) rising, and their sum."""

    buckets: tuple[tuple[float, float], ...]
    total: float

    @property
    def count(self) -> float:
        """How many there are."""
        return self.buckets[-1][1]

    def since(self, before: Self | None) -> "Tally":
        """What came after `before`; all of it where the service began again meanwhile."""
        if before is None or self.count < before.count:
            return self
        pairs = zip(self.buckets, before.buckets, strict=True)
        return Tally(tuple((bound, now - then) for (bound, now), (_, then) in pairs), self.total - before.total)


@dataclass(frozen=True, slots=True)
class Numbers:
    """What all services said at one moment: the hops' durations, and the records behind the end of each topic."""

    hops: Mapping[Place, Tally]
    lag: Mapping[Place, int]


@dataclass(frozen=True, slots=True)
class Hop:
    """From an event's time to its commit in a service: the bound under which 95 of 100 stay, in seconds."""

    service: str
    source: str
    count: int
    seconds: float
    mean: float

    @property
    def words(self) -> str:
        """The bound in words."""
        if isinf(self.seconds):
            return "longer than counted"
        return f"under {self.seconds * 1000:.0f} ms" if self.seconds < 1 else f"under {self.seconds:g} s"


def numbers(metrics: Mapping[str, str]) -> Numbers:
    """Every service's metrics (Prometheus text) as values."""
    hops: dict[Place, Tally] = {}
    lag: dict[Place, int] = {}
    for service, text in metrics.items():
        samples = [each for family in text_string_to_metric_families(text) for each in family.samples]
        lag |= {(service, each.labels["topic"]): int(each.value) for each in samples if each.name == LAG}
        sums = {each.labels["source"]: each.value for each in samples if each.name == f"{HOPS}_sum"}
        bounds = sorted(
            (each.labels["source"], float(each.labels["le"]), each.value)
            for each in samples
            if each.name == f"{HOPS}_bucket"
        )
        for source, rows in groupby(bounds, key=lambda row: row[0]):
            hops[service, source] = Tally(tuple((bound, below) for _, bound, below in rows), sums[source])
    return Numbers(hops, lag)


def slowest(tallies: Mapping[Place, Tally]) -> list[Hop]:
    """The hops, slowest first; what was not used is left out."""
    found = [_hop(*place, tally) for place, tally in tallies.items() if tally.count]
    return sorted(found, key=lambda hop: -hop.seconds)


def between(before: Numbers | None, now: Numbers) -> dict[Place, Tally]:
    """The hops' durations from one moment to the other; since the start without the first."""
    known = before.hops if before else {}
    return {place: tally.since(known.get(place)) for place, tally in now.hops.items()}


def furthest_behind(samples: Iterable[Numbers]) -> dict[Place, int]:
    """The most records that each topic was behind in any of the samples."""
    found: dict[Place, int] = {}
    for sample in samples:
        for place, behind in sample.lag.items():
            found[place] = max(behind, found.get(place, 0))
    return found


def _hop(service: str, source: str, tally: Tally) -> Hop:
    bound = next(bound for bound, below in tally.buckets if below >= SHARE * tally.count)
    return Hop(service, source, int(tally.count), bound, tally.total / tally.count)
