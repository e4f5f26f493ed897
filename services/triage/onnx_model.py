"""What a sentence model in the ONNX format is asked to tell besides, and what is put in the place of its upper half."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import onnxruntime

from services.triage.layers import MATRICES, Layers
from services.triage.second_reader import Vector

UNDER = 5
"""Above this layer of the first sentence model stand the partnership's own."""
_QUANTISED = re.compile(rb"onnx::MatMul_(\d+)_quantized")
_PLAIN = {
    "query_bias": "attention.self.query.bias",
    "key_bias": "attention.self.key.bias",
    "value_bias": "attention.self.value.bias",
    "attended_bias": "attention.output.dense.bias",
    "attended_scale": "attention.output.LayerNorm.weight",
    "attended_shift": "attention.output.LayerNorm.bias",
    "wide_bias": "intermediate.dense.bias",
    "narrow_bias": "output.dense.bias",
    "narrow_scale": "output.LayerNorm.weight",
    "narrow_shift": "output.LayerNorm.bias",
}
"""What the model calls the parts of a layer that are no matrix."""


def telling(model: bytes, names: Sequence[str]) -> bytes:
    """The ONNX model with further outputs: protobuf adds up a message that comes in two parts (graph 7, output 12)."""
    return model + _field(7, b"".join(_field(12, _field(1, name.encode())) for name in names))


def _field(number: int, payload: bytes) -> bytes:
    """A field of bytes as protobuf writes it."""
    length, size = b"", len(payload)
    while size > 127:
        length, size = length + bytes([size & 127 | 128]), size >> 7
    return bytes([number << 3 | 2]) + length + bytes([size]) + payload


def put_in(options: onnxruntime.SessionOptions, model: bytes, layers: Layers) -> list[Any]:
    """Have a session read with `layers` as its upper half; what comes back must live as long as the session.

    Raises `IndexError` for a model that has no such half.
    """
    values = []
    for part, named in _named(model).items():
        for place, names in enumerate(named):
            numbers = {names[0]: layers.blocks[part][place]}
            if part in MATRICES:
                zero = np.zeros(layers.blocks[part].shape[2], np.int8)
                numbers |= {names[1]: zero, names[2]: layers.blocks[f"{part}_step"][place]}
            for name, number in numbers.items():
                values.append(onnxruntime.OrtValue.ortvalue_from_numpy(np.ascontiguousarray(number)))
                options.add_initializer(name, values[-1])
    return values


def upper_half(model: bytes) -> dict[str, Vector]:
    """What the model has above `UNDER`, in plain numbers, as `tuning.tuned` begins with it (layers × …)."""
    parts = _named(model)
    values = _values(model, [name for named in parts.values() for names in named for name in names])
    return {
        part: np.array([_number(*(values[name] for name in names)) for names in named], np.float32)
        for part, named in parts.items()
    }


def _named(model: bytes) -> Mapping[str, list[list[str]]]:
    """For each part what the model calls its numbers, layer by layer; for a matrix also its zero point and step.

    Matrices have numbers for names, which rise through the model as the matrices follow each other in a layer.
    """
    numbers = sorted({int(found) for found in _QUANTISED.findall(model)})
    layers = range(UNDER + 1, len(numbers) // len(MATRICES))
    if not layers:
        raise IndexError(f"no layer above number {UNDER}")
    named = {part: [[f"encoder.layer.{layer}.{name}"] for layer in layers] for part, name in _PLAIN.items()}
    for place, matrix in enumerate(MATRICES):
        called = [f"onnx::MatMul_{numbers[layer * len(MATRICES) + place]}" for layer in layers]
        named[matrix] = [[f"{name}_{part}" for part in ("quantized", "zero_point", "scale")] for name in called]
    return named


def _number(value: Vector, zero: Vector | float = 0.0, step: Vector | float = 1.0) -> Vector:
    return (np.asarray(value, np.float32) - zero) * step


def _values(model: bytes, names: Sequence[str]) -> dict[str, Vector]:
    """What the model keeps under each name: a model tells its own numbers as it tells what comes out."""
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(telling(model, names), options, providers=["CPUExecutionProvider"])
    one = np.ones((1, 1), np.int64)
    fed = {"input_ids": one, "attention_mask": one, "token_type_ids": one}
    return dict(zip(names, session.run(list(names), fed), strict=True))
