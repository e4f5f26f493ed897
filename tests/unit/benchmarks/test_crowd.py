"""The soak's partnership is Luton's with fifty more people, and a hub would take it."""

from pathlib import Path

from services.partnership.loading import load_partnership
from tests.benchmarks.crowd import AGENCIES, LUTON, PEOPLE, crowd, of_agency


def test_fifty_people_of_two_agencies_are_added_to_a_copy(tmp_path: Path) -> None:
    crowd(tmp_path / "crowd")
    before, after = load_partnership(LUTON), load_partnership(tmp_path / "crowd")
    added = {each.id: each.agency for each in after.staff if each not in before.staff}
    assert len(added) == PEOPLE
    assert [sorted(of_agency(agency)) for agency in AGENCIES] == [
        sorted(person for person, of in added.items() if of == agency) for agency in AGENCIES
    ]
