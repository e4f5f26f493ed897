"""The second reader: how near a text is in meaning to known ones, with its letters and signals; numpy alone."""

import itertools
import math
import zlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from services.kernel.references import without_references
from services.triage import packed
from services.triage.domain.lexicon import Hit, Lexicon
from services.triage.domain.reading import Reading
from services.triage.domain.words import words_of

WEIGHTS = Path("reader") / "weights.npz"
BUCKETS = 1 << 15
LETTERS, SIGNALS = 0.7, 0.16
"""How long the letters' part of a text is, and what one signal counts, beside a meaning of length 1."""
REACH, NEARNESS = 1.2, 2.0
"""How fast nearness falls with the distance of meanings, and what it counts beside letters and signals."""
FURTHER_PIECES = 5
"""How many more pieces of a long text are read: plain words of the greatest length have four in all, signs may have a
hundred, and others wait for their reading."""
Vector = npt.NDArray[np.float32]
_ARRAYS = ("idf", "centre", "directions", "pulls", "weights", "shares", "bias")
"""Kept in half precision; points are kept in a byte a number, as so many of one step."""
_STEPS = 127


class WeightsUnusable(Exception):
    """The weights in a partnership's folder are broken: a sentence for operations staff."""


@dataclass(frozen=True, slots=True)
class Said:
    """What is made of a text as a whole: numbers that lie near for near meanings, and scores, themes first."""

    meaning: Vector
    scores: Vector
    until: int | None = None
    """The code point before which it was read, where it is too long to be read whole."""


class Embedder(Protocol):
    """What makes a meaning and scores of a text; the same for the same text."""

    def embed(self, text: str) -> Said:
        """Both."""

    def meaning(self, text: str) -> Vector:
        """The meaning alone."""


class Reads(Protocol):
    """What reads a text: `SecondReader`, or a process that has one."""

    def read(self, text: str, lexicon: Lexicon) -> Reading:
        """What the text means."""


def grams(text: str) -> Counter[int]:
    """Words, pairs of words and letters in threes to fives, each as the number of its bucket."""
    words = words_of(text)
    made: list[str] = [*words, *(f"{a} {b}" for a, b in itertools.pairwise(words))]
    for word in words:
        padded = f" {word} "
        made += ["#" + padded[i : i + size] for size in (3, 4, 5) for i in range(len(padded) - size + 1)]
    return Counter(zlib.crc32(gram.encode()) % BUCKETS for gram in made)


def signals(hits: Iterable[Hit]) -> Counter[str]:
    """The lexicon's unmarked signals and hints, hints with a question mark."""
    return Counter(("" if hit.sure else "?") + hit.signal for hit in hits if hit.mark is None)


@dataclass(frozen=True, slots=True)
class Model:
    """What was learned: themes come first in every row of scores, flags after them; all arrays are float32.

    `idf` is how rare each bucket of letters is; `centre` and `directions` turn what the sentence model says into the
    few numbers that tell texts apart; `points` are the known texts in these, one row each, and `pulls` what nearness to
    each says; `weights` are what letters and signals say, `shares` what the embedder's own scores count, and `bias` is
    what is said of every text.
    """

    name: str
    themes: tuple[str, ...]
    flags: tuple[str, ...]
    signals: tuple[str, ...]
    idf: Vector
    centre: Vector
    directions: Vector
    points: Vector
    pulls: Vector
    weights: Vector
    shares: Vector
    bias: Vector

    def meaning(self, embedded: Vector) -> Vector:
        """A text's place among the known ones, of length 1."""
        turned = (embedded - self.centre) @ self.directions
        return np.asarray(turned / (float(np.linalg.norm(turned)) or 1.0), np.float32)

    def words(self, text: str, hits: Iterable[Hit]) -> Vector:
        """A text's letters and signals."""
        letters = np.zeros(BUCKETS, np.float32)
        for bucket, count in grams(text).items():
            letters[bucket] = (1 + math.log(count)) * self.idf[bucket]
        letters *= LETTERS / (float(np.linalg.norm(letters)) or 1.0)
        found = signals(hits)
        said = [SIGNALS * min(2, found.get(name, 0)) for name in self.signals]
        return np.concatenate([letters, np.array(said, np.float32)])

    def read(self, words: Vector, said: Said) -> Reading:
        """Calibrated chances of themes (they sum to one) and of flags (each for itself)."""
        near = nearness(self.points, self.meaning(said.meaning)) @ self.pulls
        return self.reading(near + self.weights @ words + self.shares * said.scores + self.bias)

    def reading(self, scores: npt.NDArray[Any]) -> Reading:
        """Scores as chances."""
        of_themes, of_flags = scores[: len(self.themes)], scores[len(self.themes) :]
        chances = np.exp(of_themes - of_themes.max())
        chances /= chances.sum()
        flags = 1 / (1 + np.exp(-of_flags))
        return Reading(
            self.name,
            {theme: round(float(chance), 4) for theme, chance in zip(self.themes, chances, strict=True)},
            {flag: round(float(chance), 4) for flag, chance in zip(self.flags, flags, strict=True)},
        )


