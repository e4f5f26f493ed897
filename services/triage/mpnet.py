"""The second sentence model, all-mpnet-base-v2: from the numbers that its makers publish to what the engine reads.

A byte a number, in the ONNX format; `onnx` is loaded where the file is made, never by triage. The architecture is that
of K. Song and others, "MPNet: Masked and Permuted Pre-training for Language Understanding" (2020).
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper
from tokenizers import Tokenizer

from services.triage.layers import EPSILON, HEADS, LAST, LOWER, MOST_TAUGHT, OWN, TAKING, UPPER, in_steps, named, out_of
from services.triage.second_reader import Vector

TAUGHT = range(LOWER[0] + 1, LOWER[0] + 1 + UPPER)
"""The layers, all that stand above the first of `LOWER`, that the partnership's begin as."""
DEPTH, WIDTH = TAUGHT.stop, 768
MOST_TOKENS = 256
"""So far into a text can be read."""
NEAR, FAR = 8, 128
"""So many tokens apart each distance counts for itself; from so many on, all count alike."""
_FIRST_PLACE = 2
"""The place of a text's first token in the table of places; those before stand for nothing."""
_OPSET, _FORMAT = 20, 9
_PARTS = {
    "query": "attention.attn.q",
    "key": "attention.attn.k",
    "value": "attention.attn.v",
    "attended": "attention.attn.o",
    "wide": "intermediate.dense",
    "narrow": "output.dense",
}
_NORMS = {"attended": "attention.LayerNorm", "narrow": "output.LayerNorm"}

_WORDS = ("words_step", "words_zero")
"""What turns a step of the table of words back into a plain number."""

Published = Mapping[str, npt.NDArray[Any]]
"""What the makers publish, by their names."""


def blocks_of(published: Published, layers: Sequence[int]) -> dict[str, Vector]:
    """Layers in plain numbers (layers × …), as `tuning.tuned` begins with them."""

    def all_of(name: str) -> Vector:
        return np.array([published[f"encoder.layer.{layer}.{name}"] for layer in layers], np.float32)

    made = {name: all_of(f"{part}.weight").transpose(0, 2, 1) for name, part in _PARTS.items()}
    made |= {f"{name}_bias": all_of(f"{part}.bias") for name, part in _PARTS.items()}
    for name, part in _NORMS.items():
        made |= {f"{name}_scale": all_of(f"{part}.weight"), f"{name}_shift": all_of(f"{part}.bias")}
    return made


def apart(published: Published, tokens: int = MOST_TOKENS) -> Vector:
    """What is added where one token attends to another, by how far they stand apart (heads × tokens × tokens)."""
    return np.asarray(published["encoder.relative_attention_bias.weight"], np.float32)[_kinds(tokens)].transpose(
        2, 0, 1
    )


def _kinds(tokens: int) -> npt.NDArray[np.int64]:
    """The kind of each distance: near ones each its own, farther ones by their logarithm, before and after apart."""
    places = np.arange(tokens)
    after = places[None, :] - places[:, None]
    far = np.abs(after)
    log = NEAR + (np.log(far.clip(1) / NEAR) / np.log(FAR / NEAR) * NEAR).astype(np.int64)
    return np.asarray(np.where(far < NEAR, far, log.clip(max=2 * NEAR - 1)) + 2 * NEAR * (after > 0))


def tokens_of(tokenizer: bytes, texts: Sequence[str]) -> Iterator[list[int]]:
    """The numbers of each text's tokens, so far as layers are taught."""
    reads: Any = Tokenizer.from_buffer(tokenizer)
    reads.no_padding()
    reads.enable_truncation(MOST_TAUGHT)
    return (reads.encode(text).ids for text in texts)


def begun(published: Published, ids: Sequence[int]) -> Vector:
    """What goes into the first layer (tokens × width), in plain numbers."""
    places = published["embeddings.position_embeddings.weight"][_FIRST_PLACE : _FIRST_PLACE + len(ids)]
    summed = np.asarray(published["embeddings.word_embeddings.weight"][ids] + places, np.float32)
    middle = summed - summed.mean(1, keepdims=True)
    middle /= np.sqrt((middle**2).mean(1, keepdims=True) + EPSILON)
    scale, shift = (published[f"embeddings.LayerNorm.{part}"] for part in ("weight", "bias"))
    return np.asarray(middle * scale + shift, np.float32)


def written(published: Published, greatest: Mapping[str, Vector]) -> bytes:
    """The model as an ONNX file: of a text's tokens it tells what comes out of each of `LOWER` and of the last layer.

    From the first of `LOWER` two ways lead on, the model's own to the last of them, and a copy of all that stands above
    it, in whose place the partnership's layers are put: what a text means is not moved by what they were taught.
    `greatest` is how great each number gets that goes into a matrix (layers × inputs, by the names of `TAKING`).
    """
    graph = _Graph()
    blocks = in_steps(blocks_of(published, range(DEPTH)), greatest)
    tokens = _begun(graph, published)
    for layer, source in enumerate((*range(OWN), *TAUGHT)):
        if layer == OWN:
            tokens = out_of(LOWER[0])
        for name, value in named(layer, {part: array[source] for part, array in blocks.items()}):
            graph.keep(name, value)
        tokens = _through(graph, layer, tokens)
    outputs = [out_of(layer) for layer in (*LOWER, LAST)]
    told = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, "tokens", WIDTH]) for name in outputs]
    asked = [helper.make_tensor_value_info("input_ids", TensorProto.INT64, [1, "tokens"])]
    made = helper.make_graph(graph.nodes, "all-mpnet-base-v2", asked, told, graph.tensors)
    opset = [helper.make_opsetid("", _OPSET)]
    model: onnx.ModelProto = helper.make_model(made, opset_imports=opset, ir_version=_FORMAT)
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString(deterministic=True))


