"""Holds the reports that train the second reader to their own authoring rules."""

import json
import re
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any, get_args

import pytest

from schemas.codes import Flag, Theme

ROOT = Path(__file__).parents[3]
TRAINING = ROOT / "partnerships" / "luton" / "training"
JUDGE = ROOT / "tests" / "texts" / "judge" / "reports.jsonl"

THEMES = frozenset(get_args(Theme))
FLAGS = frozenset(get_args(Flag)) - {"repeat-victim", "repeat-place"}
VOICES = frozenset({"call-taker", "resident", "professional", "business", "child", "second-language"})
FIELDS = {"id", "voice", "description", "themes", "flags", "negated_flags"}
NONE = "none"

# So small a share of a file's reports may have another first theme than the one that they were written for.
CORRECTED = 0.015

# Two reports that share more than this part of their three-word runs were not written twice by hand.
TOO_ALIKE = 0.4

Report = dict[str, Any]


def read(path: Path) -> list[Report]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


@pytest.fixture(scope="module")
def files() -> dict[str, list[Report]]:
    """Those that stand by their themes."""
    return {path.stem.removeprefix("reports-"): read(path) for path in sorted(TRAINING.glob("reports-*.jsonl"))}


@pytest.fixture(scope="module")
def reports() -> list[Report]:
    """All, also those that are learned from next."""
    return [report for path in sorted(TRAINING.rglob("*.jsonl")) for report in read(path)]


def main_theme(report: Report) -> str:
    return str(report["themes"][0]) if report["themes"] else NONE


def runs_of_three_words(text: str) -> frozenset[tuple[str, ...]]:
    words = re.findall(r"[a-z0-9']+", text.casefold())
    return frozenset(zip(words, words[1:], words[2:], strict=False))


def alike(reports: list[Report]) -> list[tuple[str, str]]:
    """The ids of pairs of which one shares too much of its three-word runs with another that has as many or more.

    It shares then one of its rarest, of which so many are looked at that those left are not too much: the runs that
    stand in thousands of texts are hardly ever looked up.
    """
    runs = {str(report["id"]): runs_of_three_words(str(report["description"])) for report in reports}
    holders: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for name, its_runs in runs.items():
        for run in its_runs:
            holders[run].append(name)
    found = []
    for name, its_runs in runs.items():
        rarest = sorted(its_runs, key=lambda run: len(holders[run]))[: len(its_runs) - int(TOO_ALIKE * len(its_runs))]
        near = {other for run in rarest for other in holders[run] if len(runs[other]) >= len(its_runs)} - {name}
        found += [(name, other) for other in near if len(its_runs & runs[other]) > TOO_ALIKE * len(its_runs)]
    return found


@pytest.fixture(scope="module")
def too_alike(reports: list[Report]) -> list[tuple[str, str]]:
    """Among all reports, and those that judge triage where they are: their ids begin with `judge`."""
    judged = [{**report, "id": f"judge {report['id']}"} for report in (read(JUDGE) if JUDGE.exists() else [])]
    return alike([*reports, *judged])


def _of_the_judge(pair: tuple[str, str]) -> int:
    return sum(name.startswith("judge ") for name in pair)


def test_every_report_has_exactly_the_agreed_fields(reports: list[Report]) -> None:
    assert [report["id"] for report in reports if set(report) != FIELDS] == []


def test_ids_are_unique(reports: list[Report]) -> None:
    assert [name for name, count in Counter(report["id"] for report in reports).items() if count > 1] == []


def test_there_is_one_file_for_every_theme_and_one_for_none(files: dict[str, list[Report]]) -> None:
    assert set(files) == THEMES | {NONE}


def test_a_report_stands_in_the_file_of_its_first_theme_unless_that_was_corrected(
    files: dict[str, list[Report]],
) -> None:
    """A corrected one stays where it is: moved, it would change which others are held out."""
    for name, written in files.items():
        corrected = sum(main_theme(report) != name for report in written)
        assert corrected <= CORRECTED * len(written), name


def test_themes_flags_and_voices_are_codes_that_exist(reports: list[Report]) -> None:
    for report in reports:
        assert set(report["themes"]) <= THEMES, report["id"]
        assert {*report["flags"], *report["negated_flags"]} <= FLAGS, report["id"]
        assert report["voice"] in VOICES, report["id"]


def test_no_code_stands_twice_in_one_report(reports: list[Report]) -> None:
    for report in reports:
        for field in ("themes", "flags", "negated_flags"):
            assert len(set(report[field])) == len(report[field]), (report["id"], field)


def test_a_harm_is_either_present_or_negated(reports: list[Report]) -> None:
    assert [r["id"] for r in reports if set(r["flags"]) & set(r["negated_flags"])] == []


def test_a_report_of_no_theme_carries_no_harm(reports: list[Report]) -> None:
    assert [r["id"] for r in reports if not r["themes"] and r["flags"]] == []


def test_descriptions_have_the_lengths_that_people_write(reports: list[Report]) -> None:
    lengths = sorted(len(report["description"]) for report in reports)
    assert lengths[0] >= 15
    assert lengths[-1] <= 700
    assert sum(length < 100 for length in lengths) > 200, "short ones"
    assert sum(length > 350 for length in lengths) >= 30, "long ones"


def test_descriptions_are_clean_text(reports: list[Report]) -> None:
    unclean = [r["id"] for r in reports if r["description"] != r["description"].strip() or "|" in r["description"]]
    assert unclean == []
    assert [r["id"] for r in reports if re.search(r"[\x00-\x1f\x7f\ufffd]|  ", r["description"])] == []


def test_there_are_enough_reports_of_every_theme_and_of_none(files: dict[str, list[Report]]) -> None:
    assert sum(len(written) for written in files.values()) >= 1500
    assert len(files[NONE]) >= 250
    assert {name: len(files[name]) for name in THEMES if len(files[name]) < 150} == {}


def test_every_theme_is_told_in_every_voice_and_a_quarter_in_shorthand(files: dict[str, list[Report]]) -> None:
    for name, written in files.items():
        voices = Counter(report["voice"] for report in written)
        assert set(voices) == VOICES, name
        assert voices["call-taker"] / len(written) >= 0.25, name


def test_every_harm_that_can_be_flagged_is_written_about(reports: list[Report]) -> None:
    assert set().union(*(report["flags"] for report in reports)) == FLAGS


def test_no_description_stands_twice(reports: list[Report]) -> None:
    texts = Counter(" ".join(re.findall(r"\w+", report["description"].casefold())) for report in reports)
    assert [text for text, count in texts.items() if count > 1] == []


def test_reports_that_share_most_of_their_words_in_order_are_found_whichever_is_longer() -> None:
    told = [
        {"id": "short", "description": "Two men shouting at the bus stop again"},
        {"id": "long", "description": "Since nine there were two men shouting at the bus stop, one with a dog"},
        {"id": "other", "description": "A woman shouting at a bus that did not stop"},
    ]
    assert alike(told) == [("short", "long")]


def test_no_two_reports_are_nearly_the_same(too_alike: list[tuple[str, str]]) -> None:
    assert [pair for pair in too_alike if _of_the_judge(pair) == 0] == []


@pytest.mark.skipif(not JUDGE.exists(), reason="the independent set that judges triage is not in this checkout")
def test_no_report_is_nearly_one_of_the_set_that_judges_triage(too_alike: list[tuple[str, str]]) -> None:
    assert [pair for pair in too_alike if _of_the_judge(pair) == 1] == []
