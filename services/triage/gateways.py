"""The sentence models: read out of their archives and run in the process that opens them."""

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
from services.triage.onnx_model import inner, telling, with_numbers
from services.triage.second_reader import WEIGHTS, Model, Said, SecondReader, Vector, WeightsUnusable, load


@dataclass(frozen=True, slots=True)
class Kind:
    """A sentence model: its name within its archive, what stands before a text as it was trained, how far it reads.

    `means` are the outputs that a meaning is made of: several layers together tell reports apart better than the last
    alone. `last` is what comes out of the last layer. `besides` are outputs that the file does not tell unasked.
    """

    name: str
    asked: str
    most_tokens: int
    means: tuple[str, ...]
    last: str
    besides: tuple[str, ...] = ()


_INNER, _LAST = (inner(7), inner(9)), "last_hidden_state"
FIRST = Kind("e5-small-v2-q", "query: ", 256, (*_INNER, _LAST), _LAST, _INNER)
_LOWER = tuple(map(own.out_of, own.LOWER))
SECOND = Kind("all-mpnet-base-v2", "", 256, _LOWER, own.out_of(own.LAST))
KINDS = (FIRST, SECOND)
"""In the order of their archives. Taught apart they err apart; above the lower part of the second stand our layers."""
NAMES = "+".join(kind.name for kind in KINDS)
"""What the name of weights begins with that were made for these models."""
_BROKEN = (
    *(OSError, EOFError, zipfile.BadZipFile, zlib.error, LookupError, ValueError),
    *(runtime.Fail, runtime.InvalidArgument, runtime.InvalidGraph, runtime.InvalidProtobuf),
    *(runtime.NotImplemented, runtime.RuntimeException),
)
"""What reading an archive and starting its model raise where one of them is not there or not whole."""


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


def one_for_each(archives: Sequence[Path]) -> tuple[Path, Path]:
    """The archives of the first and the second. Raises `ModelUnusable` where there are not so many."""
    if len(archives) != len(KINDS):
        raise ModelUnusable(
            f"HUB_SENTENCE_MODELS names {len(archives)} files instead of {len(KINDS)}: "
            "`make run` fetches and sets them."
        )
    first, second = archives
    return first, second


class SentenceModels:
    """What both say of a text, side by side, and how the partnership's layers, in the second, score it."""

    def __init__(self, archives: Sequence[Path], layers: own.Layers) -> None:
        """Raises `ModelUnusable` where there is not one whole archive for each of `KINDS`, in their order.

        Raises `WeightsUnusable` for layers that do not go with the second.
        """
        first, second = one_for_each(archives)
        self._first, self._second = SentenceModel(FIRST, first), SentenceModel(SECOND, second, layers)
        self._layers = replace(layers, blocks={})  # the model holds these 50 MB

    def embed(self, text: str) -> Said:
        """A meaning of 5,376 numbers, and scores; the same text gives the same ones."""
        (first, _, one), (second, last, other) = self._first.read(text), self._second.read(text)
        until = min((end for end in (one, other) if end is not None), default=None)
        return Said(np.concatenate([first, second]), self._layers.says(last), until)

    def meaning(self, text: str) -> Vector:
        """The meaning alone."""
        return self.embed(text).meaning


def opened(partnership: Path, archives: Sequence[Path]) -> SecondReader:
    """A partnership's second reader, with its models in this process.

    Raises `WeightsUnusable` or `ModelUnusable`, each a sentence.
    """
    layers = own.load(partnership)
    return SecondReader(weights_of(partnership, layers), SentenceModels(archives, layers))


class SentenceModel:
    """A quantised model of twelve layers: of some of them the tokens' mean and their greatest, each of length 1."""

    def __init__(self, kind: Kind, archive: Path, layers: own.Layers | None = None) -> None:
        """`layers` in the place of its own upper part.

        Raises `ModelUnusable` for a missing or broken archive, `WeightsUnusable` for layers that do not go into it.
        """
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        with _opened(kind, archive) as (model, tokenizer):
            whole = _with_layers(model, layers) if layers else model
            self._session = onnxruntime.InferenceSession(
                telling(whole, kind.besides), options, providers=["CPUExecutionProvider"]
            )
            # Kept for a change to another provider, of which there is none: 150 MB for both models.
            self._session._model_bytes = None  # noqa: SLF001
            self._tokenizer: Any = Tokenizer.from_buffer(tokenizer)
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(kind.most_tokens)
        self._kind, self._outputs = kind, list(dict.fromkeys([*kind.means, kind.last]))
        self._takes = [each.name for each in self._session.get_inputs()]

    def read(self, text: str) -> tuple[Vector, Vector, int | None]:
        """The meaning, the tokens (tokens × width) as they come out of the last layer, and how far the text was read.

        The last is a code point, None where that is all of it. The same text gives the same ones.
        """
        encoded = self._encoded(text)
        told = self._told(encoded, self._outputs)
        layers = (told[name] for name in self._kind.means)
        parts = [_unit(part) for tokens in layers for part in (tokens.mean(0), tokens.max(0))]
        return np.concatenate(parts), told[self._kind.last], self._until(encoded)

    def tokens(self, text: str, outputs: Sequence[str]) -> dict[str, Vector]:
        """A text's tokens (tokens × width) by the outputs that tell them."""
        return self._told(self._encoded(text), outputs)

    def _encoded(self, text: str) -> Any:
        return self._tokenizer.encode(self._kind.asked + text)

    def _until(self, encoded: Any) -> int | None:
        if not encoded.overflowing:
            return None
        last: int = max(end for _, end in encoded.offsets)
        return last - len(self._kind.asked)

    def _told(self, encoded: Any, outputs: Sequence[str]) -> dict[str, Vector]:
        ids = np.array([encoded.ids], np.int64)
        fed = {"input_ids": ids, "attention_mask": np.ones_like(ids), "token_type_ids": np.zeros_like(ids)}
        told = self._session.run(outputs, {name: fed[name] for name in self._takes})
        return {name: cast("Vector", layer)[0] for name, layer in zip(outputs, told, strict=True)}


def _with_layers(model: bytes, layers: own.Layers) -> bytes:
    try:
        return with_numbers(model, own.in_the_model(layers))
    except ValueError as error:
        raise WeightsUnusable(f"{own.LAYERS} does not go with {SECOND.name}: `hub tune` makes it anew.") from error


@contextmanager
def _opened(kind: Kind, archive: Path) -> Iterator[tuple[bytes, bytes]]:
    """An archive's model and tokenizer; what they fail with inside is said as `ModelUnusable`."""
    try:
        with zipfile.ZipFile(archive) as packed:
            yield packed.read(f"{kind.name}.onnx"), packed.read(f"{kind.name}-tokenizer.json")
    except _BROKEN as error:
        found = f"is not whole ({type(error).__name__})" if archive.exists() else "is not there"
        raise ModelUnusable(
            f"The sentence model {archive.name} {found}. The next `make run` fetches it anew; a hub that is run "
            "otherwise names it in HUB_SENTENCE_MODELS."
        ) from error
