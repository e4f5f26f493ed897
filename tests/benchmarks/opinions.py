"""What two further labellers say of the judging set's harm, each without the labels, the other and triage."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.benchmarks.figures import Found, found

OPINIONS = Path(__file__).parents[1] / "texts" / "judge" / "second-opinions.jsonl"

Report = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Opinions:
    """Of one report: the flags that each of them is sure of, and whether each takes somebody for harmed."""

    flags: Sequence[frozenset[str]]
    harmed: Sequence[bool]

    @property
    def agreed(self) -> set[str]:
        """Flags that all are sure of."""
        return set(frozenset.intersection(*self.flags))


def opinions() -> dict[str, Opinions]:
    """By the report's id."""
    rows = [json.loads(line) for line in OPINIONS.read_text(encoding="utf-8").splitlines()]
    return {
        row["id"]: Opinions(
            [frozenset(each["flags"]) for each in row["opinions"]], [each["harmed"] for each in row["opinions"]]
        )
        for row in rows
    }


def as_labellers_find(reports: Sequence[Report], told: Mapping[str, Opinions]) -> list[Found]:
    """How well each of them finds the labelled flags, reckoned as triage is: what can be asked of any reader."""
    return [
        found([(report["flags"], told[report["id"]].flags[number] - set(report["either_flags"])) for report in reports])
        for number in range(2)
    ]
