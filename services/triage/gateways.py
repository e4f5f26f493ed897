"""The sentence models: read out of their jars, as they were fetched, and run in this process."""

import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import numpy as np
import onnxruntime
from onnxruntime.capi import onnxruntime_pybind11_state as runtime
from tokenizers import Tokenizer

from services.triage import layers as own
from services.triage.onnx_model import inner, lower_half, telling, upper_half, with_layers
from services.triage.second_reader import WEIGHTS, Model, Said, SecondReader, Vector, WeightsUnusable, load

LAYERS = (7, 9)
"""The inner layers that are read beside the last: three together tell reports apart better than the last alone."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A sentence model: its name within its jar, what stands before a text as it was trained, and how far it reads."""

    name: str
    asked: str
    most_tokens: int


KINDS = (Kind("e5-small-v2-q", "query: ", 256), Kind("bge-small-en-v1.5-q", "", 160))
"""In the order of their jars. Taught apart they err apart; the second reads as far as most reports go."""
NAMES = "+".join(kind.name for kind in KINDS)
"""What the name of weights begins with that were made for these models."""
_LAST, _OWN = "last_hidden_state", "own_last_hidden_state"
_BROKEN = (
    *(OSError, EOFError, zipfile.BadZipFile, zlib.error, LookupError, ValueError),
    *(runtime.Fail, runtime.InvalidArgument, runtime.InvalidGraph, runtime.InvalidProtobuf),
    *(runtime.NotImplemented, runtime.RuntimeException),
)
"""What reading a jar and starting its model raise where one of them is not there or not whole."""


class ModelUnusable(Exception):
    """The sentence model cannot be used: a sentence for operations staff."""


def _unit(vector: Vector) -> Vector:
    return vector / (float(np.linalg.norm(vector)) or 1.0)


def made_for(layers: own.Layers) -> str:
    """What the name of weights begins with that go with these layers."""
    return f"{NAMES}+{layers.name}"


def weights_of(partnership: Path, layers: own.Layers) -> Model:
    """A partnership's weights. Raises `WeightsUnusable` where it has none, or none that go with models and layers."""
    model = load(partnership)
    if model is None:
        raise WeightsUnusable("The partnership has no weights: `hub train` makes them.")
    if model.name.rpartition("+")[0] != made_for(layers):
        raise WeightsUnusable(f"{WEIGHTS} was made for other sentence models or layers: `hub train` makes it anew.")
    return model


def opened(partnership: Path, jars: Sequence[Path]) -> SecondReader:
    """A partnership's second reader. Raises `WeightsUnusable` or `ModelUnusable`, each a sentence."""
    layers = own.load(partnership)
    return SecondReader(weights_of(partnership, layers), SentenceModels(jars, layers))


class SentenceModels:
    """What both say of a text, side by side, and how the first scores it with the partnership's layers on top."""

    def __init__(self, jars: Sequence[Path], layers: own.Layers) -> None:
        """Raises `ModelUnusable` where there is not one whole jar for each of `KINDS`, in their order."""
        if len(jars) != len(KINDS):
            raise ModelUnusable(
                f"HUB_SENTENCE_MODELS names {len(jars)} jars instead of {len(KINDS)}: `make run` fetches and sets them."
            )
        self._first, self._second = SentenceModel(KINDS[0], jars[0], layers), SentenceModel(KINDS[1], jars[1])
        self._layers = replace(layers, blocks={})  # the model holds these 10 MB

    def embed(self, text: str) -> Said:
        """A meaning of 4,608 numbers, and scores; the same text gives the same ones."""
        meaning, last = self._first.read(text)
        return Said(np.concatenate([meaning, self._second.read(text)[0]]), self._layers.says(last))

    def meaning(self, text: str) -> Vector:
        """The meaning alone."""
        return self.embed(text).meaning


class SentenceModel:
    """A quantised model of twelve layers: of three of them the tokens' mean and their greatest, each of length 1."""

    def __init__(self, kind: Kind, jar: Path, layers: own.Layers | None = None) -> None:
        """`layers` beside its own upper half. Raises `ModelUnusable` where the jar is not there or broken."""
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self._outputs = [*map(inner, LAYERS), _LAST]
        self._own = _OWN if layers else _LAST
        with _opened(kind, jar) as (model, tokenizer):
            whole = with_layers(model, layers, _LAST, _OWN) if layers else model
            self._session = onnxruntime.InferenceSession(
                telling(whole, [lower_half(), *map(inner, LAYERS)]), options, providers=["CPUExecutionProvider"]
            )
            self._tokenizer: Any = Tokenizer.from_buffer(tokenizer)
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(kind.most_tokens)
        self._asked = kind.asked

    def read(self, text: str) -> tuple[Vector, Vector]:
        """2,304 numbers, and the tokens (tokens × width) as they come out of the layers beside its own, if it has such.

        The same text gives the same ones.
        """
        *layers, last = self._tokens(text, [*self._outputs, self._own])
        return np.concatenate([_unit(part) for tokens in layers for part in (tokens.mean(0), tokens.max(0))]), last

    def under(self, text: str) -> Vector:
        """The tokens as they go into the upper half (tokens × width)."""
        return self._tokens(text, [lower_half()])[0]

    def _tokens(self, text: str, outputs: Sequence[str]) -> list[Vector]:
        ids = np.array([self._tokenizer.encode(self._asked + text).ids], np.int64)
        fed = {"input_ids": ids, "attention_mask": np.ones_like(ids), "token_type_ids": np.zeros_like(ids)}
        return [cast("Vector", layer)[0] for layer in self._session.run(outputs, fed)]


def upper_half_of(jar: Path) -> dict[str, Vector]:
    """What the first of `KINDS` has above `UNDER`, in plain numbers. Raises `ModelUnusable` for any other jar."""
    with _opened(KINDS[0], jar) as (model, _):
        return upper_half(model)


@contextmanager
def _opened(kind: Kind, jar: Path) -> Iterator[tuple[bytes, bytes]]:
    """A jar's model and tokenizer; what they fail with inside is said as `ModelUnusable`."""
    try:
        with zipfile.ZipFile(jar) as packed:
            yield packed.read(f"{kind.name}.onnx"), packed.read(f"{kind.name}-tokenizer.json")
    except _BROKEN as error:
        found = f"is not whole ({type(error).__name__})" if jar.exists() else "is not there"
        raise ModelUnusable(
            f"The sentence model {jar.name} {found}. The next `make run` fetches it anew; a hub that is run "
            "otherwise names it in HUB_SENTENCE_MODELS."
        ) from error
