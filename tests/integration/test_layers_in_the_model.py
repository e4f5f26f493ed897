"""The partnership's layers in the real sentence model: they read as they were taught to, and others are refused."""

import zipfile
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from deploy.local.reader_models import sentence_models
from services.triage.gateways import SECOND, ModelUnusable, SentenceModel
from services.triage.layers import OWN, UPPER, Layers, load, plain
from services.triage.second_reader import Vector, WeightsUnusable
from services.triage.tuning import scores

pytestmark = pytest.mark.integration
LUTON = Path(__file__).parents[2] / "partnerships" / "luton"
TEXTS = ("Mattresses dumped by the garages again.", "Whenever he comes near she goes silent and looks at the floor.")
BEGINS_FROM = SECOND.means[0]
"""What comes out of the layer that ours go on from."""


@pytest.fixture(scope="module")
def archive(jars: Path) -> Path:
    """The second sentence model, as `make run` makes it."""
    return sentence_models(jars)[1]


@pytest.fixture(scope="module")
def numbers(archive: Path) -> dict[str, Vector]:
    """The model's own numbers by their names."""
    with zipfile.ZipFile(archive) as packed:
        model = onnx.load_from_string(packed.read(f"{SECOND.name}.onnx"))
    return {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}


def own_upper(numbers: dict[str, Vector]) -> dict[str, Vector]:
    """What the model has where ours are put, as layers are kept."""
    first, *others = range(OWN, OWN + UPPER)
    parts = [name.removeprefix(f"layer.{first}.") for name in numbers if name.startswith(f"layer.{first}.")]
    return {part: np.array([numbers[f"layer.{layer}.{part}"] for layer in (first, *others)]) for part in parts}


def alike(one: object, other: object) -> float:
    """How far two arrays of numbers go up and down together."""
    return float(np.corrcoef(np.ravel(np.asarray(one)), np.ravel(np.asarray(other)))[0, 1])


def test_the_models_own_upper_part_in_its_place_says_the_same(archive: Path, numbers: dict[str, Vector]) -> None:
    again = SentenceModel(SECOND, archive, Layers((), (), "", own_upper(numbers), {}))
    for text in TEXTS:
        (meaning, last, _), (due, plainly, _) = (model.read(text) for model in (again, SentenceModel(SECOND, archive)))
        assert (meaning == due).all()
        assert (last == plainly).all()


def test_layers_say_in_the_model_what_they_say_where_they_are_taught(archive: Path, numbers: dict[str, Vector]) -> None:
    """There in plain numbers, here in steps of a byte; what lies below them says the same as without them."""
    layers, model = load(LUTON), SentenceModel(SECOND, archive)
    reads = SentenceModel(SECOND, archive, layers)
    blocks = plain(layers.blocks)
    parts = [{name: array[number] for name, array in blocks.items()} for number in range(UPPER)]
    parameters = {"blocks": parts, "head": layers.head}
    for text in TEXTS:
        tokens = model.tokens(text, [BEGINS_FROM])[BEGINS_FROM][None]
        taught = scores(parameters, numbers["apart"][0], tokens, np.ones(tokens.shape[:2], bool))
        meaning, last, _ = reads.read(text)
        assert (meaning == model.read(text)[0]).all()
        assert alike(layers.says(last), taught) > 0.99


def test_a_text_that_is_too_long_is_read_up_to_a_word_and_a_short_one_whole(archive: Path) -> None:
    model, long = SentenceModel(SECOND, archive), "She is afraid of him. " * 80
    until = model.read(long)[2]
    assert until is not None
    assert 500 < until < len(long)
    assert (model.read(long[:until])[0] == model.read(long)[0]).all()
    assert model.read(long[: until // 2])[2] is None


def test_a_text_means_by_and_large_what_it_means_in_plain_numbers(archive: Path) -> None:
    """Two that tell the same lie nearer each other than either to a third: a file made wrongly would not know."""
    model = SentenceModel(SECOND, archive)
    told = [model.read(text)[0] for text in ("A man threatens his wife with a knife.", "Husband has a blade to her.")]
    other = model.read(TEXTS[0])[0]
    assert alike(*told) > max(alike(each, other) for each in told) + 0.1


def test_an_archive_that_holds_another_model_is_refused_where_layers_go_in(jars: Path) -> None:
    with pytest.raises(ModelUnusable, match="is not whole"):
        SentenceModel(SECOND, sentence_models(jars)[0], load(LUTON))


def test_layers_of_another_width_are_refused(archive: Path, numbers: dict[str, Vector]) -> None:
    upper = {name: array[:, :-1] for name, array in own_upper(numbers).items()}
    with pytest.raises(WeightsUnusable, match="does not go with all-mpnet-base-v2: `hub tune` makes it anew"):
        SentenceModel(SECOND, archive, Layers((), (), "", upper, {}))


def test_fewer_layers_than_stand_there_are_refused(archive: Path, numbers: dict[str, Vector]) -> None:
    upper = {name: array[:-1] for name, array in own_upper(numbers).items()}
    with pytest.raises(WeightsUnusable, match="does not go with"):
        SentenceModel(SECOND, archive, Layers((), (), "", upper, {}))
