"""The meanings of texts, kept on disk: training again reads only what is new."""

import hashlib
from pathlib import Path

import numpy as np

from deploy.local.reader_models import digests
from services.triage.gateways import KINDS
from services.triage.second_reader import Embedder, Said, Vector


class Remembered:
    """An embedder that asks another one once for each text's meaning; what is not asked for again is not kept."""

    def __init__(self, embedder: Embedder, file: Path) -> None:
        """`file` need not be there."""
        self._embedder, self._file, self._models = embedder, file, digests()
        self._known: dict[str, Vector] = {}
        self._asked: dict[str, Vector] = {}
        if file.is_file():
            with np.load(file, allow_pickle=False) as kept:
                self._known = dict(zip(kept["keys"].tolist(), kept["meanings"], strict=True))

    def embed(self, text: str) -> Said:
        """As the other one gives it: few are asked for, and other layers score otherwise."""
        return self._embedder.embed(text)

    def meaning(self, text: str) -> Vector:
        """As the other one gives it."""
        key = hashlib.blake2b(f"{KINDS} {self._models} {text}".encode(), digest_size=16).hexdigest()
        if key not in self._asked:
            self._asked[key] = self._known[key] if key in self._known else self._embedder.meaning(text)
        return self._asked[key]

    def keep(self) -> None:
        """Write what was asked for: another model's numbers may be others, and of another length."""
        self._file.parent.mkdir(parents=True, exist_ok=True)
        np.savez(self._file, keys=np.array(list(self._asked)), meanings=np.array(list(self._asked.values())))
