"""How a process of triage reads beside its loop, without engines and without the sentence model."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from services.kernel.clock import utc_now
from services.kernel.settings import Settings
from services.kernel.workers import Job
from services.triage import layers as own
from services.triage.domain.lexicon import Lexicon
from services.triage.domain.reading import Reading
from services.triage.keeping import RuleKeeper
from services.triage.live_reading import LiveReader, second_reader
from services.triage.messages import ReadText
from services.triage.second_reader import WEIGHTS, load, save

LUTON = Path("partnerships/luton")
NOWHERE = Settings(database_url="postgresql://hub@127.0.0.1:1/hub", partnership=LUTON)
"""No database answers there."""
NO_FILES = (Path("one.zip"), Path("two.zip"))


class Noting:
    """A second reader that notes with which lexicon it reads."""

    def __init__(self) -> None:
        self.lexicons: list[Lexicon] = []

    def read(self, text: str, lexicon: Lexicon) -> Reading:
        """Nothing in particular."""
        self.lexicons.append(lexicon)
        return Reading("noting", {"asb": 1.0}, {})


@pytest.fixture(scope="module")
def keeper() -> RuleKeeper:
    """What keeps Luton's rules."""
    return RuleKeeper(LUTON)


def job() -> Job:
    """A text to read, with time enough."""
    asked = ReadText(report_id=uuid4(), asked=uuid4(), keys=(), text="Words.", until=utc_now() + timedelta(minutes=5))
    return Job(uuid4(), "read-text", "subject", asked.model_dump_json(), 1, False, None)


@pytest.mark.parametrize(
    ("models", "says"),
    [((), "`make run` fetches and sets them"), ((Path("one.zip"),), "HUB_SENTENCE_MODELS names 1 files instead of 2")],
)
def test_without_a_file_for_each_sentence_model_nobody_reads_and_it_is_said(
    models: tuple[Path, ...], says: str
) -> None:
    second, trouble = second_reader(NOWHERE.model_copy(update={"sentence_models": models}))
    assert second is None
    assert says in str(trouble)


def test_weights_that_were_made_for_other_sentence_models_are_not_read_with(tmp_path: Path) -> None:
    model = load(LUTON)
    assert model is not None
    own.save(own.load(LUTON), tmp_path / own.LAYERS)
    models, layers, texts = model.name.rsplit("+", 2)
    for other in (f"another-model+{layers}+{texts}", f"{models}+0a1b2c3d+{texts}"):
        save(replace(model, name=other), tmp_path / WEIGHTS)
        _, trouble = second_reader(NOWHERE.model_copy(update={"partnership": tmp_path, "sentence_models": NO_FILES}))
        assert "was made for other sentence models or layers: `hub train` makes it anew" in str(trouble)


def test_a_partnership_without_layers_of_its_own_has_no_reader_and_is_told_how_to_make_them(tmp_path: Path) -> None:
    _, trouble = second_reader(NOWHERE.model_copy(update={"partnership": tmp_path, "sentence_models": NO_FILES}))
    assert "has no reader/layers.npz: `hub tune` makes it" in str(trouble)


async def test_a_text_is_read_with_the_rules_that_decided_last_and_no_transaction(
    keeper: RuleKeeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader, noting = LiveReader(NOWHERE, keeper), Noting()
    second: Any = noting
    monkeypatch.setattr(reader, "second", second)
    monkeypatch.setattr(keeper, "last", keeper.folder)
    answered = await reader.do(job())
    assert answered.reading is not None
    assert noting.lexicons == [keeper.folder.reader.lexicon]
