"""`hub train`: fit the second reader to the partnership's training texts, and record how well it reads."""

import json
from pathlib import Path
from typing import Annotated

import typer

from deploy.local.trouble import CannotStart
from hub.embeddings import Remembered
from hub.reader import sentence_model
from hub.settings import local_settings
from hub.telling import AsJson, answer, fail
from services.triage.rehearsal import rehearsed
from services.triage.rule_set import read_rules
from services.triage.second_reader import WEIGHTS, save
from services.triage.training import trained

REPORT = "report.json"


def train(
    partnership: Annotated[Path | None, typer.Option(help="HUB_PARTNERSHIP when left out.")] = None,
    as_json: AsJson = False,
) -> None:
    """Learn from `training/*.jsonl` of the partnership alone; write `reader/weights.npz` and `reader/report.json`."""
    settings = local_settings()
    folder = partnership or settings.partnership
    texts = [
        json.loads(line)
        for file in sorted((folder / "training").glob("*.jsonl"))
        for line in file.read_text(encoding="utf-8").splitlines()
    ]
    if not texts:
        fail(f"{folder}/training holds no texts to learn from.")
    try:
        embedder = Remembered(sentence_model(), settings.home / "embedded.npz")
    except CannotStart as trouble:
        fail(str(trouble))
    rules = read_rules(folder)
    made = trained(texts, rules.reader.lexicon, embedder, _say)
    embedder.keep()
    _say("deciding the texts")
    report = {**made.report, "decided": rehearsed(texts, made.readings, rules)}
    save(made.model, folder / WEIGHTS)
    (folder / WEIGHTS).with_name(REPORT).write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    if as_json:
        answer(report)
    else:
        typer.echo(json.dumps(report, indent=1))


def _say(words: str) -> None:
    typer.echo(f"  {words}", err=True)
