"""Teaches the upper part of a sentence model on the partnership's texts; JAX, on the processor.

AdamW after I. Loshchilov and F. Hutter, "Decoupled Weight Decay Regularization" (2019). What is silent is silent
in all tokens of a text alike, after Y. Gal and Z. Ghahramani, "A Theoretically Grounded Application of Dropout in
Recurrent Neural Networks" (2016). That what lies halfway errs less is from P. Izmailov and others, "Averaging Weights
Leads to Wider Optima and Better Generalization" (2018).
"""

import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt

from services.triage.layers import EPSILON, HEADS, MOST_TAUGHT, TAKING
from services.triage.second_reader import Vector

EPOCHS, TOGETHER = 2, 64
"""How often each text is gone through, and how many make one step."""
PACE, HEAD_PACE = 1e-4, 5e-3
"""How far a step goes at most, in the layers and in the head, which begins with nothing and learns too little below."""
SOUGHT = 0.02
"""How far apart the scores' ways of listening are at first: were they the same, they would stay so."""
WARMING = 0.06
"""In so large a share of the steps the pace rises; after it falls to nothing."""
DECAY, MOMENTS, STILL = 0.01, (0.9, 0.999), 1e-8
HIDDEN = 0.1
"""So large a share of a text's tokens is hidden at each step, other ones each time: nothing is learned by heart."""
SILENT = 0.1
"""So large a share of what a layer adds and of what the head is told is silent at a step: others each time."""
DOUBT = 0.05
"""So much of a theme's certainty is withheld: labels err."""
LENGTHS = (24, 32, 48, 64, 80, 96, 128, MOST_TAUGHT)
"""To the next of these a batch's texts are filled up: each is compiled once."""
POOL = 32
"""So many batches are drawn at once and parted by length: what a batch is filled up with costs as much as text."""

Parameters = dict[str, Any]
Numbers = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Lesson:
    """Texts to learn from: the tokens of all (rows × width), where each text's begin and end, and what is due.

    `themes` has a text's main theme as a number, `flags` a row of noughts and ones. `apart` is what is added where one
    token attends to another, by how far they stand apart (heads × tokens × tokens); it is not taught.
    """

    tokens: npt.NDArray[np.float16]
    bounds: Numbers
    themes: Numbers
    flags: Vector
    apart: Vector


@jax.custom_vjp
def _half(rows: Any, matrix: Any) -> Any:
    """Rows × matrix in half precision, added up in single: twice as fast where the processor knows the format."""
    return jnp.dot(_halved(rows), _halved(matrix), preferred_element_type=jnp.float32)


def _halved(array: Any) -> Any:
    """The barrier keeps the compiler from halving each number anew wherever it is multiplied, which is slower."""
    return jax.lax.optimization_barrier(array.astype(jnp.bfloat16))  # type: ignore[no-untyped-call]


def _half_onward(rows: Any, matrix: Any) -> tuple[Any, tuple[Any, Any]]:
    return _half(rows, matrix), (rows, matrix)


def _half_back(given: tuple[Any, Any], slope: Any) -> tuple[Any, Any]:
    """The matrix's slope stays in single precision: it is small, and no faster in half."""
    rows, matrix = given
    by_columns = (((1,), (1,)), ((), ()))
    of_rows = jax.lax.dot_general(_halved(slope), _halved(matrix), by_columns, preferred_element_type=jnp.float32)
    return of_rows, rows.T @ slope


_half.defvjp(_half_onward, _half_back)


def _product(block: Parameters, name: str, tokens: Any) -> Any:
    rows = _half(tokens.reshape(-1, tokens.shape[-1]), block[name])
    return rows.reshape(*tokens.shape[:-1], -1) + block[f"{name}_bias"]


def _normed(block: Parameters, name: str, tokens: Any) -> Any:
    middle = tokens - tokens.mean(-1, keepdims=True)
    middle = middle * jax.lax.rsqrt((middle**2).mean(-1, keepdims=True) + EPSILON)
    return middle * block[f"{name}_scale"] + block[f"{name}_shift"]