class _Graph:
    """Nodes and numbers in the order in which they come."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.tensors: list[onnx.TensorProto] = []

    def keep(self, name: str, value: npt.ArrayLike) -> str:
        self.tensors.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def do(self, kind: str, takes: Sequence[str], gives: str, **attributes: Any) -> str:
        self.nodes.append(helper.make_node(kind, takes, [gives], name=gives, **attributes))
        return gives


def _begun(graph: _Graph, published: Published) -> str:
    """What goes into the first layer: a text's words and their places; `apart` is kept for all layers."""
    _keep_words(graph, np.asarray(published["embeddings.word_embeddings.weight"], np.float32))
    places = published["embeddings.position_embeddings.weight"][_FIRST_PLACE : _FIRST_PLACE + MOST_TOKENS]
    graph.keep("places", places.astype(np.float32))
    graph.keep("apart", apart(published)[None])
    graph.keep("scale", np.float32(1 / np.sqrt(WIDTH // HEADS)))
    graph.keep("heads", np.array([0, 0, HEADS, WIDTH // HEADS], np.int64))
    graph.keep("whole", np.array([0, 0, WIDTH], np.int64))
    for name, value in {"zero": [0], "zeros": [0, 0], "last_two": [2, 3]}.items():
        graph.keep(name, np.array(value, np.int64))
    graph.do("Shape", ["input_ids"], "length", start=1, end=2)
    graph.do("Concat", ["length", "length"], "lengths", axis=0)
    graph.do("Slice", ["apart", "zeros", "lengths", "last_two"], "apart_here")
    graph.do("Slice", ["places", "zero", "length", "zero"], "places_here")
    words = graph.do("DequantizeLinear", [graph.do("Gather", ["words", "input_ids"], "found"), *_WORDS], "meant")
    summed = graph.do("Add", [words, "places_here"], "placed")
    norm = [graph.keep(f"begun_{part}", published[f"embeddings.LayerNorm.{part}"]) for part in ("weight", "bias")]
    return graph.do("LayerNormalization", [summed, *norm], "begun", axis=-1, epsilon=EPSILON)


def _keep_words(graph: _Graph, words: Vector) -> None:
    """The table of words, most of the file's plain numbers, in steps from the least to the greatest."""
    least, most = min(float(words.min()), 0.0), max(float(words.max()), 0.0)
    step = np.float32((most - least) / 255)
    zero = np.uint8(np.round(-least / step))
    graph.keep("words", np.clip(np.round(words / step) + zero, 0, 255).astype(np.uint8))
    graph.keep("words_step", step)
    graph.keep("words_zero", zero)


def _through(graph: _Graph, layer: int, tokens: str) -> str:
    def own(name: str) -> str:
        return f"{layer}/{name}"

    def heads(name: str, order: Sequence[int]) -> str:
        parted = graph.do("Reshape", [own(name), "heads"], own(f"{name}_parted"))
        return graph.do("Transpose", [parted], own(f"{name}_heads"), perm=order)

    def normed(name: str, before: str, gives: str) -> str:
        summed = graph.do("Add", [before, own(name)], own(f"{name}_summed"))
        numbers = [f"layer.{layer}.{name}_{part}" for part in ("scale", "shift")]
        return graph.do("LayerNormalization", [summed, *numbers], gives, axis=-1, epsilon=EPSILON)

    _products(graph, layer, "query", tokens)
    query, key, value = heads("query", (0, 2, 1, 3)), heads("key", (0, 2, 3, 1)), heads("value", (0, 2, 1, 3))
    alike = graph.do("Mul", [graph.do("MatMul", [query, key], own("alike")), "scale"], own("alike_scaled"))
    near = graph.do("Add", [alike, "apart_here"], own("near"))
    shares = graph.do("Softmax", [near], own("shares"), axis=-1)
    drawn = graph.do("Transpose", [graph.do("MatMul", [shares, value], own("drawn"))], own("turned"), perm=(0, 2, 1, 3))
    _products(graph, layer, "attended", graph.do("Reshape", [drawn, "whole"], own("joined")))
    between = normed("attended", tokens, own("between"))
    _products(graph, layer, "wide", between)
    _products(graph, layer, "narrow", graph.do("Gelu", [own("wide")], own("bent")))
    return normed("narrow", between, out_of(layer))


def _products(graph: _Graph, layer: int, first: str, takes: str) -> None:
    """The products of the matrices that take the same: eased, in steps of the greatest, and back in plain numbers."""
    at, kept = f"{layer}/{first}", f"layer.{layer}."
    eased = graph.do("Mul", [takes, f"{kept}{first}_ease"], f"{at}_eased")
    steps = [f"{at}_{part}" for part in ("steps", "step", "zero")]
    graph.nodes.append(helper.make_node("DynamicQuantizeLinear", [eased], steps, name=steps[0]))
    for name in TAKING[first]:
        own = f"{layer}/{name}"
        zero = graph.keep(f"{own}_zeros", np.int8(0))
        counted = graph.do("MatMulInteger", [steps[0], f"{kept}{name}", steps[2], zero], f"{own}_counted")
        plain = graph.do("Cast", [counted], f"{own}_cast", to=TensorProto.FLOAT)
        step = graph.do("Mul", [steps[1], f"{kept}{name}_step"], f"{own}_both_steps")
        product = graph.do("Mul", [plain, step], f"{own}_product")
        graph.do("Add", [product, f"{kept}{name}_bias"], own)
