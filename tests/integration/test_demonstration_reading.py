"""What the demonstration's stories build on is decided at once, with the sentence models that the run reads with."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from deploy.demonstration.script import Step, body, read_script
from deploy.local.reader_models import sentence_models
from services.triage.explain import explained
from services.triage.gateways import opened
from services.triage.rule_set import read_rules

pytestmark = pytest.mark.integration
LUTON = Path(__file__).parents[2] / "partnerships" / "luton"
SCRIPT = read_script()
OVER_BEFORE = {
    f"{story.number} at {step.at:g}": step
    for story in SCRIPT.stories
    for step in story.steps
    if step.case == "earlier" and step.text
}


@pytest.mark.parametrize("step", OVER_BEFORE.values(), ids=OVER_BEFORE)
def test_what_was_over_before_a_story_begins_waits_for_nobody(step: Step, jars: Path) -> None:
    """A person answers after three quarters of a minute: the story would go on in a case that is not closed yet."""
    second = opened(LUTON, sentence_models(jars))
    made = body(step, SCRIPT.place(step.street), "a", "2026-03-02T09:15:00+00:00")
    found = explained(json.dumps(made), read_rules(LUTON), datetime(2026, 3, 2, 9, 15, tzinfo=UTC), second)
    assert found["decision"]["disposition"] == "open-case"