def _through(
    seen: Any, apart: Any, tokens: Any, block: Parameters, loud: Sequence[Any] = (1, 1)
) -> tuple[Any, dict[str, Any]]:
    """The tokens after a layer, and what went into its matrices, by the names of `layers.TAKING`.

    `loud` says how loud each number is that the layer adds, after attending and at its end (texts × 1 × width).
    """
    length = tokens.shape[1]

    def heads(name: str) -> Any:
        return _product(block, name, tokens).reshape(*tokens.shape[:2], HEADS, -1).transpose(0, 2, 1, 3)

    query, key, value = (heads(name) for name in ("query", "key", "value"))
    alike = query @ key.transpose(0, 1, 3, 2) / np.sqrt(query.shape[3]) + apart[:, :length, :length]
    alike = jax.nn.softmax(jnp.where(seen[:, None, None, :], alike, -1e9), -1)
    attended = (alike @ value).transpose(0, 2, 1, 3).reshape(tokens.shape)
    between = _normed(block, "attended", tokens + loud[0] * _product(block, "attended", attended))
    wide = jax.nn.gelu(_product(block, "wide", between), approximate=False)
    given = {"query": tokens, "attended": attended, "wide": between, "narrow": wide}
    return _normed(block, "narrow", between + loud[1] * _product(block, "narrow", wide)), given


def scores(parameters: Parameters, apart: Any, tokens: Any, seen: Any, loud: Any = None) -> Any:
    """Texts × scores of texts × tokens × width; `seen` (texts × tokens) is false where there is nothing.

    `loud`, while learning, has two rows for each layer as `_through` takes them, and one for what the head is told.
    """
    loud = np.ones(2 * len(parameters["blocks"]) + 1) if loud is None else loud
    last = tokens.astype(jnp.float32)
    for number, block in enumerate(parameters["blocks"]):
        last, _ = _through(seen, apart, last, block, loud[2 * number : 2 * number + 2])
    last, there, head = last * loud[-1], seen[..., None], parameters["head"]
    mean = jnp.where(there, last, 0).sum(1) / there.sum(1)
    most = jnp.where(there, last, -1e9).max(1)
    heard = jax.nn.softmax(jnp.where(there, last @ head["sought"], -1e9), 1)
    return jnp.concatenate([mean, most], 1) @ head["whole"] + head["bias"] + (heard * (last @ head["said"])).sum(1)


def greatest(blocks: Mapping[str, Vector], apart: Vector, texts: Iterable[Vector]) -> dict[str, Vector]:
    """How great each number gets that goes into a matrix (layers × inputs), over texts of tokens × width each."""
    parts = _parts(blocks)
    most: dict[tuple[str, int], Vector] = {}
    through = jax.jit(_through)
    for text in texts:
        length = next(each for each in LENGTHS if each >= len(text))
        seen = np.arange(length)[None] < len(text)
        last = jnp.asarray(np.pad(text, ((0, length - len(text)), (0, 0)))[None], jnp.float32)
        for layer, block in enumerate(parts):
            last, given = through(seen, apart, last, block)
            for name, value in given.items():
                reached = np.abs(np.asarray(value)[seen]).max(0)
                most[name, layer] = np.maximum(most.get((name, layer), np.zeros_like(reached)), reached)
    return {name: np.array([most[name, layer] for layer in range(len(parts))], np.float32) for name in TAKING}


def _parts(blocks: Mapping[str, Vector]) -> list[Parameters]:
    """Layer by layer."""
    count = len(blocks["query"])
    return [{name: jnp.asarray(array[layer]) for name, array in blocks.items()} for layer in range(count)]


def _missed(parameters: Parameters, apart: Any, tokens: Any, seen: Any, loud: Any, themes: Any, flags: Any) -> Any:
    """How far what is said of a batch lies from what is due."""
    said = scores(parameters, apart, tokens, seen, loud)
    count = said.shape[1] - flags.shape[1]
    chances = jax.nn.log_softmax(said[:, :count])
    of_themes = (1 - DOUBT) * jnp.take_along_axis(chances, themes[:, None], 1)[:, 0] + DOUBT * chances.mean(1)
    of_flags = jax.nn.softplus(said[:, count:]) - flags * said[:, count:]
    return (of_flags.sum(1) - of_themes).mean()


def _stepped(parameters: Parameters, moments: Any, number: Any, share: Any, apart: Any, batch: Any) -> Any:
    """Parameters and moments after a step, with what was missed; `share` of the full pace."""
    missed, slopes = jax.value_and_grad(_missed)(parameters, apart, *batch)
    first, second = MOMENTS
    means = jax.tree.map(lambda kept, slope: first * kept + (1 - first) * slope, moments[0], slopes)
    squares = jax.tree.map(lambda kept, slope: second * kept + (1 - second) * slope**2, moments[1], slopes)
    by_mean, by_square = 1 - first ** (number + 1.0), 1 - second ** (number + 1.0)

    def moved(pace: float, value: Any, mean: Any, square: Any) -> Any:
        return value - share * pace * (mean / by_mean / (jnp.sqrt(square / by_square) + STILL) + DECAY * value)

    paced = {name: PACE if name == "blocks" else HEAD_PACE for name in parameters}
    made = {
        name: jax.tree.map(partial(moved, paced[name]), parameters[name], means[name], squares[name])
        for name in parameters
    }
    return made, (means, squares), missed


