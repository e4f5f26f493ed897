"""The partnership's layers beside the real sentence model's upper half: they read as they were taught to."""

from pathlib import Path

import numpy as np
import pytest

from deploy.local.jars import sentence_models
from services.triage.gateways import KINDS, ModelUnusable, SentenceModel, upper_half_of
from services.triage.layers import MATRICES, Layers, in_steps, load
from services.triage.tuning import scores

pytestmark = pytest.mark.integration
LUTON = Path(__file__).parents[2] / "partnerships" / "luton"
TEXTS = ("Mattresses dumped by the garages again.", "Whenever he comes near she goes silent and looks at the floor.")


@pytest.fixture(scope="module")
def jar(jars: Path) -> Path:
    """The first sentence model's jar."""
    return sentence_models(jars)[0]


def alike(one: object, other: object) -> float:
    """How far two arrays of numbers go up and down together."""
    return float(np.corrcoef(np.ravel(np.asarray(one)), np.ravel(np.asarray(other)))[0, 1])


def test_the_models_own_upper_half_put_beside_it_says_the_same(jar: Path) -> None:
    """But for the last digits: its own steps are no symmetric ones."""
    own, nothing = upper_half_of(jar), np.zeros(1, np.float32)
    again = SentenceModel(KINDS[0], jar, Layers((), (), "", in_steps(own), nothing, nothing))
    for text in TEXTS:
        (meaning, last), (due, plain) = (model.read(text) for model in (again, SentenceModel(KINDS[0], jar)))
        assert (meaning == due).all(), "what stands beside changes nothing of what the model says by itself"
        assert alike(last, plain) > 0.99


def test_layers_say_in_the_model_what_they_say_where_they_are_taught(jar: Path) -> None:
    """There in plain numbers, here in steps of a byte, as the sentence model reads by itself."""
    layers, model = load(LUTON), SentenceModel(KINDS[0], jar)
    reads = SentenceModel(KINDS[0], jar, layers)
    plain = {name: array.astype(np.float32) for name, array in layers.blocks.items() if not name.endswith("_step")}
    for name in MATRICES:
        plain[name] *= layers.blocks[f"{name}_step"][:, None, :]
    parts = [{name: array[number] for name, array in plain.items()} for number in range(len(plain["query"]))]
    parameters = {"blocks": parts, "head": layers.head, "head_bias": layers.head_bias}
    for text in TEXTS:
        tokens = model.under(text)[None]
        taught = scores(parameters, tokens, np.ones(tokens.shape[:2], bool))
        assert alike(layers.says(reads.read(text)[1]), taught) > 0.995


def test_a_jar_that_holds_another_model_is_refused_where_layers_begin(jars: Path) -> None:
    with pytest.raises(ModelUnusable, match="is not whole"):
        upper_half_of(sentence_models(jars)[1])
