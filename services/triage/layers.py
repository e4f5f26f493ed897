"""The partnership's own layers: what became of a sentence model's upper part that was taught on its texts.

What eases the steps of a byte is after G. Xiao and others, "SmoothQuant: Accurate and Efficient Post-Training
Quantization for Large Language Models" (2023).
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from services.triage import packed
from services.triage.second_reader import Vector, WeightsUnusable

LAYERS = Path("reader") / "layers.npz"
TAKING = {"query": ("query", "key", "value"), "attended": ("attended",), "wide": ("wide",), "narrow": ("narrow",)}
"""Which matrices take the same, by the name of the first."""
MATRICES = tuple(name for names in TAKING.values() for name in names)
"""A layer's matrices, in the order in which a text goes through them."""
LOWER, UPPER = (4, 7), 7
"""The model's layers that say what a text means, and how many the partnership's are, which go on from the first."""
OWN = LOWER[-1] + 1
LAST = OWN + UPPER - 1
"""The numbers of the lowest and the highest of theirs in the model's file, behind the model's own."""
HEAD = ("whole", "bias", "sought", "said")
"""What turns the last tokens into scores."""
HEADS, EPSILON = 12, 1e-5
"""Into so many parts attention divides a token; what a spread has added to it: as the sentence model has them."""
MOST_TAUGHT = 160
"""So many tokens into a text is learned and measured: nearly every report ends before."""
EASE = 0.8
"""How far a number that gets greater than the others is made small before it is told in steps, and its row great."""
_STEPS, _LEAST, _LEAST_PULL = 127, 1e-3, 1e-5


@dataclass(frozen=True, slots=True)
class Layers:
    """What was taught; every array of `blocks` holds its part of all layers, the lowest first.

    `blocks` has, for each of `MATRICES`, the matrix (inputs × outputs, so many steps a number) and under its name with
    `_step` each column's step and with `_bias` the bias; for each of `TAKING` with `_ease` what each number that goes
    in is multiplied by; and `attended_scale`, `attended_shift`, `narrow_scale`, `narrow_shift` of the norms that
    follow. `head` has what turns the last tokens into scores, themes first: `whole` (twice the width × scores) for
    their mean and greatest, `bias`, and for what a phrase says of one score `sought` and `said` (width × scores each):
    which tokens that score listens to, and what it hears there. `learned_from` is the digest of the texts' words.
    """

    themes: tuple[str, ...]
    flags: tuple[str, ...]
    learned_from: str
    blocks: Mapping[str, npt.NDArray[Any]]
    head: Mapping[str, Vector]

    @property
    def name(self) -> str:
        """Of these numbers and no others."""
        digest = hashlib.blake2b(digest_size=4)
        for array in (*(self.blocks[name] for name in sorted(self.blocks)), *(self.head[name] for name in HEAD)):
            digest.update(np.ascontiguousarray(array).tobytes())
        return digest.hexdigest()

    def says(self, tokens: Vector) -> Vector:
        """Scores of the tokens (tokens × width) that come out of the last layer."""
        sought = tokens @ self.head["sought"]
        heard = np.exp(sought - sought.max(0))
        phrases = (heard * (tokens @ self.head["said"])).sum(0) / heard.sum(0)
        whole = np.concatenate([tokens.mean(0), tokens.max(0)]) @ self.head["whole"]
        return np.asarray(whole + self.head["bias"] + phrases, np.float32)


def in_steps(blocks: Mapping[str, Vector], greatest: Mapping[str, Vector]) -> dict[str, npt.NDArray[Any]]:
    """Plain numbers as `Layers.blocks` has them: a byte a number in the matrices.

    `greatest` is how great each number gets that goes in (layers × inputs, by the names of `TAKING`): a few get fifty
    times as great as the rest, which one step for all of them would round to nothing.
    """
    made: dict[str, npt.NDArray[Any]] = dict(blocks)
    for first, names in TAKING.items():
        strongest = np.max([np.abs(blocks[name]).max(2) for name in names], 0).clip(min=_LEAST_PULL)
        pull = greatest[first].clip(min=_LEAST) ** EASE / strongest ** (1 - EASE)
        pull = pull / np.exp(np.log(pull).mean(1, keepdims=True))
        made[f"{first}_ease"] = (1 / pull).astype(np.float32)
        for name in names:
            matrix = blocks[name] * pull[:, :, None]
            step = (np.abs(matrix).max(1) / _STEPS).astype(np.float32)
            step[step == 0] = 1
            made |= {name: np.round(matrix / step[:, None, :]).astype(np.int8), f"{name}_step": step}
    return made


def plain(blocks: Mapping[str, npt.NDArray[Any]]) -> dict[str, Vector]:
    """What `in_steps` made its bytes from, but for what was rounded."""
    made = {name: array for name, array in blocks.items() if not name.endswith(("_step", "_ease"))}
    for first, names in TAKING.items():
        for name in names:
            made[name] = blocks[name] * blocks[f"{name}_step"][:, None, :] * blocks[f"{first}_ease"][:, :, None]
    return made


def out_of(layer: int) -> str:
    """What comes out of a layer, as the sentence model's file tells it."""
    return f"out.{layer}"


def named(layer: int, parts: Mapping[str, npt.NDArray[Any]]) -> Iterator[tuple[str, npt.NDArray[Any]]]:
    """One layer's parts by the names that the sentence model's file has for them."""
    return ((f"layer.{layer}.{part}", value) for part, value in parts.items())


def in_the_model(layers: Layers) -> dict[str, npt.NDArray[Any]]:
    """What stands in the sentence model's file in the place of its own upper part, by name: each layer's arrays.

    Raises `ValueError` for others than `UPPER` layers.
    """
    if len(layers.blocks["query"]) != UPPER:
        raise ValueError(f"{len(layers.blocks['query'])} layers, not {UPPER}")
    return {
        name: value
        for place in range(UPPER)
        for name, value in named(OWN + place, {part: array[place] for part, array in layers.blocks.items()})
    }


def save(layers: Layers, path: Path) -> None:
    """Write the layers as plain arrays (no pickle); the same layers make the same bytes."""
    told = {"themes": layers.themes, "flags": layers.flags, "learned_from": layers.learned_from}
    head = {f"head_{name}": layers.head[name] for name in HEAD}
    packed.write(path, told, {**head, **layers.blocks})


def load(partnership: Path) -> Layers:
    """The layers of a partnership's folder. Raises `WeightsUnusable` where they are not there or not whole."""
    file = partnership / LAYERS
    if not file.is_file():
        raise WeightsUnusable(f"The partnership has no {LAYERS}: `hub tune` makes it.")
    try:
        return _unpacked(file)
    except packed.BROKEN as error:
        raise WeightsUnusable(f"{LAYERS} cannot be read ({type(error).__name__}): `hub tune` makes it.") from error


def _unpacked(file: Path) -> Layers:
    told, blocks = packed.read(file)
    head = {name: blocks.pop(f"head_{name}") for name in HEAD}
    steps = {f"{name}_step" for name in MATRICES} | {f"{name}_ease" for name in TAKING}
    missing = {*MATRICES, *steps}.difference(blocks)
    if missing:
        raise KeyError(*missing)
    return Layers(tuple(told["themes"]), tuple(told["flags"]), told["learned_from"], blocks, head)
