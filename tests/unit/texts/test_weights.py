"""The second reader's kept weights are those that training gives from the texts, lexicon and model beside them."""

import json
from pathlib import Path

from hub.provenance import stale
from hub.train import REPORT
from services.triage.second_reader import WEIGHTS

LUTON = Path("partnerships/luton")


def test_the_weights_were_made_from_the_texts_the_lexicon_and_the_model_that_are_kept_beside_them() -> None:
    report = json.loads((LUTON / WEIGHTS).with_name(REPORT).read_text())
    assert stale(report, LUTON) == [], "`hub train` makes the weights anew; `hub train --check` compares them"
