"""The form of a rule's row offers what a report can still be decided by."""

from datetime import UTC, datetime
from pathlib import Path

from services.desk.rules_view import fields
from services.partnership.loading import load_partnership

LUTON = load_partnership(Path(__file__).parents[3] / "partnerships" / "luton")
NOW = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)


def offered(sent: dict[str, str]) -> list[str]:
    (field,) = (each for each in fields(None, "category", LUTON, sent, NOW) if each["name"] == "cell-theme")
    return [value for value, _ in field["options"]]


def test_themes_of_a_strategy_that_is_over_are_not_offered() -> None:
    assert {'"town-centre"', '"asb-environmental"'} <= set(offered({}))
    assert not {'"asb"', '"youth-violence"', '"domestic-abuse"', '"sexual-exploitation"'} & set(offered({}))


def test_one_that_stands_in_the_row_is_shown_as_it_is() -> None:
    assert '"asb"' in offered({"cell-theme": '"asb"'})
