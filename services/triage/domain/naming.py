"""What a case is called by its kind: plain words, and never a sensitive theme."""

from collections.abc import Sequence

from schemas.events import ReportFacts
from services.partnership.lookups import UnknownCode
from services.partnership.models import Partnership

DANGER = "danger-now"
CONCERN = "Concern for safety"


def kind_of_case(report: ReportFacts, themes: Sequence[str], flags: Sequence[str], partnership: Partnership) -> str:
    """Plain words for a case's title: the category's, unless the theme is sensitive."""
    sensitive = partnership.any_sensitive(themes)
    if DANGER in flags and not sensitive:
        return "Danger reported"
    if sensitive or not themes:
        return CONCERN
    return _title_of(report.category, partnership) or partnership.theme(themes[0]).short_name


def _title_of(category: str | None, partnership: Partnership) -> str | None:
    """A category's own words; None where it says nothing, or the files do not hold it (any more)."""
    if category is None or category in ("other", "other-crime"):
        return None
    try:
        return partnership.category(category).title
    except UnknownCode:
        return None
