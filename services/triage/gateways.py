"""The sentence model: read out of its jar, as it was fetched, and run in this process."""

import zipfile
from pathlib import Path
from typing import Any, cast

import numpy as np
import onnxruntime
from onnxruntime.capi import onnxruntime_pybind11_state as runtime
from tokenizers import Tokenizer

from services.triage.second_reader import Vector

MODEL, TOKENIZER = "bge-small-en-v1.5-q.onnx", "bge-small-en-v1.5-q-tokenizer.json"
MOST_TOKENS = 256
_BROKEN = (
    *(OSError, zipfile.BadZipFile, KeyError, ValueError),
    *(runtime.Fail, runtime.InvalidArgument, runtime.InvalidGraph, runtime.InvalidProtobuf),
    *(runtime.NotImplemented, runtime.RuntimeException),
)
"""What reading a jar and starting its model raise where one of them is not there or not whole."""


class ModelUnusable(Exception):
    """The sentence model cannot be used: a sentence for operations staff."""


def _unit(vector: Vector) -> Vector:
    return vector / (float(np.linalg.norm(vector)) or 1.0)


class SentenceModel:
    """bge-small-en-v1.5, quantised: the first token's vector and the mean of all, each of length 1."""

    def __init__(self, jar: Path) -> None:
        """Raises `ModelUnusable` where the jar is not there or not whole."""
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        try:
            with zipfile.ZipFile(jar) as packed:
                self._session = onnxruntime.InferenceSession(
                    packed.read(MODEL), options, providers=["CPUExecutionProvider"]
                )
                self._tokenizer: Any = Tokenizer.from_buffer(packed.read(TOKENIZER))
        except _BROKEN as error:
            raise ModelUnusable(f"The sentence model in {jar.name} cannot be used ({type(error).__name__}).") from error
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(MOST_TOKENS)

    def embed(self, text: str) -> Vector:
        """768 numbers; the same text gives the same ones."""
        ids = np.array([self._tokenizer.encode(text).ids], np.int64)
        fed = {"input_ids": ids, "attention_mask": np.ones_like(ids), "token_type_ids": np.zeros_like(ids)}
        hidden = cast("Vector", self._session.run(None, fed)[0])[0]
        return np.concatenate([_unit(hidden[0]), _unit(hidden.mean(0))])
