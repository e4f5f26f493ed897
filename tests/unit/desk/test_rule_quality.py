"""What an analyst is shown of each rule's figures."""

from pathlib import Path
from typing import Any

import pytest

from services.desk.rule_quality_pages import judged
from services.partnership.loading import load_partnership

PARTNERSHIP = load_partnership(Path("partnerships/luton"))


def figures(rule: str, fired: int, confirmed: int, overridden: int) -> dict[str, Any]:
    return {"rule": rule, "fired": fired, "confirmed": confirmed, "overridden": overridden}


@pytest.mark.parametrize(("confirmed", "overridden", "share"), [(3, 1, 25), (0, 2, 100), (4, 0, 0), (0, 0, None)])
def test_the_share_is_of_those_that_somebody_judged(confirmed: int, overridden: int, share: int | None) -> None:
    (made,) = judged([figures("category/noise", 90, confirmed, overridden)], {}, PARTNERSHIP)
    assert (made["share"], made["answers"]) == (share, confirmed + overridden)


def test_the_most_overridden_stand_first_and_the_unjudged_last() -> None:
    sent = [figures("a/unjudged", 50, 0, 0), figures("b/good", 9, 5, 0), figures("c/bad", 4, 1, 3)]
    assert [each["rule"] for each in judged(sent, {}, PARTNERSHIP)] == ["c/bad", "b/good", "a/unjudged"]


def test_a_rule_that_the_version_in_force_no_longer_has_keeps_its_figures() -> None:
    (made,) = judged([figures("category/gone", 7, 1, 0)], {}, PARTNERSHIP)
    assert (made["says"], made["title"], made["fired"]) == ("category/gone", "Not in the version in force", 7)


@pytest.mark.parametrize(
    ("rule", "says", "title"),
    [
        ("second-reader/town-centre", "Town centre", "Second reader"),
        ("second-reader/none", "None", "Second reader"),
        ("words/asb-environmental", "ASB, environment", "Words of a theme"),
        ("read-alone/debt-bondage", "Debt bondage", "Second reader, alone"),
        ("entitlements/repeat-place", None, "Thresholds"),
    ],
)
def test_what_is_no_row_of_a_table_is_called_by_its_name(rule: str, says: str | None, title: str) -> None:
    (made,) = judged([figures(rule, 7, 1, 0)], {}, PARTNERSHIP)
    assert made["title"] == title
    assert made["says"] == (says or next(e.name for e in PARTNERSHIP.entitlements if e.code == "repeat-place"))
