"""What a sentence model in the ONNX format is asked to tell besides, and what is put beside its upper half."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import onnxruntime

from services.triage.layers import MATRICES, Layers
from services.triage.second_reader import Vector

UNDER = 5
"""Above this layer of the first sentence model stand the partnership's own."""
_GRAPH, _NODE, _TENSOR, _TOLD = 7, 1, 5, 12
_TAKES, _GIVES, _NAME = 1, 2, 3
"""The numbers of the format's fields (onnx.proto): of a model, its graph and a node."""
_KINDS = {"float32": 1, "int8": 3}
_VARINT, _BYTES, _FIXED = 0, 2, {1: 8, 5: 4}
"""How protobuf writes a field: as a number, as so many bytes, as a number of always so many bytes."""
_OURS = "partnership/"
"""What the names begin with of that part of a model which is the partnership's."""
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
    """The ONNX model with further outputs: protobuf adds up a message that comes in two parts."""
    return model + _field(_GRAPH, _outputs(names))


def with_layers(model: bytes, layers: Layers, last: str, told_as: str) -> bytes:
    """The ONNX model with `layers` beside its own upper half, so that the lower is gone through once for both.

    What they make of the output `last` is told as `told_as`. Raises `IndexError` for a model that has no such half.
    """
    values = dict(_put_in(model, layers))
    ours, nodes = {name: f"{_OURS}{name}" for name in values} | {last: told_as}, []
    for node in _each(_graph_of(model), _NODE):
        parts = list(_fields(node))
        takes, gives = ([bytes(told).decode() for number, told in parts if number == part] for part in (_TAKES, _GIVES))
        if lower_half() in takes or any(name in ours for name in takes):
            ours = {name: f"{_OURS}{name}" for name in gives} | ours
            nodes.append(_field(_NODE, b"".join(_renamed(number, told, ours) for number, told in parts)))
    tensors = (_field(_TENSOR, _tensor(ours[name], value)) for name, value in values.items())
    return model + _field(_GRAPH, b"".join([*nodes, *tensors, _outputs([told_as])]))


def lower_half() -> str:
    """What comes out of the lower half."""
    return inner(UNDER)


def inner(layer: int) -> str:
    """What comes out of a layer, as the model calls it."""
    return f"/encoder/layer.{layer}/output/LayerNorm/Add_1_output_0"


def _renamed(number: int, told: memoryview, ours: Mapping[str, str]) -> bytes:
    """A node's field, with what is ours by its own name; a node's own name too, since two may not have one."""
    name = bytes(told).decode() if number in (_TAKES, _GIVES, _NAME) else ""
    renamed = f"{_OURS}{name}" if number == _NAME else ours.get(name)
    return _field(number, bytes(told) if renamed is None else renamed.encode())


def _outputs(names: Iterable[str]) -> bytes:
    return b"".join(_field(_TOLD, _field(1, name.encode())) for name in names)


def _tensor(name: str, value: npt.NDArray[Any]) -> bytes:
    """An array as the format keeps it: shape, kind of number, name, numbers."""
    shape = b"".join(b"\x08" + _varint(length) for length in value.shape)
    kind = b"\x10" + _varint(_KINDS[value.dtype.name])
    return shape + kind + _field(8, name.encode()) + _field(9, np.ascontiguousarray(value).tobytes())


def _field(number: int, payload: bytes) -> bytes:
    """A field of bytes as protobuf writes it."""
    return _varint(number << 3 | _BYTES) + _varint(len(payload)) + payload


def _varint(value: int) -> bytes:
    told = b""
    while value > 127:
        told, value = told + bytes([value & 127 | 128]), value >> 7
    return told + bytes([value])


def _graph_of(model: bytes) -> memoryview:
    return next(_each(memoryview(model), _GRAPH))


def _each(message: memoryview, number: int) -> Iterator[memoryview]:
    return (told for found, told in _fields(message) if found == number)


def _fields(message: memoryview) -> Iterator[tuple[int, memoryview]]:
    """The fields of bytes of a message, in order, with their numbers; numbers themselves are passed over."""
    at = 0
    while at < len(message):
        tag, at = _number_at(message, at)
        kind = tag & 7
        if kind == _VARINT:
            _, at = _number_at(message, at)
            continue
        size, at = _number_at(message, at) if kind == _BYTES else (_FIXED[kind], at)
        if kind == _BYTES:
            yield tag >> 3, message[at : at + size]
        at += size


def _number_at(message: memoryview, at: int) -> tuple[int, int]:
    """The number that begins there, and where it has ended."""
    value = shift = 0
    while message[at] > 127:
        value, shift, at = value | (message[at] & 127) << shift, shift + 7, at + 1
    return value | message[at] << shift, at + 1


def _put_in(model: bytes, layers: Layers) -> Iterator[tuple[str, npt.NDArray[Any]]]:
    """What the model calls each part of its upper half, and what `layers` have for it."""
    for part, named in _named(model).items():
        for place, names in enumerate(named):
            yield names[0], layers.blocks[part][place]
            if part in MATRICES:
                yield names[1], np.zeros(layers.blocks[part].shape[2], np.int8)
                yield names[2], layers.blocks[f"{part}_step"][place]


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
