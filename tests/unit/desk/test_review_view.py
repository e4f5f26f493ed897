"""The review shows what decided and how people judged it, and the case says what is a default and not policy."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from services.desk import review_view
from services.desk.evidence import lit
from services.desk.presenting import Presenter
from services.pages.rendering import Pages
from services.partnership.loading import load_partnership
from services.partnership.models import Partnership

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
TEMPLATES = Path("services/desk/templates")
KNIFE = {"rule": "signals/weapon", "field": "description", "text": "knife", "start": 9, "end": 14, "negated": False}
RISK = {"rule": "risk/weapon", "field": "risk", "text": None, "start": None, "end": None, "negated": False}
WEAPON = {"says": "A weapon is present", "theme": "violence-exploitation", "weight": 0.6}
THRIVE = dict.fromkeys(("threat", "harm", "risk", "investigation", "vulnerability", "engagement"), "none seen")
MARAC = {"note": "May meet the threshold for a MARAC", "count": 3, "within_days": 365, "reports": ["R-1"]}


@pytest.fixture(scope="module")
def partnership() -> Partnership:
    return load_partnership(Path("partnerships/luton"))


def shown_on_case(decision: dict[str, Any] | None) -> str:
    page = Pages(TEMPLATES).render("case/_assessed.html", reports=[{"decision": decision}])
    return bytes(page.body).decode()


@pytest.mark.parametrize(
    ("figures", "words"),
    [
        ({"confirmed": 0, "overridden": 0}, "not judged yet"),
        ({"confirmed": 3, "overridden": 1}, "1 of 4 overridden"),
    ],
)
def test_each_rule_stands_with_its_words_its_weight_and_how_people_judged_it(
    partnership: Partnership, figures: dict[str, int], words: str
) -> None:
    rows = review_view.evidence(Presenter(partnership), {"signals/weapon": WEAPON | figures}, [RISK, KNIFE])
    assert [(row["number"], row["words"], row["weight"]) for row in rows] == [(1, "knife", 0.6), (None, "risk", None)]
    assert rows[0]["judged"] == words
    assert rows[0]["says"] == "A weapon is present"


def test_what_two_readers_say_of_the_same_words_stands_once(partnership: Partnership) -> None:
    rows = review_view.evidence(Presenter(partnership), {"signals/weapon": WEAPON}, [KNIFE, dict(KNIFE)])
    assert [row["words"] for row in rows] == ["knife"]
    segments, fired = lit("He has a knife.", [KNIFE, dict(KNIFE)])
    assert len(fired) == 1
    assert [segment.number for segment in segments if segment.number] == [1]


def test_a_negated_mention_has_no_weight(partnership: Partnership) -> None:
    said = {"signals/weapon": WEAPON | {"confirmed": 0, "overridden": 0}}
    (row,) = review_view.evidence(Presenter(partnership), said, [KNIFE | {"negated": True}])
    assert (row["weight"], row["negated"]) == (None, True)


@pytest.mark.parametrize(("status", "says"), [("comparator", True), ("default", True), ("law", False)])
def test_a_case_says_may_meet_and_what_is_not_policy(status: str, says: bool) -> None:
    words = shown_on_case({"thrive": THRIVE, "entitlements": [MARAC | {"status": status}]})
    assert "May meet the threshold for a MARAC: 3 incidents in 365 days" in words
    assert ("default, not Luton policy" in words) is says


@pytest.mark.parametrize("decision", [None, {}, {"thrive": None}, {"entitlements": []}])
def test_a_case_whose_report_was_never_assessed_shows_nothing_of_it(decision: dict[str, Any] | None) -> None:
    assert shown_on_case(decision).strip() == ""


def test_a_report_that_waits_is_named_by_kind_and_street_and_never_by_its_words(partnership: Partnership) -> None:
    item = {
        "report": {"reference": "R-1", "received_at": "2026-03-02T11:38:00+00:00", "street": "Beech Road"},
        "decision": {"kind_of_case": "Concern for safety", "risk": "medium"},
        "review_reason": "the evidence is weak",
        "escalated": False,
    }
    line = review_view.waiting(Presenter(partnership), item, NOW)
    assert (line["title"], line["ago"], line["reason"]) == (
        "Concern for safety, Beech Road",
        "22 min",
        "The evidence is weak",
    )


def test_a_theme_that_is_named_only_for_her_to_choose_is_said_to_be_that(partnership: Partnership) -> None:
    decision = {
        "themes": ["town-centre", "hate-extremism"], "confidence": 0.62, "lead_agency": None, "act_first": [],
        "panels": [], "flags": [], "second_reading": {"perhaps": ["hate-extremism"]},
    }  # fmt: skip
    presenter = Presenter(partnership)
    (theme, words, _), *_ = review_view.proposal(presenter, decision)
    hate = presenter.themes(["hate-extremism"])
    assert (theme, words) == ("Theme", f"Town centre, confidence 0.62; perhaps {hate}")


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"theme": "town-centre", "chance": 0.84}, "Second reader: Town centre, 84 in 100."),
        ({"theme": None, "chance": 0.6}, "Second reader: no theme, 60 in 100."),
        (
            {"theme": "town-centre", "chance": 0.5, "suspects": ["debt-bondage"]},
            "Second reader: Town centre, 50 in 100. It suspects debt bondage: a person looks.",
        ),
        (
            {"theme": "town-centre", "chance": 0.9, "alone": ["debt-bondage", "child"]},
            "Second reader: Town centre, 90 in 100. It alone reads debt bondage, child: not confirmed.",
        ),
    ],
)
def test_what_the_second_reader_said_stands_in_plain_words_with_its_share(
    partnership: Partnership, said: dict[str, Any], words: str
) -> None:
    presenter = Presenter(partnership)
    because = [RISK | {"rule": f"second-reader/{said['theme'] or 'none'}", "field": "description"}]
    reading = review_view.read(presenter, {"second_reading": said})
    (row,) = review_view.evidence(presenter, {}, because, reading)
    assert (row["says"], row["words"]) == (words, "the whole text")
    _, fired = lit("", because, reading)
    assert [each.words for each in fired] == [words]


def test_a_sign_that_the_second_reader_doubts_is_named_with_the_words_that_it_doubts(partnership: Partnership) -> None:
    presenter, text = Presenter(partnership), "He is a gun at darts."
    doubt = RISK | {"rule": "second-reader/not-weapon", "field": "description", "text": "gun", "negated": True}
    because: list[dict[str, Any]] = [
        doubt | {"start": 8, "end": 11},
        RISK | {"rule": "second-reader/none", "field": "description"},
    ]
    reading = review_view.read(presenter, {"second_reading": {"theme": None, "chance": 0.9}})
    rows = review_view.evidence(presenter, {}, because, reading)
    assert [(row["words"], row["says"]) for row in rows] == [
        ("gun", "Weapon: the second reader doubts it, not a flag"),
        ("the whole text", "Second reader: no theme, 90 in 100."),
    ]
    _, fired = lit(text, because, reading)
    assert [each.words for each in fired] == [
        "Weapon: the second reader doubts it",
        "Second reader: no theme, 90 in 100.",
    ]


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("the evidence is weak", "The evidence is weak"),
        ("the second reader suspects: cuckooing", "The second reader suspects: cuckooing"),
        (None, ""),
    ],
)
def test_why_it_waits_is_said_as_a_heading(reason: str | None, words: str) -> None:
    assert review_view.reason_words(reason) == words
