"""What a partnership's weights were made from, and whether training again would give them."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from deploy.local.reader_models import digests
from services.partnership.tables import FOLDER
from services.triage.domain.lexicon import FILE as LEXICON
from services.triage.domain.lexicon import Lexicon
from services.triage.layers import LAYERS
from services.triage.second_reader import Reads

MADE_FROM = "made_from"
"""The report's entry that names what the weights were made from."""
TOLERANCE = 0.02
"""How far a chance may lie from the one of another processor's training: sums differ in their last digits."""


def made_from(folder: Path) -> dict[str, str]:
    """Digests of the training texts, the lexicon, the sentence models and the layers, as they are now."""
    texts = sorted((folder / "training").glob("*.jsonl"))
    return {
        "texts": _digest(each.name.encode() + b"\0" + each.read_bytes() for each in texts),
        "lexicon": _digest([(folder / FOLDER / LEXICON).read_bytes()]),
        "sentence_models": digests(),
        "layers": _digest([(folder / LAYERS).read_bytes()] if (folder / LAYERS).is_file() else []),
    }


def _digest(parts: Iterable[bytes]) -> str:
    digest = hashlib.sha256()
    for part in parts:
        digest.update(hashlib.sha256(part).digest())
    return digest.hexdigest()


def stale(report: Mapping[str, Any], folder: Path) -> list[str]:
    """What of the folder is no longer as it was when the weights were made; everything where the report is silent."""
    told = report.get(MADE_FROM, {})
    return [name for name, digest in made_from(folder).items() if told.get(name) != digest]


def farthest(one: Reads, other: Reads, texts: Sequence[str], lexicon: Lexicon) -> float:
    """The greatest distance between two readers' chances for the same theme or harm of the same text."""
    most = 0.0
    for text in texts:
        first, second = one.read(text, lexicon), other.read(text, lexicon)
        for name in {*first.themes, *second.themes}:
            most = max(most, abs(first.themes.get(name, 0.0) - second.themes.get(name, 0.0)))
        for name in {*first.flags, *second.flags}:
            most = max(most, abs(first.flags.get(name, 0.0) - second.flags.get(name, 0.0)))
    return most
