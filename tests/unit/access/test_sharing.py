"""What each agency's sharing agreement lets it see of a case: the committed file through the one filter."""

from pathlib import Path
from typing import Any

import pytest

from services.access.callers import Caller
from services.access.sharing import NOTHING_PERSONAL, SHOWN, Sight, sight_of
from services.partnership.loading import load_partnership
from services.partnership.models import Partnership

PERSON = {
    "id": "p1",
    "role": "victim",
    "name": "Denny Rook (invented)",
    "date_of_birth": "1982-04-01",
    "age": 43,
    "contact": {"phone": "01632 960001", "safe": "no"},
    "consent": {"share": "refused"},
    "safe": "no",
}
REPORT = {
    "description": "He waits outside her work.",
    "place": {"text": "14 Invented Street"},
    "people": [PERSON],
    "attributes": {"colour": "blue"},
    "because": [{"text": "waits outside"}],
    "a_field_of_tomorrow": "secret",
}
SENSITIVE, PLAIN = ("domestic-abuse-osse",), ("town-centre",)


@pytest.fixture(scope="module")
def partnership() -> Partnership:
    return load_partnership(Path(__file__).parents[3] / "partnerships" / "luton")


def caller(agency: str | None, *, sees_all: bool = False) -> Caller:
    return Caller("person", "somebody", "Somebody", agency, sees_all=sees_all)


def sight(partnership: Partnership, agency: str | None, themes: tuple[str, ...] = PLAIN) -> Sight:
    return sight_of(caller(agency), themes, partnership)


def event(by: str, **more: Any) -> dict[str, Any]:
    return {"by": {"agency": by}, "personal": {"form": "plain", "fields": {"text": "Seen again."}}} | more


def words(shown: dict[str, Any]) -> Any:
    return shown["personal"]["fields"].get("text")


@pytest.mark.parametrize(
    ("agency", "themes", "people", "report"),
    [
        ("bedfordshire-fire", SENSITIVE, set(), {"place", "people"}),
        ("bedfordshire-fire", PLAIN, set(), {"description", "because", "place", "people"}),
        ("the-mall", PLAIN, set(), {"description", "because", "people"}),
        ("the-mall", ("asb-environmental",), set(), {"people"}),
        ("probation", SENSITIVE, {"name", "date_of_birth", "age"}, {"description", "because", "people"}),
        ("opcc", PLAIN, set(), {"people"}),
        (None, PLAIN, set(), {"people"}),
    ],
)
def test_an_agency_sees_what_its_agreement_names_for_the_themes_and_no_other_field(
    partnership: Partnership, agency: str | None, themes: tuple[str, ...], people: set[str], report: set[str]
) -> None:
    found = sight(partnership, agency, themes)
    care = {"id", "role", "consent", "safe"}
    assert set(found.person(PERSON)) == people | care
    shown = found.fields(REPORT)
    assert set(shown) == report
    assert set(shown["people"][0]) == people | care


def test_an_agency_without_a_rule_has_everything_withheld_and_the_duty_manager_nothing(
    partnership: Partnership,
) -> None:
    assert sight(partnership, "opcc").withheld == sorted(SHOWN)
    everything = sight_of(caller("luton-council", sees_all=True), SENSITIVE, partnership)
    assert (everything.withheld, everything.fields(REPORT), everything.person(PERSON)) == ([], REPORT, PERSON)


@pytest.mark.parametrize("agency", ["probation", "luton-icb", "the-mall", "opcc"])
def test_a_title_names_no_street_to_an_agency_that_does_not_hold_exact_places(
    partnership: Partnership, agency: str
) -> None:
    hers = sight(partnership, agency)
    assert hers.title("Noise · Wigmore Lane · 3 reports") == "Noise · place withheld · 3 reports"
    assert hers.title("Noise · Corner · of High Street · 1 report") == "Noise · place withheld · 1 report"
    assert hers.title("Noise · place not known · 1 report") == "Noise · place not known · 1 report"
    state = {"title": "Noise · Wigmore Lane · 3 reports", "street": "Wigmore Lane", "status": "open"}
    assert hers.case(state) == {"title": "Noise · place withheld · 3 reports", "street": None, "status": "open"}


@pytest.mark.parametrize("agency", ["bedfordshire-police", "luton-council", "bedfordshire-fire"])
def test_a_title_stands_whole_for_an_agency_that_holds_exact_places(partnership: Partnership, agency: str) -> None:
    assert sight(partnership, agency, SENSITIVE).title("Noise · Wigmore Lane · 3 reports").count("Wigmore Lane") == 1


def test_words_are_withheld_but_not_from_who_wrote_them_or_was_asked(partnership: Partnership) -> None:
    fire = sight(partnership, "bedfordshire-fire", SENSITIVE)
    assert words(fire.event(event("bedfordshire-police"))) is None
    assert words(fire.event(event("bedfordshire-fire"))) == "Seen again."
    assert words(fire.event(event("luton-council", changed={"asked": "bedfordshire-fire"}))) == "Seen again."
    assert words(NOTHING_PERSONAL.event({"personal": {"fields": {"text": "x"}}, "by": {}})) is None


def test_a_task_is_told_to_who_is_to_do_it(partnership: Partnership) -> None:
    fire = sight(partnership, "bedfordshire-fire", SENSITIVE)
    whats = [
        fire.task({"what": "Visit.", "person": person, "agency": agency})["what"]
        for person, agency in ((None, "luton-council"), (None, "bedfordshire-fire"), ("somebody", None))
    ]
    assert whats == [None, "Visit.", "Visit."]


def test_a_referral_keeps_its_reason_and_its_fields_from_a_reader_without_text(partnership: Partnership) -> None:
    sent = {"reason": "Fire setting.", "personal": {"address": "14"}, "from_agency": "probation", "rating": "red"}
    fire = sight(partnership, "bedfordshire-fire", SENSITIVE).referral(sent)
    assert (fire["reason"], fire["personal"], fire["rating"]) == (None, {}, "red")
    assert sight(partnership, "probation", SENSITIVE).referral(sent)["reason"] == "Fire setting."


def test_what_a_report_tells_is_its_senders_also_where_her_own_agency_brought_it_into_the_case(
    partnership: Partnership,
) -> None:
    fire = sight(partnership, "bedfordshire-fire", SENSITIVE)
    told = {"form": "plain", "fields": REPORT | {"reason": "Ours."}}
    split = event("bedfordshire-fire", personal=told, report={"reference": "R-222-222-222"})
    shown = fire.event(split)["personal"]["fields"]
    assert "description" not in shown
    assert "reason" not in shown
    assert fire.event(event("bedfordshire-fire", personal=told))["personal"]["fields"]["reason"] == "Ours."
