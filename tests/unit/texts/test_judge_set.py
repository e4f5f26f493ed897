"""Holds the hand-written reports that judge triage to their own authoring rules."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

JUDGE = Path(__file__).parents[2] / "texts" / "judge" / "reports.jsonl"
OPINIONS = JUDGE.with_name("second-opinions.jsonl")

# Spelt out here and not read from the partnership's files: the set must not move when they do.
THEMES = {
    "violence-exploitation", "safeguarding-children", "domestic-abuse-osse", "drugs-alcohol-mental-health",
    "town-centre", "asb-environmental", "hate-extremism", "re-offending",
}  # fmt: skip
FLAGS = {
    "weapon", "injury", "strangulation", "child", "suicide-self-harm", "coercion", "debt-bondage", "missing",
    "county-lines", "cuckooing", "trafficking", "sexual-exploitation", "labour-exploitation", "radicalisation",
    "honour-based-abuse", "pregnancy", "hate-race", "hate-religion", "hate-sexual-orientation", "hate-disability",
    "hate-transgender", "fire-arson", "stalking", "sexual-violence", "danger-now",
}  # fmt: skip
COMMONER_NEGATED = {
    "weapon", "injury", "child", "suicide-self-harm", "strangulation", "coercion", "missing", "fire-arson",
}  # fmt: skip
VOICES = {"call-taker", "resident", "anonymous", "child", "second-language", "professional", "business"}
HARD = {
    "no-obvious-words", "several-themes", "misspelt", "sarcastic", "second-language", "negated", "historic",
    "figurative", "long", "short", "shorthand",
}  # fmt: skip
CATEGORIES = {
    "anti-social-behaviour", "bicycle-theft", "burglary", "criminal-damage-arson", "drugs", "other-theft",
    "possession-of-weapons", "public-order", "robbery", "shoplifting", "theft-from-the-person", "vehicle-crime",
    "violent-crime", "other-crime",
}  # fmt: skip
FIELDS = {
    "id", "kind", "channel", "voice", "description", "category", "themes", "also_acceptable", "flags", "negated_flags",
    "either_flags", "danger_now_in_text", "harmed", "hard", "note",
}  # fmt: skip

Report = dict[str, Any]


@pytest.fixture(scope="module")
def reports() -> list[Report]:
    return [json.loads(line) for line in JUDGE.read_text(encoding="utf-8").splitlines()]


def main_theme(report: Report) -> str:
    return str(report["themes"][0]) if report["themes"] else "none"


def test_every_report_has_exactly_the_agreed_fields(reports: list[Report]) -> None:
    assert [report["id"] for report in reports if set(report) != FIELDS] == []


def test_ids_and_descriptions_are_unique(reports: list[Report]) -> None:
    assert len({report["id"] for report in reports}) == len(reports)
    assert len({report["description"].casefold() for report in reports}) == len(reports)


def test_every_code_is_known(reports: list[Report]) -> None:
    for report in reports:
        assert report["kind"] in {"incident", "concern", "intelligence"}, report["id"]
        assert report["channel"] in {"101", "online", "partner"}, report["id"]
        assert report["voice"] in VOICES, report["id"]
        assert report["category"] is None or report["category"] in CATEGORIES, report["id"]
        assert set(report["themes"]) <= THEMES, report["id"]
        assert set(report["also_acceptable"]) <= THEMES | {"none"}, report["id"]
        assert set(report["hard"]) <= HARD, report["id"]


def test_descriptions_are_between_20_and_900_characters(reports: list[Report]) -> None:
    assert [report["id"] for report in reports if not 20 <= len(report["description"]) <= 900] == []


def test_no_flag_is_both_present_and_negated_or_optional(reports: list[Report]) -> None:
    for report in reports:
        lists = report["flags"] + report["negated_flags"] + report["either_flags"]
        assert set(lists) <= FLAGS, report["id"]
        assert len(set(lists)) == len(lists), report["id"]


def test_the_main_theme_is_not_repeated_among_the_acceptable_ones(reports: list[Report]) -> None:
    assert [report["id"] for report in reports if main_theme(report) in report["also_acceptable"]] == []


def test_danger_now_is_flagged_exactly_when_the_text_says_so(reports: list[Report]) -> None:
    for report in reports:
        assert ("danger-now" in report["flags"]) is report["danger_now_in_text"], report["id"]


def test_there_are_520_reports_55_for_each_theme_and_70_for_none(reports: list[Report]) -> None:
    counts = Counter(main_theme(report) for report in reports)
    assert len(reports) >= 520
    assert {theme: counts[theme] for theme in THEMES if counts[theme] < 55} == {}
    assert counts["none"] >= 70


def test_about_half_of_each_theme_is_told_without_its_obvious_words(reports: list[Report]) -> None:
    counts = Counter(main_theme(report) for report in reports)
    shown = Counter(main_theme(report) for report in reports if "no-obvious-words" in report["hard"])
    assert {theme for theme in THEMES if shown[theme] < 0.48 * counts[theme]} == set()


def test_every_flag_is_present_often_enough_and_the_commoner_ones_negated_too(reports: list[Report]) -> None:
    present = Counter(flag for report in reports for flag in report["flags"])
    negated = Counter(flag for report in reports for flag in report["negated_flags"])
    assert {flag: present[flag] for flag in FLAGS if present[flag] < 8} == {}
    assert {flag: negated[flag] for flag in COMMONER_NEGATED if negated[flag] < 4} == {}


def test_voices_are_shared_out_as_the_authoring_rules_say(reports: list[Report]) -> None:
    voices = Counter(report["voice"] for report in reports)
    residents = voices["resident"] + voices["anonymous"] + voices["child"] + voices["second-language"]
    assert voices["call-taker"] >= 0.25 * len(reports)
    assert residents >= 0.30 * len(reports)
    assert voices["professional"] + voices["business"] >= 0.20 * len(reports)


def test_call_takers_reports_are_the_ones_that_came_by_101(reports: list[Report]) -> None:
    assert [r["id"] for r in reports if (r["voice"] == "call-taker") is not (r["channel"] == "101")] == []


def test_two_further_labellers_labelled_every_report_by_the_same_codes(reports: list[Report]) -> None:
    rows = [json.loads(line) for line in OPINIONS.read_text(encoding="utf-8").splitlines()]
    assert [row["id"] for row in rows] == [report["id"] for report in reports]
    for row in rows:
        assert len(row["opinions"]) == 2, row["id"]
        for each in row["opinions"]:
            codes = [*each["flags"], *each["either"], *each["negated"]]
            assert set(codes) <= FLAGS, row["id"]
            assert len(set(codes)) == len(codes), row["id"]
