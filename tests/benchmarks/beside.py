"""The floor, the kernel's own stage and triage by turns, in one run: reports per second, and the ratios of the three.

The floor is raw aiokafka and asyncpg. The stage is the kernel's floor: a whole process that understands nothing. What
triage takes beyond it is understanding: its words, its tables, what it counts, and the review and clock of each report.
Usage: python -m tests.benchmarks.beside POSTGRES_URL KAFKA
"""

import argparse
import asyncio
import json
import sys

from services.kernel.process import tune_collector
from tests.benchmarks.stage import Bench
from tests.benchmarks.triage import TriageBench

SIZES = {1: 1_500, 10: 5_000, 100: 15_000, 500: 20_000}
"""Batch size → records measured. One at a time is how live reports come, 500 how an import does."""


async def measure(postgres: str, kafka: str) -> list[dict[str, float]]:
    """All three at every batch size; the ratios that are asked for are `stage_to_floor` and `triage_to_stage`."""
    tune_collector()  # as every service of the hub runs; the floor has the same collector
    bench, table = Bench(postgres, kafka), []
    triage = TriageBench(bench)
    await triage.prepare()
    for batch, records in SIZES.items():
        floor, stage = await bench.floor(batch, records), await bench.hub(batch, records)
        found = await triage.triage(batch, records)
        table.append(
            {
                "batch": batch,
                "floor": round(floor),
                "stage": round(stage),
                "triage": round(found),
                "stage_to_floor": round(stage / floor, 2),
                "triage_to_floor": round(found / floor, 2),
                "triage_to_stage": round(found / stage, 2),
            }
        )
        sys.stderr.write(f"{table[-1]}\n")
    return table


def main() -> None:
    """Print the table as one JSON document."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("postgres")
    parser.add_argument("kafka")
    arguments = parser.parse_args()
    json.dump(asyncio.run(measure(arguments.postgres, arguments.kafka)), sys.stdout, indent=2)


if __name__ == "__main__":
    main()
