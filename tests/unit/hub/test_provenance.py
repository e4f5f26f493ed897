"""Weights say what they were made from, and a changed text, word or model is told."""

import shutil
from pathlib import Path

import pytest

from hub.provenance import MADE_FROM, farthest, made_from, stale
from services.triage.domain.lexicon import Lexicon
from services.triage.domain.reading import NONE, Reading
from services.triage.layers import LAYERS

LUTON = Path("partnerships/luton")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A partnership's training texts and lexicon."""
    for name in ("training", "triage", "reader"):
        shutil.copytree(LUTON / name, tmp_path / name)
    return tmp_path


def test_nothing_is_stale_where_nothing_changed(folder: Path) -> None:
    assert stale({MADE_FROM: made_from(folder)}, folder) == []


def test_a_changed_text_or_word_is_told(folder: Path) -> None:
    report = {MADE_FROM: made_from(folder)}
    first = sorted((folder / "training").glob("*.jsonl"))[0]
    first.write_text(first.read_text() + "{}\n")
    assert stale(report, folder) == ["texts"]
    lexicon = folder / "triage" / "lexicon.yaml"
    lexicon.write_text(lexicon.read_text() + "# one more\n")
    assert stale(report, folder) == ["texts", "lexicon"]
    (folder / LAYERS).write_bytes(b"others")
    assert stale(report, folder) == ["texts", "lexicon", "layers"]


def test_a_text_that_moves_to_another_file_is_told(folder: Path) -> None:
    report = {MADE_FROM: made_from(folder)}
    first, second = sorted((folder / "training").glob("*.jsonl"))[:2]
    *rest, moved = first.read_text().splitlines(keepends=True)
    first.write_text("".join(rest))
    second.write_text(moved + second.read_text())
    assert stale(report, folder) == ["texts"]


def test_a_report_that_says_nothing_of_it_is_stale_throughout() -> None:
    assert stale({}, LUTON) == ["texts", "lexicon", "sentence_models", "layers"]


class Fixed:
    """A reader that says the same of every text."""

    def __init__(self, chance: float, **flags: float) -> None:
        self._said = Reading("test", {"town-centre": chance, NONE: 1 - chance}, flags)

    def read(self, text: str, lexicon: Lexicon) -> Reading:
        """What it always says."""
        return self._said


def test_readers_are_as_far_apart_as_their_farthest_chance() -> None:
    lexicon = Lexicon.__new__(Lexicon)
    assert farthest(Fixed(0.9), Fixed(0.9), ["a", "b"], lexicon) == 0.0
    assert farthest(Fixed(0.9), Fixed(0.85), ["a"], lexicon) == pytest.approx(0.05)
    assert farthest(Fixed(0.9, child=0.5), Fixed(0.9), ["a"], lexicon) == 0.5