def new_head(width: int, outputs: int) -> dict[str, Vector]:
    """A head for so many scores that knows nothing yet, as `Layers.head` has it."""
    sought = np.random.default_rng(0).normal(0, SOUGHT, (width, outputs))
    shapes = {"whole": (2 * width, outputs), "bias": (outputs,), "said": (width, outputs)}
    return {name: np.zeros(shape, np.float32) for name, shape in shapes.items()} | {"sought": sought.astype(np.float32)}


def tuned(
    blocks: Mapping[str, Vector],
    head: Mapping[str, Vector],
    lesson: Lesson,
    say: Callable[[str], None],
    epochs: int = EPOCHS,
) -> tuple[dict[str, Vector], dict[str, Vector]]:
    """Layers and head after learning, from where they stand. The same lesson gives the same on the same machine.

    Order and what is hidden or silent hang on the head that is begun with: a further course does not repeat the one
    before.
    """
    parameters: Parameters = {
        "blocks": _parts(blocks),
        "head": {name: jnp.asarray(array) for name, array in head.items()},
    }
    moments = (jax.tree.map(jnp.zeros_like, parameters), jax.tree.map(jnp.zeros_like, parameters))
    chance = np.random.default_rng(zlib.crc32(np.ascontiguousarray(head["said"]).tobytes()))
    lessons = [batch for _ in range(epochs) for batch in _batches(lesson, chance)]
    step = jax.jit(_stepped, donate_argnums=(0, 1))
    missed = 0.0
    for number, rows in enumerate(lessons):
        share = _share(number, len(lessons))
        batch = _filled(lesson, rows, chance, 2 * len(parameters["blocks"]) + 1)
        parameters, moments, off = step(parameters, moments, number, share, lesson.apart, batch)
        missed = 0.98 * missed + 0.02 * float(off)
        if number % 100 == 99:
            say(f"step {number + 1} of {len(lessons)}: missed by {missed:.3f}")
    made = jax.tree.map(np.asarray, parameters)
    return {name: np.array([block[name] for block in made["blocks"]]) for name in blocks}, made["head"]


def halfway(before: Mapping[str, Vector], after: Mapping[str, Vector]) -> dict[str, Vector]:
    """Between what a course began with and what it made, array by array: it errs less than either."""
    return {name: np.asarray((before[name] + array) / 2, np.float32) for name, array in after.items()}


def _share(number: int, steps: int) -> float:
    """Of the full pace at a step: it rises while warming, and falls evenly to nothing."""
    warm = max(1.0, WARMING * steps)
    return min((number + 1) / warm, (steps - number) / max(1.0, steps - warm))


def _batches(lesson: Lesson, chance: np.random.Generator) -> Iterator[Numbers]:
    """The texts' numbers in a new order, texts of like lengths together."""
    lengths = np.diff(lesson.bounds)
    order = chance.permutation(len(lengths))
    drawn = []
    for first in range(0, len(order), POOL * TOGETHER):
        pool = order[first : first + POOL * TOGETHER]
        pool = pool[np.argsort(lengths[pool], kind="stable")]
        drawn += [pool[at : at + TOGETHER] for at in range(0, len(pool), TOGETHER)]
    return (drawn[number] for number in chance.permutation(len(drawn)))


def _filled(lesson: Lesson, rows: Numbers, chance: np.random.Generator, places: int) -> Any:
    """Texts as arrays of one length, with what is not hidden and how loud each number is in so many places.

    The first token, which stands for all, is never hidden.
    """
    rows = np.resize(rows, TOGETHER)
    lengths = np.minimum(np.diff(lesson.bounds)[rows], MOST_TAUGHT)
    length = next(each for each in LENGTHS if each >= lengths.max())
    tokens = np.zeros((TOGETHER, length, lesson.tokens.shape[1]), np.float16)
    for place, (row, many) in enumerate(zip(rows, lengths, strict=True)):
        tokens[place, :many] = lesson.tokens[lesson.bounds[row] : lesson.bounds[row] + many]
    there = (np.arange(length) < lengths[:, None]) & (chance.random((TOGETHER, length)) >= HIDDEN)
    there[:, 0] = True
    loud = (chance.random((places, TOGETHER, 1, tokens.shape[2])) >= SILENT).astype(np.float32) / (1 - SILENT)
    return tokens, there, loud, lesson.themes[rows], lesson.flags[rows]
