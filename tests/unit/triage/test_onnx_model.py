"""A sentence model's file: asked for more outputs, and with other numbers in the place of its own."""

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from services.triage.mpnet import FAR, NEAR, apart
from services.triage.onnx_model import telling, with_numbers

NUMBERS = {"two": 2.0, "three": 3.0}


def model() -> bytes:
    """Twice a number, and three times that."""
    nodes = [helper.make_node("Mul", ["given", "two"], ["inner"]), helper.make_node("Mul", ["inner", "three"], ["out"])]
    numbers = [numpy_helper.from_array(np.array([value], np.float32), name) for name, value in NUMBERS.items()]
    asked, told = (helper.make_tensor_value_info(name, TensorProto.FLOAT, [1]) for name in ("given", "out"))
    return bytes(helper.make_model(helper.make_graph(nodes, "it", [asked], [told], numbers)).SerializeToString())


def kept(made: bytes) -> dict[str, float]:
    """The numbers of a model's file by name."""
    tensors = onnx.load_from_string(made).graph.initializer
    return {tensor.name: float(numpy_helper.to_array(tensor)[0]) for tensor in tensors}


def test_a_further_output_is_told_beside_the_models_own() -> None:
    made = onnx.load_from_string(telling(model(), ["inner"]))
    assert [each.name for each in made.graph.output] == ["out", "inner"]


def test_other_numbers_stand_under_the_same_names() -> None:
    assert kept(model()) == NUMBERS
    assert kept(with_numbers(model(), {"three": np.array([7], np.float32)})) == {"two": 2.0, "three": 7.0}


@pytest.mark.parametrize("given", [model(), b""], ids=["a-model", "nothing"])
def test_a_name_that_the_model_has_not_is_refused(given: bytes) -> None:
    with pytest.raises(LookupError, match="four"):
        with_numbers(given, {"four": np.zeros(1, np.float32)})


def test_more_numbers_than_stood_there_are_refused() -> None:
    with pytest.raises(ValueError, match="two has 4 bytes, not 8"):
        with_numbers(model(), {"two": np.zeros(2, np.float32)})


def test_near_distances_count_each_for_itself_and_far_ones_alike() -> None:
    """The table's kinds: none apart, so far before, and from half the kinds on so far after."""
    table = np.arange(4 * NEAR, dtype=np.float32)[:, None]
    kinds = apart({"encoder.relative_attention_bias.weight": table}, 2 * FAR)[0].astype(int)
    assert kinds[0, 0] == 0
    assert kinds[5, :5].tolist() == [5, 4, 3, 2, 1]
    assert kinds[0, 1:NEAR].tolist() == list(range(2 * NEAR + 1, 3 * NEAR))
    assert set(kinds[0, FAR:]) == {4 * NEAR - 1}
    assert set(kinds[-1, : FAR - 1]) == {2 * NEAR - 1}
