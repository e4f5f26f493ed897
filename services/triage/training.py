"""Fits the second reader to training texts, and tells what each text is taken for by a reader that never saw it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix, vstack

from services.triage.calibrating import calibrated
from services.triage.domain.lexicon import Lexicon
from services.triage.domain.reading import NONE, Reading
from services.triage.lessons import SITTING, Texts, digest_of, due_of, flags_of, held_out, themes_of
from services.triage.second_reader import (
    BUCKETS,
    Embedder,
    Model,
    Vector,
    grams,
    nearness,
    points_as_kept,
    signals,
)
from services.triage.solving import BLOCK, Lower, Single, Wide, blocks_of, factor, inverse_parts, solved
from services.triage.telling_apart import SHRINK, telling, widest

LEAST = 2
"""A bucket of letters that fewer texts have says nothing."""
RIDGE = 0.5
"""How little a single text may pull: the larger, the smoother."""

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Trained:
    """The model, its figures, and what each text held out is read as by a model without its sitting.

    Each tenth sitting is held out: it taught neither the layers nor along which directions meanings are told apart.
    """

    model: Model
    report: dict[str, Any]
    held_out: Texts
    readings: list[Reading]


def trained(texts: Texts, lexicon: Lexicon, embedder: Embedder, made_for: str, say: Say = lambda _: None) -> Trained:
    """The model and its figures. The same texts, lexicon and embedder give the same reader.

    `made_for` names the embedder. Raises `ValueError` for a single sitting: one must be held out while another teaches.
    """
    if len(texts) <= SITTING:
        raise ValueError(f"{len(texts)} texts are too few: at least {SITTING + 1} are needed, two sittings.")
    say(f"reading {len(texts)} texts")
    embedded = np.array([embedder.meaning(text["description"]) for text in texts], np.float32)
    blank = _blank(texts, lexicon, embedded, made_for)
    words = _words(blank, texts, lexicon)
    due = due_of(texts, blank.themes, blank.flags)
    say("learning what tells meanings apart")
    seen = np.arange(len(texts)) // SITTING % 2 == 1
    blank = _placed(_telling(blank, embedded[seen], words[seen], due[seen]), embedded)
    say("fitting")
    pulls, known = _fitted(blank, words, due)
    unseen = np.flatnonzero(held_out(len(texts)))
    said = np.array([embedder.embed(texts[int(number)]["description"]).scores for number in unseen], np.float64)
    fit = calibrated(known[unseen], said, due[unseen], len(blank.themes))
    pulls, scores = pulls * fit.slope, fit(known[unseen], said)
    model = replace(
        blank,
        pulls=pulls.astype(np.float32),
        weights=np.asarray((words.T @ pulls).T, np.float32),
        shares=fit.shares.astype(np.float32),
        bias=(pulls.sum(0) + fit.shift).astype(np.float32),
    )
    readings, held = [model.reading(row) for row in scores], [texts[int(number)] for number in unseen]
    return Trained(model, {"model": blank.name, "texts": len(texts), **_figures(readings, held)}, held, readings)


def _placed(blank: Model, embedded: Vector) -> Model:
    """With each known text's place among the others."""
    return replace(blank, points=points_as_kept(np.array([blank.meaning(row) for row in embedded], np.float32)))


def _telling(blank: Model, embedded: Vector, words: Any, due: Wide) -> Model:
    """With the directions along which a first fit of these texts tells them apart; themes and harms count alike."""
    wide = _placed(blank, embedded)
    pulls = solved(_factored(wide, words, due), due) / (due.std(0) + SHRINK)
    return replace(blank, directions=_as_kept(telling(blank.directions, wide.points, pulls)))


def _words(model: Model, texts: Texts, lexicon: Lexicon) -> Any:
    """What the words of each text say, one sparse row each; a block at a time, since most of a full row is nothing."""
    told = [
        csr_matrix(np.array([model.words(text["description"], lexicon.hits(text["description"])) for text in block]))
        for block in (texts[first : first + BLOCK] for first in range(0, len(texts), BLOCK))
    ]
    return vstack(told, format="csr")


def _as_kept(array: npt.ArrayLike) -> Vector:
    """As the file of weights gives it back."""
    return np.asarray(array, np.float16).astype(np.float32)


