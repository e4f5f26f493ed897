"""What a case is called by its kind: plain words, and never a sensitive theme."""

from collections.abc import Sequence

from schemas.events import ReportFacts
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
    if report.category is not None and report.category not in ("other", "other-crime"):
        return partnership.category(report.category).title
    return partnership.theme(themes[0]).short_name
