"""Luton's own files say what the strategy and the product say."""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import get_args

import pytest

from schemas.codes import Theme
from services.partnership.checks import report
from services.partnership.loading import load_partnership
from services.partnership.lookups import UnknownCode
from services.partnership.models import Partnership

LUTON = Path(__file__).parents[3] / "partnerships" / "luton"
DAY = date(2026, 1, 1)
LEADS = {
    "violence-exploitation": {"bedfordshire-police", "luton-council"},
    "safeguarding-children": {"luton-council-youth-partnership"},
    "domestic-abuse-osse": {"luton-council-public-health"},
    "drugs-alcohol-mental-health": {"luton-council-public-health"},
    "town-centre": {"bedfordshire-police"},
    "asb-environmental": {"luton-council-neighbourhood-services"},
    "hate-extremism": {"luton-council-citizen-engagement", "bedfordshire-police"},
    "re-offending": {"probation"},
}


def test_the_folder_has_no_problem_and_warns_of_nothing() -> None:
    assert report(LUTON, date(2026, 6, 1)).problems == ()


def test_each_theme_of_2024_28_goes_to_its_published_lead(luton: Partnership) -> None:
    assert {theme: set(luton.leads_of(theme, DAY)) for theme in get_args(Theme)} == LEADS


def test_of_joint_leads_the_acting_one_stands_first(luton: Partnership) -> None:
    assert luton.leads_of("hate-extremism", DAY)[0] == luton.acting_lead("hate-extremism")
    assert luton.acting_lead("violence-exploitation") == "bedfordshire-police"


def test_the_nine_priorities_of_2017_20_stand_in_two_groups_and_have_no_lead(luton: Partnership) -> None:
    strategy = luton.strategy_at(date(2019, 6, 1))
    assert strategy is not None
    assert len(strategy.themes) == 9
    assert len({theme.group for theme in strategy.themes}) == 2
    assert all(theme.leads == () for theme in strategy.themes)
    assert luton.leads_of("youth-violence", date(2019, 6, 1)) == ()
    assert luton.acting_lead("asb") is None


@pytest.mark.parametrize("year", [2016, 2021, 2022, 2023, 2029])
def test_no_strategy_is_invented_for_years_without_one(luton: Partnership, year: int) -> None:
    assert luton.strategy_at(date(year, 6, 1)) is None
    assert luton.theme_in_force("town-centre", date(year, 6, 1)) is None
    assert luton.leads_of("town-centre", date(year, 6, 1)) == ()


def test_a_theme_is_in_force_in_its_own_strategy_only(luton: Partnership) -> None:
    assert luton.theme_in_force("asb", DAY) is None
    assert luton.theme_in_force("town-centre", DAY) is not None


def test_every_code_of_the_product_is_there(luton: Partnership) -> None:
    assert {panel.code for panel in luton.panels} == {"mash", "gang-panel", "tcig"}
    assert {agency.code for agency in luton.agencies} == {
        *(lead for leads in LEADS.values() for lead in leads),
        "bedfordshire-fire",
        "luton-icb",
        "opcc",
        "the-mall",
    }
    assert len([category for category in luton.categories if category.scheme == "police"]) == 14


def test_a_comparator_or_a_default_is_never_shown_as_policy(luton: Partnership) -> None:
    assert luton.agency("bedfordshire-police").is_policy
    assert luton.destination("nrm").is_policy
    assert not luton.threshold("marac-repeat").is_policy
    assert not luton.panel("mash").is_policy


def test_a_referral_at_high_risk_is_answered_sooner(luton: Partnership) -> None:
    friday_evening = datetime(2026, 6, 12, 17, tzinfo=UTC)
    mash = luton.panel("mash")
    assert luton.due_at(friday_evening, mash.first_answer_for("high")) == datetime(2026, 6, 12, 21, tzinfo=UTC)
    assert luton.due_at(friday_evening, mash.first_answer_for("standard")) == datetime(2026, 6, 15, 16, tzinfo=UTC)


def test_sharing_denies_what_no_rule_names(luton: Partnership) -> None:
    assert luton.parts_shown_to("the-mall", ["town-centre"]) == {"text"}
    assert luton.parts_shown_to("the-mall", ["asb-environmental"]) == frozenset()
    assert luton.parts_shown_to("opcc", ["town-centre"]) == frozenset()
    assert "names" in luton.parts_shown_to("luton-council-neighbourhood-services", ["asb-environmental"])
    sensitive = ["asb-environmental", "domestic-abuse-osse"]
    assert "names" not in luton.parts_shown_to("luton-council-neighbourhood-services", sensitive)


def test_no_title_of_a_sensitive_category_says_what_it_is(luton: Partnership) -> None:
    titles = {category.title for category in luton.categories if category.sensitive and category.scheme != "police"}
    assert titles == {"Concern for a person"}


def test_a_police_crime_type_finds_its_category(luton: Partnership) -> None:
    found = luton.category_of_police("Violence and sexual offences")
    assert found is not None
    assert found.code == "violent-crime"
    assert luton.category_of_police("No such type") is None


def test_a_demonstration_key_acts_for_a_partner_or_a_person(luton: Partnership) -> None:
    mall, duty = luton.demonstration_key("demo-mall"), luton.demonstration_key("demo-duty")
    assert mall is not None
    assert duty is not None
    assert (mall.partner, duty.person) == ("mall", "helen-strood")
    assert luton.person("helen-strood").sees == "all-agencies"
    assert luton.demonstration_key("another") is None


def test_a_message_carries_a_reference_and_a_link(luton: Partnership) -> None:
    subject, body = luton.template("case-opened@1").render(reference="C-1", link="https://x", partnership="P")
    assert subject == "New case: C-1"
    assert "https://x" in body


def test_an_unknown_code_is_refused_by_kind(luton: Partnership) -> None:
    with pytest.raises(UnknownCode, match="panel"):
        luton.panel("nothing")
    with pytest.raises(UnknownCode, match="template"):
        luton.template("nothing@1")


def test_the_version_moves_with_any_file(luton: Partnership, folder: Path) -> None:
    assert load_partnership(folder).version == luton.version
    with (folder / "triage" / "risk.json").open("a", encoding="utf-8") as file:
        file.write("\n")
    assert load_partnership(folder).version != luton.version
