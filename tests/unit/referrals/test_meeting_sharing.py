"""What an attendee reads of a meeting's words and packs: as much as her agency's sharing agreement allows, no more."""

import uuid
from typing import Any

import pytest

from services.access.callers import Caller, caller_of_person
from services.referrals import meeting_views
from services.referrals.domain.meeting_state import Action, Stands
from services.referrals.meeting_sharing import Reader
from tests.unit.referrals.conftest import CASE_ID, LUTON, MONDAY

TOWN, ASB = ("town-centre",), ("asb-environmental",)


def reader(person: str) -> Reader:
    return Reader(caller_of_person(LUTON.person(person), frozenset({"cases"})), LUTON)


@pytest.mark.parametrize(
    ("person", "themes", "reads"),
    [
        ("ruth-pellow", ASB, True),
        ("helen-strood", ("domestic-abuse-osse",), True),
        # The mall's agreement is about the town centre alone.
        ("joss-wimbley", TOWN, True),
        ("joss-wimbley", ASB, False),
    ],
)
def test_words_are_read_where_the_agreement_names_them_for_the_cases_themes(
    person: str, themes: tuple[str, ...], reads: bool
) -> None:
    assert reader(person).reads_words(themes) is reads


def test_an_agency_without_an_agreement_reads_no_words() -> None:
    assert not Reader(Caller("person", "x", "X", "opcc"), LUTON).reads_words(TOWN)


def line(person: str, by: str) -> dict[str, Any]:
    action = Action(
        action_id=uuid.uuid4(),
        meeting_id="m",
        case_id=CASE_ID,
        referral="F-1",
        what="Visit him.",
        person=person,
        at=MONDAY,
    )
    return meeting_views.action_view(Stands(action, "open", None, ASB), reader(by))


def test_who_is_to_do_an_action_reads_it_and_her_colleagues_words_stay_held_back() -> None:
    assert line("joss-wimbley", "joss-wimbley")["what"] == "Visit him."
    assert line("colm-ferris", "joss-wimbley")["what"] is None
    assert line("joss-wimbley", "colm-ferris")["what"] == "Visit him."
