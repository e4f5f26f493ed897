"""Training texts as what is learned from: their labels as numbers, and which of them layers must not have seen."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from services.triage.domain.reading import HARM, NONE
from services.triage.solving import Wide

SITTING = 20
"""So many texts that stand together in a file were written in one sitting: they are held out together."""
HELD_OUT = 10
"""Each so many-th sitting, the first among them, teaches no layers: it is as new to them as any report."""

Texts = Sequence[Mapping[str, Any]]


def digest_of(texts: Texts) -> str:
    """Of these texts in this order, with their labels."""
    return _digest([dict(text) for text in texts])


def words_digest_of(texts: Texts) -> str:
    """Of these texts in this order, whatever their labels: which are held out is the same when one is corrected."""
    return _digest([text["description"] for text in texts])


def _digest(told: Any) -> str:
    return hashlib.blake2b(json.dumps(told, sort_keys=True).encode(), digest_size=4).hexdigest()


def themes_of(texts: Texts) -> tuple[str, ...]:
    """All themes that texts have, and none."""
    return (*sorted({theme for text in texts for theme in text["themes"]}), NONE)


def flags_of(texts: Texts) -> tuple[str, ...]:
    """All signs of harm that texts have, and any."""
    return (*sorted({flag for text in texts for flag in text["flags"]}), HARM)


def due_of(texts: Texts, themes: Sequence[str], flags: Sequence[str]) -> Wide:
    """One row a text: the main theme's column is 1, those of its flags, and the last where it has any."""
    due = np.zeros((len(texts), len(themes) + len(flags)))
    for row, text in zip(due, texts, strict=True):
        row[themes.index(text["themes"][0] if text["themes"] else NONE)] = 1
        for flag in (*text["flags"], *([HARM] if text["flags"] else [])):
            row[len(themes) + flags.index(flag)] = 1
    return due


def held_out(count: int) -> npt.NDArray[np.bool_]:
    """Which of so many texts teach no layers."""
    return np.asarray(np.arange(count) // SITTING % HELD_OUT == 0)
