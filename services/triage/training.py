"""Fits the second reader's linear model, measures it on held-out texts, and makes its chances mean what they say."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression

from services.triage.domain.lexicon import Lexicon
from services.triage.domain.reading import NONE
from services.triage.second_reader import BUCKETS, Embedder, Model, Vector, grams, signals

HELD_OUT = 5
"""Each fifth text is held out to fit the temperature and to measure; then all of them train."""
LEAST = 2
"""A bucket of letters that fewer texts have says nothing."""
THEME_C, FLAG_C, NEVER = 4.0, 4.0, -20.0
"""How freely themes and flags may fit; the score of what no text shows."""
RARE = 4.0
"""What a text with a harm weighs against one without."""
_TEMPERATURES = np.arange(0.4, 3.01, 0.05)

Texts = Sequence[Mapping[str, Any]]


def trained(texts: Texts, lexicon: Lexicon, embedder: Embedder) -> tuple[Model, dict[str, Any]]:
    """The model and its figures. The same texts, lexicon and embedder give the same model."""
    blank = _blank(texts, lexicon)
    rows = [blank.vector(words, lexicon.hits(words), embedder.embed(words)) for words in _words(texts)]
    vectors = csr_matrix(np.array(rows))
    due = _due(blank, texts)
    held = np.arange(len(texts)) % HELD_OUT == 0
    part = _fitted(blank, vectors[~held], due[~held])
    temperature, figures = _measured(part, vectors[held], due[held])
    whole = _fitted(blank, vectors, due)
    return replace(whole, temperature=temperature), {"model": blank.name, "texts": len(texts), **figures}


def _words(texts: Texts) -> list[str]:
    return [text["description"] for text in texts]


def _blank(texts: Texts, lexicon: Lexicon) -> Model:
    """A model that knows its names and how rare each bucket is, and weighs nothing yet."""
    seen = np.zeros(BUCKETS)
    for text in texts:
        seen[list(grams(text["description"]))] += 1
    idf = np.where(seen >= LEAST, np.log((1 + len(texts)) / (1 + seen)) + 1, 0.0)
    themes = (*sorted({theme for text in texts for theme in text["themes"]}), NONE)
    flags = tuple(sorted({flag for text in texts for flag in text["flags"]}))
    names = tuple(sorted({name for text in texts for name in signals(lexicon.hits(text["description"]))}))
    digest = hashlib.blake2b(json.dumps([dict(text) for text in texts], sort_keys=True).encode(), digest_size=4)
    rows, columns = len(themes) + len(flags), 768 + BUCKETS + len(names)
    weights, bias = np.zeros((rows, columns), np.float32), np.zeros(rows, np.float32)
    name = f"bge-small-en-v1.5-q+{digest.hexdigest()}"
    return Model(name, themes, flags, names, 1.0, idf.astype(np.float32), weights, bias)


def _due(model: Model, texts: Texts) -> Vector:
    """One row a text: the main theme's column is 1, and those of its flags."""
    due = np.zeros((len(texts), len(model.themes) + len(model.flags)), np.float32)
    for row, text in zip(due, texts, strict=True):
        row[model.themes.index(text["themes"][0] if text["themes"] else NONE)] = 1
        for flag in text["flags"]:
            row[len(model.themes) + model.flags.index(flag)] = 1
    return due


def _chances(model: Model, scores: Vector, temperature: float = 1.0) -> Vector:
    themes = scores[:, : len(model.themes)] / temperature
    themes = np.exp(themes - themes.max(1, keepdims=True))
    return np.hstack([themes / themes.sum(1, keepdims=True), 1 / (1 + np.exp(-scores[:, len(model.themes) :]))])


def _fitted(model: Model, vectors: Any, due: Vector) -> Model:
    """One softmax over the themes, and one logistic for each flag, in which a text with the harm weighs more."""
    count = len(model.themes)
    themes = LogisticRegression(C=THEME_C, max_iter=300).fit(vectors, due[:, :count].argmax(1))
    rows, bias = np.zeros((due.shape[1], vectors.shape[1]), np.float32), np.full(due.shape[1], NEVER, np.float32)
    rows[themes.classes_], bias[themes.classes_] = themes.coef_, themes.intercept_
    for number in range(count, due.shape[1]):
        if due[:, number].any():
            weigh = {0: 1.0, 1: RARE}
            flag = LogisticRegression(C=FLAG_C, max_iter=200, class_weight=weigh).fit(vectors, due[:, number])
            rows[number], bias[number] = flag.coef_[0], flag.intercept_[0]
    return replace(model, weights=rows, bias=bias)


def _measured(model: Model, vectors: Vector, due: Vector) -> tuple[float, dict[str, Any]]:
    """The temperature at which held-out chances mean what they say, and what the held-out texts show."""
    scores = vectors @ model.weights.T + model.bias
    label = due[:, : len(model.themes)].argmax(1)
    rows = np.arange(len(label))
    losses = [-np.log(_chances(model, scores, t)[rows, label] + 1e-9).mean() for t in _TEMPERATURES]
    temperature = round(float(_TEMPERATURES[int(np.argmin(losses))]), 2)
    chances = _chances(model, scores, temperature)[:, : len(model.themes)]
    said, right = chances.max(1), chances.argmax(1) == label
    sure = np.argsort(-said)
    return temperature, {
        "held_out": len(label),
        "accuracy": round(float(right.mean()), 3),
        "temperature": temperature,
        "right_of_the_surest_half": round(float(right[sure[: len(sure) // 2]].mean()), 3),
        "reliability": _reliability(said, right),
    }


def _reliability(said: Vector, right: Any) -> list[dict[str, float]]:
    """In each tenth of confidence: how many, what was said, what was so."""
    table = []
    for number in range(10):
        inside = (said * 10).astype(int).clip(0, 9) == number
        if inside.any():
            told = {"said": float(said[inside].mean()), "was": float(right[inside].mean())}
            table.append({"count": float(inside.sum())} | {name: round(value, 3) for name, value in told.items()})
    return table
