"""The second reader of a command: its sentence models fetched once, its weights from the partnership's folder."""

import sys
from pathlib import Path

from deploy.local.home import Home
from deploy.local.reader_models import bringing, ensure_models
from deploy.local.reader_models import sentence_models as places
from deploy.local.trouble import CannotStart
from hub.settings import local_settings
from hub.telling import say
from services.triage.gateways import ModelUnusable, opened
from services.triage.second_reader import SecondReader, WeightsUnusable


def archives() -> tuple[Path, ...]:
    """The models of HUB_SENTENCE_MODELS, or else of the locks, fetched when they are not there."""
    settings = local_settings()
    repository = Home(settings.home).jars
    if not settings.sentence_models and bringing(repository):
        say("Fetching the second reader's sentence models (420 MB, once) ...")
        ensure_models(repository)
    return settings.sentence_models or places(repository)


def second_reader(partnership: Path) -> SecondReader | None:
    """The partnership's second reader; None, said on standard error, where its weights or its models are missing."""
    try:
        return opened(partnership, archives())
    except (CannotStart, ModelUnusable, WeightsUnusable) as trouble:
        sys.stderr.write(f"No second reader, lexicon and tables decide alone: {trouble}\n")
        return None
