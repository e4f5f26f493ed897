"""A copy of a partnership with fifty more caseworkers, for a soak in which nobody sits at two desks.

Usage: python -m tests.benchmarks.crowd FOLDER, then start a hub with HUB_PARTNERSHIP=FOLDER.
"""

import argparse
import shutil
from pathlib import Path

PEOPLE = 50
LUTON = Path(__file__).parents[2] / "partnerships" / "luton"
AGENCIES = ("luton-council-neighbourhood-services", "bedfordshire-police")
"""Whose caseworkers see the soak's cases: by turns, so that each has half of the people."""
_PERSON = """\
  - id: {id}
    name: Caseworker {number:02}
    agency: {agency}
    job: Caseworker
    roles: [caseworker]
    clearances: [official-sensitive]
    address: {id}@soak.invalid
"""


def person(number: int) -> str:
    """The id of one of them."""
    return f"caseworker-{number:02}"


def of_agency(agency: str, people: int = PEOPLE) -> tuple[str, ...]:
    """The ids of an agency's."""
    return tuple(person(number) for number in range(people) if AGENCIES[number % 2] == agency)


def crowd(folder: Path, people: int = PEOPLE) -> None:
    """Write the copy. Raises `FileExistsError` where the folder is there already."""
    shutil.copytree(LUTON, folder)
    with (folder / "staff.yaml").open("a") as staff:
        for number in range(people):
            staff.write(_PERSON.format(id=person(number), number=number, agency=AGENCIES[number % 2]))


def main() -> None:
    """Write the copy where the argument says."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    crowd(parser.parse_args().folder)


if __name__ == "__main__":
    main()
