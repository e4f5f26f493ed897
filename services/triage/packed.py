"""Arrays with what is told of them in one file of plain numbers (no pickle), as the reader's two files are."""

import io
import json
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

BROKEN = (OSError, EOFError, ValueError, KeyError, zipfile.BadZipFile, zlib.error)
"""What reading such a file raises where it is not whole or another one."""
_TOLD = "told"


def write(path: Path, told: Mapping[str, Any], arrays: Mapping[str, npt.NDArray[Any]]) -> None:
    """The same arrays and words make the same bytes."""
    packed = io.BytesIO()
    kept: dict[str, Any] = {_TOLD: np.frombuffer(json.dumps(told).encode(), np.uint8), **arrays}
    np.savez_compressed(packed, **kept)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(packed.getvalue())


def read(path: Path) -> tuple[dict[str, Any], dict[str, npt.NDArray[Any]]]:
    """What is told, and the arrays. Raises one of `BROKEN`."""
    with np.load(path, allow_pickle=False) as kept:
        told: dict[str, Any] = json.loads(kept[_TOLD].tobytes())
        return told, {name: kept[name] for name in kept.files if name != _TOLD}
