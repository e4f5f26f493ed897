"""How long each hop takes, read from what every service says of itself in its metrics. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass

from prometheus_client.parser import text_string_to_metric_families

SHARE = 0.95
HOPS = "hub_hop_seconds"


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
        return f"under {self.seconds * 1000:.0f} ms" if self.seconds < 1 else f"under {self.seconds:g} s"


def hops(metrics: Mapping[str, str]) -> list[Hop]:
    """The hops of every service's metrics (Prometheus text), slowest first; what was never used is left out."""
    found = [hop for service, text in metrics.items() for hop in _of_service(service, text)]
    return sorted(found, key=lambda hop: -hop.seconds)


def _of_service(service: str, text: str) -> list[Hop]:
    samples = [each for family in text_string_to_metric_families(text) for each in family.samples]
    found: dict[str, list[tuple[float, float]]] = {}
    for each in samples:
        if each.name == f"{HOPS}_bucket":
            found.setdefault(each.labels["source"], []).append((float(each.labels["le"]), each.value))
    sums = {each.labels["source"]: each.value for each in samples if each.name == f"{HOPS}_sum"}
    return [_hop(service, source, sorted(rows), sums[source]) for source, rows in found.items() if max(rows)[1]]


def _hop(service: str, source: str, buckets: list[tuple[float, float]], total: float) -> Hop:
    """`buckets` are (upper bound, how many stayed below it), rising."""
    count = buckets[-1][1]
    bound = next(le for le, below in buckets if below >= SHARE * count)
    return Hop(service, source, int(count), bound, total / count)
