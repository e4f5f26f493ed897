"""The second reader: sentence meaning, letters and the lexicon's signals in one linear model; numpy alone."""

import io
import itertools
import json
import math
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from services.triage.domain.lexicon import Hit, Lexicon
from services.triage.domain.reading import Reading
from services.triage.domain.terms import words_of

WEIGHTS = Path("reader") / "weights.npz"
BUCKETS = 1 << 15
SIGNAL_WEIGHT = 0.3
Vector = npt.NDArray[np.float32]


class WeightsUnusable(Exception):
    """The weights in a partnership's folder are broken: a sentence for operations staff."""


class Embedder(Protocol):
    """What turns a text into numbers that lie near for near meanings."""

    def embed(self, text: str) -> Vector:
        """One vector of length 2."""


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
    """Weights of the linear model: one row for each theme, then one for each flag."""

    name: str
    themes: tuple[str, ...]
    flags: tuple[str, ...]
    signals: tuple[str, ...]
    temperature: float
    idf: Vector
    weights: Vector
    bias: Vector

    def vector(self, text: str, hits: Iterable[Hit], meaning: Vector) -> Vector:
        """A text as the model takes it: meaning, letters, signals."""
        letters = np.zeros(BUCKETS, np.float32)
        for bucket, count in grams(text).items():
            letters[bucket] = (1 + math.log(count)) * self.idf[bucket]
        letters *= math.sqrt(2) / (float(np.linalg.norm(letters)) or 1.0)
        found = signals(hits)
        said = [SIGNAL_WEIGHT * min(2, found.get(name, 0)) for name in self.signals]
        return np.concatenate([meaning, letters, np.array(said, np.float32)])

    def read(self, vector: Vector) -> Reading:
        """Chances of themes (softmax, calibrated by the temperature) and of flags (each for itself)."""
        scores = self.weights.astype(np.float32) @ vector + self.bias
        of_themes, of_flags = scores[: len(self.themes)] / self.temperature, scores[len(self.themes) :]
        chances = np.exp(of_themes - of_themes.max())
        chances /= chances.sum()
        flags = 1 / (1 + np.exp(-of_flags))
        return Reading(
            self.name,
            {theme: round(float(chance), 4) for theme, chance in zip(self.themes, chances, strict=True)},
            {flag: round(float(chance), 4) for flag, chance in zip(self.flags, flags, strict=True)},
        )


@dataclass(frozen=True, slots=True)
class SecondReader:
    """A model with what it needs to read a text."""

    model: Model
    embedder: Embedder

    def read(self, text: str, lexicon: Lexicon) -> Reading:
        """What the text means; the same text, lexicon and model give the same reading."""
        return self.model.read(self.model.vector(text, lexicon.hits(text), self.embedder.embed(text)))


def save(model: Model, path: Path) -> None:
    """Write the weights as plain arrays (no pickle); the same model makes the same bytes."""
    told: dict[str, Any] = {"name": model.name, "themes": model.themes, "flags": model.flags}
    told |= {"signals": model.signals, "temperature": model.temperature}
    packed = io.BytesIO()
    np.savez_compressed(
        packed,
        told=np.frombuffer(json.dumps(told).encode(), np.uint8),
        idf=model.idf.astype(np.float16),
        weights=model.weights.astype(np.float16),
        bias=model.bias,
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(packed.getvalue())


def load(path: Path) -> Model | None:
    """The model of a partnership's folder; None where it has none. Raises `WeightsUnusable` for a broken file."""
    file = path / WEIGHTS
    if not file.is_file():
        return None
    try:
        return _unpacked(file)
    except (OSError, EOFError, ValueError, KeyError, zipfile.BadZipFile, zlib.error) as error:
        raise WeightsUnusable(f"{WEIGHTS} cannot be read ({type(error).__name__}): `hub train` makes it.") from error


def _unpacked(file: Path) -> Model:
    with np.load(file, allow_pickle=False) as kept:
        told: Mapping[str, Any] = json.loads(kept["told"].tobytes())
        arrays = {name: kept[name].astype(np.float32) for name in ("idf", "weights", "bias")}
    names: dict[str, Sequence[str]] = {name: tuple(told[name]) for name in ("themes", "flags", "signals")}
    return Model(name=told["name"], temperature=told["temperature"], **names, **arrays)  # type: ignore[arg-type]
