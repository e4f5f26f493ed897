"""What an analyst is shown of each rule's figures."""

from typing import Any

import pytest

from services.desk.rule_quality_pages import judged


def figures(rule: str, fired: int, confirmed: int, overridden: int) -> dict[str, Any]:
    return {"rule": rule, "fired": fired, "confirmed": confirmed, "overridden": overridden}


@pytest.mark.parametrize(("confirmed", "overridden", "share"), [(3, 1, 25), (0, 2, 100), (4, 0, 0), (0, 0, None)])
def test_the_share_is_of_those_that_somebody_judged(confirmed: int, overridden: int, share: int | None) -> None:
    (made,) = judged([figures("category/noise", 90, confirmed, overridden)], {})
    assert (made["share"], made["answers"]) == (share, confirmed + overridden)


def test_the_most_overridden_stand_first_and_the_unjudged_last() -> None:
    sent = [figures("a/unjudged", 50, 0, 0), figures("b/good", 9, 5, 0), figures("c/bad", 4, 1, 3)]
    assert [each["rule"] for each in judged(sent, {})] == ["c/bad", "b/good", "a/unjudged"]


def test_a_rule_that_the_version_in_force_no_longer_has_keeps_its_figures() -> None:
    (made,) = judged([figures("category/gone", 7, 1, 0)], {})
    assert (made["says"], made["title"], made["fired"]) == ("category/gone", "Not in the version in force", 7)
