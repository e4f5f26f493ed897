"""What a sentence model in the ONNX format is asked to tell besides, and what stands in the place of its numbers."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

_GRAPH, _TENSOR, _TOLD = 7, 5, 12
_NAME, _NUMBERS = 8, 9
"""The numbers of the format's fields (onnx.proto): of a model, its graph and a tensor."""
_VARINT, _BYTES, _FIXED = 0, 2, {1: 8, 5: 4}
"""How protobuf writes a field: as a number, as so many bytes, as a number of always so many bytes."""


def telling(model: bytes, names: Sequence[str]) -> bytes:
    """The ONNX model with further outputs: protobuf adds up a message that comes in two parts."""
    return model + _field(_GRAPH, b"".join(_field(_TOLD, _field(1, name.encode())) for name in names))


def with_numbers(model: bytes, values: Mapping[str, npt.NDArray[Any]]) -> bytes:
    """The ONNX model with other numbers under these names; they take as many bytes as those that stood there.

    Raises `LookupError` for a model that has none under one of the names, `ValueError` for others than so many.
    """
    made, left = bytearray(model), dict(values)
    for graph in _each(memoryview(made), _GRAPH):
        for tensor in _each(graph, _TENSOR):
            parts = dict(_fields(tensor))
            name = bytes(parts[_NAME]).decode()
            if name in left:
                _put(name, left.pop(name), parts[_NUMBERS])
    if left:
        raise KeyError(min(left))
    return bytes(made)


def _put(name: str, value: npt.NDArray[Any], place: memoryview) -> None:
    told = np.ascontiguousarray(value).tobytes()
    if len(told) != len(place):
        raise ValueError(f"{name} has {len(place)} bytes, not {len(told)}")
    place[:] = told


def inner(layer: int) -> str:
    """What comes out of a layer, as the first sentence model calls it."""
    return f"/encoder/layer.{layer}/output/LayerNorm/Add_1_output_0"


def _field(number: int, payload: bytes) -> bytes:
    """A field of bytes as protobuf writes it."""
    return _varint(number << 3 | _BYTES) + _varint(len(payload)) + payload


def _varint(value: int) -> bytes:
    told = b""
    while value > 127:
        told, value = told + bytes([value & 127 | 128]), value >> 7
    return told + bytes([value])


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
