"""What was made of a text as a whole, kept on disk: training again reads only what is new."""

import hashlib
from pathlib import Path

import numpy as np

from services.triage.gateways import KINDS, LAYERS
from services.triage.second_reader import Embedder, Said


class Remembered:
    """An embedder that asks another one once for each text; what an older one said is neither used nor kept."""

    def __init__(self, embedder: Embedder, made_for: str, file: Path) -> None:
        """`made_for` names the other one; `file` need not be there."""
        self._embedder, self._made_for, self._file = embedder, made_for, file
        self._known: dict[str, Said] = {}
        self._asked: dict[str, Said] = {}
        if file.is_file():
            with np.load(file, allow_pickle=False) as kept:
                said = zip(kept["meanings"], kept["scores"], strict=True)
                self._known = {key: Said(*each) for key, each in zip(kept["keys"].tolist(), said, strict=True)}

    def embed(self, text: str) -> Said:
        """As the other one gives it."""
        key = hashlib.blake2b(f"{self._made_for} {KINDS} {LAYERS} {text}".encode(), digest_size=16).hexdigest()
        if key not in self._asked:
            self._asked[key] = self._known[key] if key in self._known else self._embedder.embed(text)
        return self._asked[key]

    def keep(self) -> None:
        """Write what was asked for: another one's numbers may be others, and of another length."""
        self._file.parent.mkdir(parents=True, exist_ok=True)
        np.savez(
            self._file,
            keys=np.array(list(self._asked)),
            meanings=np.array([said.meaning for said in self._asked.values()]),
            scores=np.array([said.scores for said in self._asked.values()]),
        )
