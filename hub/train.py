"""`hub train`: fit the second reader to the partnership's training texts, and record how well it reads."""

import json
import tempfile
from pathlib import Path
from typing import Annotated, Any

import typer

from deploy.local.trouble import CannotStart
from hub.embeddings import Remembered
from hub.provenance import MADE_FROM, TOLERANCE, farthest, made_from, stale
from hub.reader import archives
from hub.settings import local_settings
from hub.telling import AsJson, answer, fail, say
from services.triage import layers as own
from services.triage.gateways import ModelUnusable, SentenceModels, made_for
from services.triage.lessons import SITTING, words_digest_of
from services.triage.rehearsal import rehearsed
from services.triage.rule_set import read_rules
from services.triage.second_reader import WEIGHTS, Embedder, Model, SecondReader, WeightsUnusable, load, save
from services.triage.training import trained

REPORT = "report.json"
CHECKED = 10
"""Each so many-th text is read by both readers that a check compares."""


def train(
    partnership: Annotated[Path | None, typer.Option(help="HUB_PARTNERSHIP when left out.")] = None,
    check: Annotated[bool, typer.Option("--check", help="Write nothing: are the kept weights what comes out?")] = False,
    as_json: AsJson = False,
) -> None:
    """Learn from `training/*.jsonl` of the partnership alone; write `reader/weights.npz` and `reader/report.json`."""
    settings = local_settings()
    folder = partnership or settings.partnership
    if check and (changed := stale(_kept_report(folder), folder)):
        fail(
            f"The kept weights were made from other {', '.join(changed).replace('_', ' ')}: `hub train` makes new ones."
        )
    texts = texts_of(folder)
    layers = _layers(folder, words_digest_of(texts))
    try:
        embedder = Remembered(SentenceModels(archives(), layers), settings.home / "embedded.npz")
    except (CannotStart, ModelUnusable, WeightsUnusable) as trouble:
        fail(str(trouble))
    rules = read_rules(folder)
    made = trained(texts, rules.reader.lexicon, embedder, made_for(layers), step)
    embedder.keep()
    if check:
        _compare(folder, made.model, embedder, [text["description"] for text in texts[::CHECKED]], as_json=as_json)
        return
    step("deciding the texts")
    report = {**made.report, MADE_FROM: made_from(folder), "decided": rehearsed(made.held_out, made.readings, rules)}
    save(made.model, folder / WEIGHTS)
    (folder / WEIGHTS).with_name(REPORT).write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    if as_json:
        answer(report)
    else:
        typer.echo(json.dumps(report, indent=1))


def texts_of(folder: Path) -> list[dict[str, Any]]:
    """The partnership's training texts, file by file; a sentence where they are too few to learn from."""
    texts = [text for file in files_of(folder) for text in file]
    if len(texts) <= SITTING:
        fail(f"{folder}/training holds {len(texts)} texts: at least {SITTING + 1} are needed to learn from.")
    return texts


def files_of(folder: Path) -> list[list[dict[str, Any]]]:
    """The texts of each file, by the files' names."""
    return [
        [json.loads(line) for line in file.read_text(encoding="utf-8").rstrip("\n").split("\n")]
        for file in sorted((folder / "training").glob("*.jsonl"))
    ]


def _layers(folder: Path, learned_from: str) -> own.Layers:
    """The kept layers; they must have learned from these texts, or some that are held out would not be new to them."""
    try:
        layers = own.load(folder)
    except WeightsUnusable as trouble:
        fail(str(trouble))
    if layers.learned_from != learned_from:
        fail(f"{own.LAYERS} learned from other texts: `hub tune` makes it anew, then `hub train` the weights.")
    return layers


def _kept_report(folder: Path) -> dict[str, Any]:
    file = (folder / WEIGHTS).with_name(REPORT)
    kept: dict[str, Any] = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
    return kept


def _compare(folder: Path, model: Model, embedder: Embedder, words: list[str], *, as_json: bool) -> None:
    """Say how far the kept weights' chances lie from those of the weights that came out; fail beyond the tolerance."""
    with tempfile.TemporaryDirectory() as place:
        save(model, Path(place) / WEIGHTS)
        kept, new = load(folder), load(Path(place))
    if kept is None or new is None:
        fail(f"{folder} has no weights: `hub train` makes them.")
    lexicon = read_rules(folder).reader.lexicon
    distance = farthest(SecondReader(kept, embedder), SecondReader(new, embedder), words, lexicon)
    if distance > TOLERANCE:
        fail(f"Trained anew, a chance lies {distance:.3f} away from the kept weights': `hub train` makes new ones.")
    if as_json:
        answer({"texts": len(words), "distance": distance})
    else:
        typer.echo(f"The kept weights are what comes out: no chance of {len(words)} texts lies {TOLERANCE} away.")


def step(words: str) -> None:
    """How far the work has come."""
    say(f"  {words}")
