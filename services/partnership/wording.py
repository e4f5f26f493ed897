"""What may stand in a message to a member of staff: a reference and a link, nothing about a person or a theme."""

import string
from collections.abc import Iterator

from services.partnership.documents import Report
from services.partnership.models import Partnership
from services.partnership.rules import Template

PLACEHOLDERS = frozenset({"reference", "link", "partnership"})
TELLING = (
    "abuse",
    "alcohol",
    "arson",
    "child",
    "custody",
    "domestic",
    "drug",
    "exploit",
    "extremis",
    "gang",
    "hate",
    "knife",
    "mental",
    "offend",
    "probation",
    "prostitut",
    "safeguard",
    "sexual",
    "slavery",
    "suicide",
    "suspect",
    "terror",
    "traffick",
    "victim",
    "violen",
    "weapon",
)
"""Beginnings of words that tell what a report is about: mail is read over shoulders and on locked screens."""


def message_faults(partnership: Partnership, report: Report) -> None:
    """Report every template that could carry more than a reference and a link."""
    for template in partnership.templates:
        for line, fault in _faults(template):
            report(f"template {template.id}", (line,), fault)
        if "@" not in template.id:
            report(f"template {template.id}", (1,), "its name must end with a version, such as case-opened@1.txt")


def _faults(template: Template) -> Iterator[tuple[int, str]]:
    for number, text in [(1, template.subject), *enumerate(template.body.splitlines(), start=3)]:
        try:
            fields = {field for _, field, _, _ in string.Formatter().parse(text) if field is not None}
        except ValueError:
            yield number, "has a brace that belongs to no placeholder"
            continue
        for field in sorted(fields - PLACEHOLDERS):
            yield number, f"`{{{field}}}` may not stand in a message: only {', '.join(sorted(PLACEHOLDERS))}"
        for word in (word for word in TELLING if word in text.lower()):
            yield number, f"`{word}…` tells what the report is about; a message carries a reference and a link only"
