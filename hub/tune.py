"""`hub tune`: teach the partnership's own layers on its training texts; `hub train` goes on from there."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from deploy.local.trouble import CannotStart
from hub.reader import jars
from hub.settings import local_settings
from hub.telling import fail
from hub.train import step, texts_of
from services.triage.gateways import KINDS, ModelUnusable, SentenceModel, upper_half_of
from services.triage.layers import LAYERS, Layers, in_steps, save
from services.triage.lessons import Texts, digest_of, due_of, flags_of, held_out, themes_of
from services.triage.tuning import MOST_TOKENS, Lesson, tuned


def tune(partnership: Annotated[Path | None, typer.Option(help="HUB_PARTNERSHIP when left out.")] = None) -> None:
    """Learn from `training/*.jsonl` of the partnership; write `reader/layers.npz`. About an hour on two cores."""
    folder = partnership or local_settings().partnership
    texts = texts_of(folder)
    try:
        jar = jars()[0]
        model, blocks = SentenceModel(KINDS[0], jar), upper_half_of(jar)
    except (CannotStart, ModelUnusable) as trouble:
        fail(str(trouble))
    themes, flags = themes_of(texts), flags_of(texts)
    lesson = _lesson(
        [text for text, kept in zip(texts, held_out(len(texts)), strict=True) if not kept], model, themes, flags
    )
    learned, head, head_bias = tuned(blocks, lesson, len(themes) + len(flags), step)
    save(Layers(themes, flags, digest_of(texts), in_steps(learned), head, head_bias), folder / LAYERS)


def _lesson(texts: Texts, model: SentenceModel, themes: Sequence[str], flags: Sequence[str]) -> Lesson:
    step(f"reading {len(texts)} texts")
    told = [model.under(text["description"])[:MOST_TOKENS].astype(np.float16) for text in texts]
    due = due_of(texts, themes, flags)
    return Lesson(
        tokens=np.concatenate(told),
        bounds=np.cumsum([0, *map(len, told)]),
        themes=due[:, : len(themes)].argmax(1),
        flags=due[:, len(themes) :].astype(np.float32),
    )
