"""The partnership's own layers: what became of a sentence model's upper half that was taught on its texts."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from services.triage import packed
from services.triage.second_reader import Vector, WeightsUnusable

LAYERS = Path("reader") / "layers.npz"
MATRICES = ("query", "key", "value", "attended", "wide", "narrow")
"""A layer's matrices, in the order in which a text goes through them."""
_STEPS = 127


@dataclass(frozen=True, slots=True)
class Layers:
    """What was taught; every array of `blocks` holds its part of all layers, the lowest first.

    `blocks` has, for each of `MATRICES`, the matrix (inputs × outputs, so many steps a number) and under its name with
    `_step` each column's step and with `_bias` the bias; and `attended_scale`, `attended_shift`, `narrow_scale`,
    `narrow_shift` of the norms that follow. `head` turns the mean and the greatest of the last tokens into scores, with
    `head_bias`: themes first. `learned_from` is the digest of the texts.
    """

    themes: tuple[str, ...]
    flags: tuple[str, ...]
    learned_from: str
    blocks: Mapping[str, npt.NDArray[Any]]
    head: Vector
    head_bias: Vector

    @property
    def name(self) -> str:
        """Of these numbers and no others."""
        digest = hashlib.blake2b(digest_size=4)
        for array in (*(self.blocks[name] for name in sorted(self.blocks)), self.head, self.head_bias):
            digest.update(np.ascontiguousarray(array).tobytes())
        return digest.hexdigest()

    def says(self, tokens: Vector) -> Vector:
        """Scores of the tokens (tokens × width) that come out of the last layer."""
        return np.asarray(np.concatenate([tokens.mean(0), tokens.max(0)]) @ self.head + self.head_bias, np.float32)


def in_steps(blocks: Mapping[str, Vector]) -> dict[str, npt.NDArray[Any]]:
    """Plain numbers as `Layers.blocks` has them: a byte a number in the matrices, as the sentence model itself."""
    made: dict[str, npt.NDArray[Any]] = dict(blocks)
    for name in MATRICES:
        step = (np.abs(blocks[name]).max(1) / _STEPS).astype(np.float32)
        step[step == 0] = 1
        made |= {name: np.round(blocks[name] / step[:, None, :]).astype(np.int8), f"{name}_step": step}
    return made


def save(layers: Layers, path: Path) -> None:
    """Write the layers as plain arrays (no pickle); the same layers make the same bytes."""
    told = {"themes": layers.themes, "flags": layers.flags, "learned_from": layers.learned_from}
    packed.write(path, told, {"head": layers.head, "head_bias": layers.head_bias, **layers.blocks})


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
    head, head_bias = blocks.pop("head"), blocks.pop("head_bias")
    missing = {*MATRICES, *(f"{name}_step" for name in MATRICES)}.difference(blocks)
    if missing:
        raise KeyError(*missing)
    return Layers(tuple(told["themes"]), tuple(told["flags"]), told["learned_from"], blocks, head, head_bias)