def nearness(points: Vector, meaning: Vector) -> Vector:
    """How near a meaning, or each of several as columns, is to each point: `NEARNESS` where they are the same."""
    return np.asarray(NEARNESS * np.exp(2 * REACH * (points @ meaning - 1)))


@dataclass(frozen=True, slots=True)
class SecondReader:
    """A model with what it needs to read a text."""

    model: Model
    embedder: Embedder

    @property
    def name(self) -> str:
        """Of the weights that it reads with."""
        return self.model.name

    def read(self, text: str, lexicon: Lexicon) -> Reading:
        """What the text means; the same text, lexicon and model give the same reading.

        A reference that the text quotes is not read: its letters are chance, and so would be what they do to a reading.
        What is left of a long text is read as well, piece after piece, for harm alone: of each harm the greatest chance
        counts, and the reading says how far the first piece went.
        """
        text = without_references(text)
        read, until = self._piece(text, lexicon)
        flags, rest, further = dict(read.flags), text, until
        for _ in range(FURTHER_PIECES):
            if further is None:
                break
            rest = rest[_word_before(rest, further) :]
            piece, further = self._piece(rest, lexicon)
            flags = {flag: max(chance, piece.flags[flag]) for flag, chance in flags.items()}
        return replace(read, flags=flags, until=until)

    def _piece(self, text: str, lexicon: Lexicon) -> tuple[Reading, int | None]:
        """What a text means as far as it is read, and how far that is where it goes on."""
        said = self.embedder.embed(text)
        return self.model.read(self.model.words(text, lexicon.hits(text)), said), said.until


def _word_before(text: str, place: int) -> int:
    """Where the word before this code point begins; the place itself where no word does."""
    return text.rfind(" ", 1, place) + 1 or place


def points_as_kept(points: Vector) -> Vector:
    """Points as the file of weights gives them back."""
    numbers, step = _in_steps(points)
    return numbers.astype(np.float32) * step


def _in_steps(points: Vector) -> tuple[npt.NDArray[np.int8], np.float32]:
    step = np.float32(np.abs(points).max() / _STEPS)
    return np.round(points / step).astype(np.int8), step


def save(model: Model, path: Path) -> None:
    """Write the weights as plain arrays (no pickle); the same model makes the same bytes."""
    told = {"name": model.name, "themes": model.themes, "flags": model.flags, "signals": model.signals}
    points, step = _in_steps(model.points)
    arrays = {name: getattr(model, name).astype(np.float16) for name in _ARRAYS}
    packed.write(path, told, {"points": points, "step": np.asarray(step), **arrays})


def load(path: Path) -> Model | None:
    """The model of a partnership's folder; None where it has none. Raises `WeightsUnusable` for a broken file."""
    file = path / WEIGHTS
    if not file.is_file():
        return None
    try:
        return _unpacked(file)
    except packed.BROKEN as error:
        raise WeightsUnusable(f"{WEIGHTS} cannot be read ({type(error).__name__}): `hub train` makes it.") from error


def _unpacked(file: Path) -> Model:
    told, kept = packed.read(file)
    arrays = {name: kept[name].astype(np.float32) for name in _ARRAYS}
    arrays["points"] = kept["points"].astype(np.float32) * kept["step"]
    names: dict[str, Sequence[str]] = {name: tuple(told[name]) for name in ("themes", "flags", "signals")}
    return Model(name=told["name"], **names, **arrays)  # type: ignore[arg-type]
