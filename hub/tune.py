"""`hub tune`: teach the partnership's own layers on its training texts; `hub train` goes on from there.

Each course of teaching is two rounds through the texts unless told otherwise; `--further` gives the layers that are
kept another one, on the texts that taught them and on those of files behind theirs, and with `--halfway` keeps what
lies between.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from deploy.local.home import Home
from deploy.local.reader_models import GREATEST
from deploy.local.trouble import CannotStart, disk_trouble
from deploy.local.wide_model import published
from hub.reader import archives
from hub.settings import local_settings
from hub.telling import fail
from hub.train import files_of, step, texts_of
from services.triage.gateways import SECOND, ModelUnusable, SentenceModel, one_for_each
from services.triage.layers import LAYERS, MOST_TAUGHT, Layers, in_steps, load, plain, save
from services.triage.lessons import Texts, due_of, flags_of, held_out, themes_of, words_digest_of
from services.triage.mpnet import DEPTH, TAUGHT, Published, apart, begun, blocks_of, tokens_of
from services.triage.second_reader import Vector, WeightsUnusable
from services.triage.tuning import EPOCHS, Lesson, greatest, halfway, new_head, tuned

MEASURED = 200
"""Each so many-th text tells how great numbers get."""


def tune(
    partnership: Annotated[Path | None, typer.Option(help="HUB_PARTNERSHIP when left out.")] = None,
    measure: Annotated[
        bool, typer.Option("--measure", help="Only write down how great the sentence model's own numbers get.")
    ] = False,
    further: Annotated[
        bool, typer.Option("--further", help="Go on from the layers that are kept, which learned from these texts.")
    ] = False,
    between: Annotated[
        bool, typer.Option("--halfway", help="Keep what lies halfway between the layers before --further and after.")
    ] = False,
    rounds: Annotated[int, typer.Option(min=1, max=10, help="How often each text is gone through.")] = EPOCHS,
) -> None:
    """Learn from `training/*.jsonl` of the partnership; write `reader/layers.npz`. Some 40 minutes a round."""
    settings = local_settings()
    folder = partnership or settings.partnership
    if between and not further:
        fail("--halfway goes with --further: layers that begin anew have nothing behind them to keep half of.")
    texts = texts_of(folder)
    kept = _kept(folder, texts) if further else None
    try:
        numbers, tokenizer = published(Home(settings.home).jars)
        if measure:
            _measure(numbers, tokenizer, texts)
            return
        model = SentenceModel(SECOND, one_for_each(archives())[1])
    except (CannotStart, ModelUnusable) as trouble:
        fail(str(trouble))
    except OSError as error:
        fail(str(disk_trouble(error, "fetching the sentence model")))
    themes, flags = themes_of(texts), flags_of(texts)
    taught = [text for text, away in zip(texts, held_out(len(texts)), strict=True) if not away]
    lesson = _lesson(taught, model, apart(numbers, MOST_TAUGHT), themes, flags)
    begun_with = (plain(kept.blocks), kept.head) if kept else _fresh(numbers, lesson, len(themes) + len(flags))
    learned, said = tuned(*begun_with, lesson, step, rounds)
    if between:
        learned, said = (halfway(*each) for each in zip(begun_with, (learned, said), strict=True))
    most = greatest(learned, lesson.apart, _some(lesson))
    save(Layers(themes, flags, words_digest_of(texts), in_steps(learned, most), said), folder / LAYERS)


def _fresh(numbers: Published, lesson: Lesson, outputs: int) -> tuple[Mapping[str, Vector], Mapping[str, Vector]]:
    """The model's own upper part, and a head that knows nothing yet."""
    return blocks_of(numbers, TAUGHT), new_head(lesson.tokens.shape[1], outputs)


def _kept(folder: Path, texts: Texts) -> Layers:
    """The layers to go on from; the texts that taught them must be the first files.

    If others stood among them, other ones would be held out, and what is measured by would have taught.
    """
    try:
        kept = load(folder)
    except WeightsUnusable as trouble:
        fail(str(trouble))
    ends = accumulate(map(len, files_of(folder)))
    if kept.learned_from not in (words_digest_of(texts[:end]) for end in reversed(list(ends))):
        fail(f"{LAYERS} learned from other texts: `hub tune` without --further begins anew.")
    if (count := len(kept.blocks["query"])) != len(TAUGHT):
        fail(f"{LAYERS} holds {count} layers, not {len(TAUGHT)}: `hub tune` without --further begins anew.")
    if (kept.themes, kept.flags) != (themes_of(texts), flags_of(texts)):
        fail(f"{LAYERS} names other themes or signs than the texts: `hub tune` without --further begins anew.")
    return kept


def _lesson(
    texts: Texts, model: SentenceModel, distances: Vector, themes: Sequence[str], flags: Sequence[str]
) -> Lesson:
    step(f"reading {len(texts)} texts")
    out = SECOND.means[0]
    told = [model.tokens(text["description"], [out])[out][:MOST_TAUGHT].astype(np.float16) for text in texts]
    due = due_of(texts, themes, flags)
    return Lesson(
        tokens=np.concatenate(told),
        bounds=np.cumsum([0, *map(len, told)]),
        themes=due[:, : len(themes)].argmax(1),
        flags=due[:, len(themes) :].astype(np.float32),
        apart=distances,
    )


def _some(lesson: Lesson) -> Iterator[Vector]:
    """The tokens of each so many-th text."""
    for text in range(0, len(lesson.bounds) - 1, MEASURED):
        yield lesson.tokens[lesson.bounds[text] : lesson.bounds[text + 1]].astype(np.float32)


def _measure(numbers: Published, tokenizer: bytes, texts: Texts) -> None:
    """How great the model's own numbers get, in plain numbers, over some of the texts."""
    step(f"measuring {len(texts[::MEASURED])} texts")
    given = (begun(numbers, ids) for ids in tokens_of(tokenizer, [text["description"] for text in texts[::MEASURED]]))
    most: dict[str, Any] = greatest(blocks_of(numbers, range(DEPTH)), apart(numbers, MOST_TAUGHT), given)
    half = GREATEST.with_suffix(".half.npz")
    np.savez_compressed(half, **most)
    half.replace(GREATEST)
