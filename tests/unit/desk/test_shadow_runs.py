"""What an analyst and an approver are shown of a shadow run."""

import re
from pathlib import Path
from typing import Any

import pytest

from services.desk.shadow_view import shown
from services.pages.rendering import Pages

PAGES = Pages(Path("services/desk/templates"))
REFERENCES = [f"R-222-222-22{number}" for number in range(8)]


def change(count: int, reports: list[str], **changes: Any) -> dict[str, Any]:
    made = {"field": "risk", "what": "risk", "before": "medium", "after": "high", "weaker": False}
    return made | {"count": count, "reports": reports} | changes


def run(*changes: dict[str, Any], **said: Any) -> dict[str, Any]:
    made = {"status": "done", "reason": None, "replayed": 20, "total": 20, "changed": 8, "base": 1, "digest": "d"}
    return made | {"asked_by": {"name": "Maya Orchard"}, "changes": list(changes)} | said


def words(*runs: dict[str, Any]) -> str:
    """The part of the page as text."""
    body = PAGES.render("rules/_runs.html", runs=[shown(each, "09:00 today") for each in runs], head={"digest": "d"})
    return " ".join(re.sub(r"<[^>]*>", " ", bytes(body.body).decode()).split())


@pytest.mark.parametrize(
    ("count", "reports", "expected"),
    [
        (11, [], "11 reports, not yours to open"),
        (1, [], "1 report, not yours to open"),
        (8, REFERENCES, "2 more"),
        (6, REFERENCES[:6], ""),
        (3, REFERENCES[:1], "2 more"),
    ],
)
def test_what_is_left_of_the_reports_is_said_beside_those_that_are_shown(
    count: int, reports: list[str], expected: str
) -> None:
    (made,) = shown(run(change(count, reports)), "")["changes"]
    assert (made["rest"], made["reports"]) == (expected, reports[:6])


def test_an_analyst_who_may_open_none_reads_how_many_there_are() -> None:
    page = words(run(change(11, [])))
    assert "11 reports, not yours to open" in page
    assert "more" not in page


def test_a_difference_is_shown_in_words() -> None:
    lowered = change(2, REFERENCES[:2], what="no longer acts first", before="bedfordshire-police", after="none")
    assert "no longer acts first bedfordshire police none 2 R-222-222-220 R-222-222-221" in words(run(lowered))


def test_what_is_weaker_is_marked() -> None:
    page = PAGES.render("rules/_runs.html", runs=[shown(run(change(1, [], weaker=True)), "")], head={"digest": "d"})
    assert bytes(page.body).decode().count('class="red') == 1


def test_a_run_that_failed_says_why_and_shows_no_progress() -> None:
    page = words(run(status="failed", reason="R-222-222-220 could not be decided again (OverflowError)."))
    assert "It ended early: R-222-222-220 could not be decided again (OverflowError)." in page
    assert "replayed" not in page