def _blank(texts: Texts, lexicon: Lexicon, embedded: Vector, made_for: str) -> Model:
    """A model that knows its names, how rare each bucket is and what tells meanings apart, and says nothing yet."""
    seen = np.zeros(BUCKETS)
    for text in texts:
        seen[list(grams(text["description"]))] += 1
    idf = np.where(seen >= LEAST, np.log((1 + len(texts)) / (1 + seen)) + 1, 0.0)
    centre, directions = widest(embedded)
    nothing = np.zeros(0, np.float32)
    return Model(
        name=f"{made_for}+{digest_of(texts)}",
        themes=themes_of(texts),
        flags=flags_of(texts),
        signals=tuple(sorted({name for text in texts for name in signals(lexicon.hits(text["description"]))})),
        idf=_as_kept(idf),
        centre=_as_kept(centre),
        directions=directions,
        points=nothing,
        pulls=nothing,
        weights=nothing,
        shares=nothing,
        bias=nothing,
    )


def _fitted(model: Model, words: Any, due: Wide) -> tuple[Wide, Wide]:
    """What each text pulls to (kernel ridge regression), and each text's scores without those of its sitting.

    The latter need no second fitting: what is left over on a sitting, divided by the sitting's own part of the inverse,
    is what a fit without it leaves there.
    """
    alike = _factored(model, words, due)
    pulls = solved(alike, due)
    left = [
        np.linalg.solve(part, pulls[number * SITTING : (number + 1) * SITTING])
        for number, part in enumerate(inverse_parts(alike, SITTING))
    ]
    return pulls, due - np.concatenate(left)


def _factored(model: Model, words: Any, due: Wide) -> Lower:
    """How alike each text and each one before it are, with the ridge, as a factor: the lower half, by blocks."""
    theme = due[:, : len(model.themes)].argmax(1)
    often = np.bincount(theme, minlength=len(model.themes)) / len(theme) * len(model.themes)
    ridge = RIDGE * np.sqrt(often[theme])
    alike = [_alike(model, words, ridge, block) for block in blocks_of(len(theme))]
    factor(alike)
    return alike


def _alike(model: Model, words: Any, ridge: Wide, block: slice) -> Single:
    """A block's texts with each one up to their last."""
    known = slice(0, block.stop)
    meant = nearness(model.points[block], model.points[known].T)
    alike = np.asarray(meant + (words[block] @ words[known].T).toarray() + 1, np.float32)
    alike[:, block][np.diag_indices(block.stop - block.start)] += ridge[block]
    return alike


def _figures(readings: Sequence[Reading], texts: Texts) -> dict[str, Any]:
    """What the held-out readings show of themes."""
    labels = [text["themes"][0] if text["themes"] else NONE for text in texts]
    firsts = [max(reading.themes, key=lambda theme: reading.themes[theme]) for reading in readings]
    said = np.array([reading.themes[first] for reading, first in zip(readings, firsts, strict=True)])
    right = np.array([label == first for label, first in zip(labels, firsts, strict=True)])
    sure = np.argsort(-said, kind="stable")
    f1 = {}
    for theme in sorted(set(labels)):
        due, got = labels.count(theme), firsts.count(theme)
        f1[theme] = round(2 * sum(a == b == theme for a, b in zip(labels, firsts, strict=True)) / (due + got), 3)
    return {
        "held_out": f"a tenth of the texts, each by a reader without the {SITTING} that it stands among",
        "accuracy": round(float(right.mean()), 3),
        "macro_f1": round(sum(f1.values()) / len(f1), 3),
        "right_of_the_surest_half": round(float(right[sure[: len(sure) // 2]].mean()), 3),
        "f1": f1,
        "reliability": _reliability(said, right),
    }


def _reliability(said: Wide, right: Any) -> list[dict[str, float]]:
    """In each tenth of confidence: how many, what was said, what was so."""
    table = []
    for number in range(10):
        inside = (said * 10).astype(int).clip(0, 9) == number
        if inside.any():
            told = {"said": float(said[inside].mean()), "was": float(right[inside].mean())}
            table.append({"count": float(inside.sum())} | {name: round(value, 3) for name, value in told.items()})
    return table
