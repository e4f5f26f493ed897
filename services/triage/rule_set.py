"""Reads the active rule set: the partnership's files, decision tables and lexicon, under one name."""

import hashlib
from pathlib import Path

from services.partnership.loading import load_partnership
from services.partnership.tables import load_tables
from services.triage.domain.deciding import Rules
from services.triage.domain.evidence import Reader
from services.triage.domain.lexicon import load_lexicon
from services.triage.domain.places import Places

TRIAGE_FOLDER = "triage"


def rule_set_id(version: str, folder: Path) -> str:
    """The partnership's version and a hash over every file of its triage folder."""
    digest = hashlib.blake2b(digest_size=6)
    for path in sorted(folder.iterdir()):
        if path.is_file():
            digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return f"{version}+t{digest.hexdigest()}"


def read_rules(path: Path) -> Rules:
    """The rules of a partnership. Raises what the partnership's loader raises."""
    partnership = load_partnership(path)
    folder = path / TRIAGE_FOLDER
    reader = Reader(load_lexicon(folder), load_tables(path, partnership), Places(partnership), partnership.zone)
    return Rules(partnership, reader, rule_set_id(partnership.version, folder))
